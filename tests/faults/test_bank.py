"""Credits go to and fro between contacts, and whoever adds them up at one instant finds them all (F31)."""

import random
import threading
import time
import uuid

import psycopg
from django.db import connection

from contacts.models import Contact
from credits import services
from credits.models import Lot
from credits.services import Why
from simplero.tenancy.scope import scope
from simplero.tenancy.trouble import repeated
from tests import factories
from tests.faults import report, runs

CREDITS = 100
"""Of each contact, in ten lots."""

SUMS = """SELECT (SELECT sum(balance) FROM credits_wallet WHERE account_id = %(account)s),
                 (SELECT sum(remaining) FROM credits_lot WHERE account_id = %(account)s),
                 (SELECT sum(amount) FROM credits_entry WHERE account_id = %(account)s)"""


class Bank:
    """Tellers who move lots, all of a contact's or some, and auditors who add up; each in a thread of its own."""

    def __init__(self, world, people, seed):
        self.world, self.people, self.seed = world, people, seed
        self.over, self.lock = threading.Event(), threading.Lock()
        self.moved = self.audits = self.odd = self.torn = 0
        self.failed = []

    def count(self, name, by=1):
        with self.lock:
            setattr(self, name, getattr(self, name) + by)

    def working(self, work, number):
        try:
            chance = random.Random(f"{self.seed} {work.__name__} {number}")
            while not self.over.is_set():
                work(chance)
        except Exception as error:  # noqa: BLE001  told by the test
            self.failed.append(repr(error))
        finally:
            connection.close()

    def teller(self, chance):
        source, target = chance.sample(self.people, 2)
        key = uuid.uuid4()

        def move():
            with scope(self.world.account):
                lots = None
                if chance.random() < 0.7:
                    there = list(
                        Lot.objects.filter(wallet__contact=source, remaining__gt=0).values_list("pk", flat=True)
                    )
                    lots = chance.sample(there, min(len(there), 3))
                    if not lots:
                        return 0
                done = services.transfer(
                    account=self.world.account,
                    source=source,
                    target=target,
                    lots=lots,
                    key=key,
                    why=Why(self.world.actor, "merge", "bank"),
                )
                return len(done.pairs)

        self.count("moved", repeated(move))

    def auditor(self, chance):
        account = self.world.account.pk
        with psycopg.connect(self.address()) as reader:
            reader.isolation_level, reader.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
            reader.execute(f"SET LOCAL app.account_id = '{account}'")
            for _ in range(2):
                [sums] = reader.execute(SUMS, {"account": account}).fetchall()
                self.count("audits")
                self.count("odd", set(sums) != {CREDITS * len(self.people)})
                time.sleep(0.01)

    def careless(self, chance):
        """The control: wallet by wallet, with a moment between, which finds what never was."""
        account = self.world.account.pk
        with psycopg.connect(self.address(), autocommit=True) as reader:
            reader.execute(f"SET app.account_id = '{account}'")
            total = 0
            for person in self.people:
                [row] = reader.execute(
                    "SELECT coalesce(sum(balance), 0) FROM credits_wallet WHERE account_id = %s AND contact_id = %s",
                    [account, person.pk],
                ).fetchall()
                total += row[0]
                time.sleep(0.005)
            self.count("torn", total != CREDITS * len(self.people))

    @staticmethod
    def address():
        at = connection.settings_dict
        return psycopg.conninfo.make_conninfo(
            host=at["HOST"], port=at["PORT"], user=at["USER"], password=at["PASSWORD"], dbname=at["NAME"]
        )

    def open(self, seconds):
        jobs = [self.teller] * 4 + [self.auditor] * 2 + [self.careless]
        threads = [
            threading.Thread(target=self.working, args=(job, number), daemon=True) for number, job in enumerate(jobs)
        ]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self.over.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()


def test_f31_transfers_and_readers(stage, acme, number, rng, request):
    """Every total that is read in one snapshot is the same: of wallets, of lots, of entries."""
    people = runs.people(acme, 6, credits=CREDITS // 10)
    for _ in range(9):
        for person in people:
            factories.issue(acme, CREDITS // 10, to=person, expiry="never")
    with scope(acme.account):
        people = list(Contact.objects.filter(pk__in=[person.pk for person in people]))
    bank = Bank(acme, people, rng.random())
    bank.open(number(4, 600))
    report.say(
        request.node, transfers=bank.moved, totals_read=bank.audits, odd=bank.odd, odd_without_snapshot=bank.torn
    )
    assert bank.failed == []
    assert bank.moved > 10
    assert bank.audits > 10
    assert bank.odd == 0
    assert bank.torn, "the control has noticed nothing"
