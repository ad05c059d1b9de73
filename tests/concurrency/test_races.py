"""Races on real connections. Each has its negative control: with the lock off, the race happens."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction

from credits import ledger
from credits.errors import InsufficientCredits, KeyReused, OverReversal
from credits.models import Entry, Lot, Wallet
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import figures, proven

from .racing import at_once, changed, posted, raised, without_index, without_lock, without_replay

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pair(acme, zen):
    """Acme with its contact and type made, so that threads make nothing but postings; zen beside it."""
    for world in (acme, zen):
        assert world.contact
        assert world.session
        factories.issue(world, 1)
        factories.consume(world, 1)
    return acme


# One wallet, more wanted than there is (F1)


def overspend(acme, *, held, threads, times):
    factories.issue(acme, held)

    def consume():
        done = []
        for _ in range(times):
            try:
                done.append(factories.consume(acme, 1))
            except InsufficientCredits as refusal:
                done.append(refusal)
        return done

    answers = at_once([consume] * threads)
    failed = raised(answers)
    results = [one for answer in posted(answers) for one in answer]
    return len(posted(results)), len(raised(results, InsufficientCredits)), failed


def test_overspend(pair):
    assert overspend(pair, held=200, threads=32, times=10) == (200, 120, [])
    assert figures(pair).free == 0


@pytest.mark.corrupts_ledger
def test_overspend_without_the_lock(pair):
    with without_lock():
        done, short, failed = overspend(pair, held=20, threads=8, times=4)
    assert (done, short, failed) != (20, 12, [])
    assert raised(failed, IntegrityError), "the chain's unique index is the second line"


# One key, many at once (F2, F3)


def one_key(acme, key):
    return at_once([lambda: factories.consume(acme, 1, key=key)] * 32)


def test_one_key_32_times_at_once(pair):
    factories.issue(pair, 9)
    for _ in range(3):
        answers = one_key(pair, uuid.uuid4())
        assert not raised(answers)
        assert len({(answer.id, answer.seq, answer.balance_after) for answer in answers}) == 1
        assert [answer.replayed for answer in answers].count(False) == 1
    assert figures(pair).free == 6


def test_one_key_without_the_look_back(pair):
    factories.issue(pair, 9)
    with without_replay():
        answers = one_key(pair, uuid.uuid4())
    assert len(raised(answers, KeyReused)) == 31


def test_one_key_for_two_requests(pair):
    ben = factories.contact(pair, "Ben")
    for to in (pair.contact, ben):
        factories.issue(pair, 50, to=to)
    for _ in range(8):
        key = uuid.uuid4()
        by_amount = at_once([lambda key=key, n=n: factories.consume(pair, n, key=key) for n in (1, 2)])
        key = uuid.uuid4()
        by_wallet = at_once(
            [lambda key=key, to=to: factories.consume(pair, 1, to=to, key=key) for to in (pair.contact, ben)]
        )
        for answers in (by_amount, by_wallet):
            assert len(posted(answers)) == 1
            assert len(raised(answers, KeyReused)) == 1


@pytest.mark.corrupts_ledger
def test_one_key_for_two_requests_without_the_index(pair):
    factories.issue(pair, 50)
    with without_replay(), without_index("entry_once", "credits_entry (account_id, key)"):
        key = uuid.uuid4()
        answers = at_once([lambda n=n: factories.consume(pair, n, key=key) for n in (1, 2)])
        assert len(posted(answers)) == 2


# The first-ever issue


def first_ever(acme, contact, many):
    return at_once([lambda: factories.issue(acme, 1, to=contact)] * many)


def test_first_ever_issue_by_50_at_once(pair):
    ben = factories.contact(pair, "Ben")
    answers = first_ever(pair, ben, 50)
    assert not raised(answers)
    assert sorted(answer.balance_after for answer in answers) == list(range(1, 51))
    with scope(pair.account):
        assert Wallet.objects.filter(contact=ben).count() == 1


def test_first_ever_issue_without_waiting_for_the_wallet(pair):
    ben = factories.contact(pair, "Ben")

    def rush(text):
        return text.replace(
            "ON CONFLICT (account_id, contact_id, credit_type_id) DO UPDATE SET seq = mine.seq ", ""
        ).replace("IF NOT FOUND THEN", "IF NOT FOUND THEN PERFORM pg_sleep(0.05);")

    with changed(rush, "credits_issue"):
        answers = first_ever(pair, ben, 8)
    assert raised(answers, IntegrityError)


# Reverse against reverse


def reverse_at_once(acme):
    factories.issue(acme, 10)
    use = factories.consume(acme, 10)
    return at_once([lambda: factories.reverse(acme, use, 3)] * 8)


def test_reverse_against_reverse(pair):
    answers = reverse_at_once(pair)
    assert len(posted(answers)) == 3
    assert [refusal.left for refusal in raised(answers, OverReversal)] == [1] * 5
    assert figures(pair).free == 9


@pytest.mark.corrupts_ledger
def test_reverse_against_reverse_without_the_lock(pair):
    with without_lock():
        answers = reverse_at_once(pair)
    assert raised(answers, IntegrityError)


# Expire against consume (F20)

END = datetime(2026, 3, 10, 23, tzinfo=UTC)


def expire_against_consume(acme, at, rounds):
    """What went wrong in `rounds` races of four uses, two sweeps and the instant at which the lot ends."""
    wrong = []
    for number in range(rounds):
        at(END - timedelta(hours=10))
        person = factories.contact(acme, f"Contact {number}")
        factories.issue(acme, 8, to=person, expiry="2026-03-10")

        def end():
            with connection.cursor() as cursor:
                cursor.execute("UPDATE test_clock SET at = %s", [END])

        def consume(person=person):
            return factories.consume(acme, 3, to=person)

        def sweep():
            return factories.sweep(acme)

        answers = at_once([consume, sweep, end, consume, sweep, consume, consume])
        wrong += [error for error in raised(answers) if not isinstance(error, InsufficientCredits)]
        factories.sweep(acme)
        used = sum(3 for number in (0, 3, 5, 6) if not isinstance(answers[number], Exception))
        now = figures(acme, to=person)
        if (now.used, now.expired, now.free) != (used, 8 - used, 0) or used > 6:
            wrong.append(now)
    return wrong


@pytest.fixture
def open_clock(transactional_db):
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute("GRANT UPDATE ON test_clock TO PUBLIC")


def test_expire_against_consume(pair, at, open_clock):
    at(END - timedelta(days=1))
    assert expire_against_consume(pair, at, 12) == []


@pytest.mark.corrupts_ledger
def test_expire_against_consume_without_the_lock(pair, at, open_clock):
    at(END - timedelta(days=1))
    with without_lock():
        assert expire_against_consume(pair, at, 4)


# Batches that name the same wallets in opposite order


def opposite_batches(acme, people, rounds):
    def batch(order):
        def run():
            for _ in range(rounds):
                rows = [ledger.Row(person.pk, acme.session.pk, 1, uuid.uuid4()) for person in order]
                with scope(acme.account), transaction.atomic():
                    ledger.consume_many(account=acme.account, rows=rows, origin=factories.STAFF)

        return run

    return at_once([batch(people), batch(people[::-1]), batch(people[5:] + people[:5])])


@pytest.fixture
def people(pair):
    people = [factories.contact(pair, f"Contact {number}") for number in range(10)]
    for person in people:
        factories.issue(pair, 100, to=person)
    return people


def test_batches_in_opposite_order_do_not_deadlock(pair, people):
    assert not raised(opposite_batches(pair, people, 15))
    assert [figures(pair, to=person).free for person in people] == [55] * 10


def test_batches_that_lock_as_they_come_deadlock(pair, people):
    as_they_come = """BEGIN
      FOR i IN 1 .. cardinality(p_contacts) LOOP
        PERFORM FROM credits_wallet WHERE account_id = p_account AND contact_id = p_contacts[i] AND credit_type_id = p_types[i] FOR NO KEY UPDATE;
        PERFORM pg_sleep(0.01);
      END LOOP;
      RETURN;"""
    with changed(lambda text: text.replace("BEGIN", as_they_come, 1), "credits_lock_many"):
        answers = opposite_batches(pair, people, 1)
    assert any("deadlock detected" in str(error) for error in raised(answers, OperationalError))


# Every two verbs at once on one wallet

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


class Scene:
    """One wallet with an overdue lot, an open one, one that never ends, and a use to give back."""

    def __init__(self, acme, contact):
        self.acme = acme
        self.contact = contact
        with scope(acme.account):
            self.lots = list(Lot.objects.filter(wallet__contact=contact).order_by("pk"))
            self.use = Entry.objects.get(wallet__contact=contact, kind="consume")

    def rows(self, amount):
        return [ledger.Row(self.contact.pk, self.acme.session.pk, amount, uuid.uuid4())]

    def perform(self, verb):
        acme, more = self.acme, {"to": self.contact}
        match verb:
            case "issue":
                factories.issue(acme, 2, **more)
            case "consume":
                factories.consume(acme, 4, **more)
            case "consume dated back":
                factories.consume(acme, 3, on=datetime(2026, 3, 9, tzinfo=UTC).date(), **more)
            case "reverse":
                factories.reverse(acme, self.use, 2)
            case "withdraw":
                factories.withdraw(acme, self.lots[1], 5)
            case "redate":
                factories.redate(acme, self.lots[0], None)
            case "expire":
                with scope(acme.account), connection.cursor() as cursor:
                    cursor.execute("SELECT credits_expire(%s, ARRAY[%s])", [acme.account.pk, self.lots[0].wallet_id])
            case "issue many":
                with scope(acme.account), transaction.atomic():
                    ledger.issue_many(account=acme.account, rows=self.rows(3), origin=factories.STAFF)
            case "consume many":
                with scope(acme.account), transaction.atomic():
                    ledger.consume_many(account=acme.account, rows=self.rows(5), origin=factories.STAFF)

    def outcome(self):
        with scope(self.acme.account):
            wallet = Wallet.objects.get(contact=self.contact)
            entries = Entry.objects.filter(wallet=wallet).order_by("seq").values_list("kind", "amount", "balance_after")
            lots = (
                Lot.objects.filter(wallet=wallet)
                .order_by("pk")
                .values_list("amount", "remaining", "expired", "withdrawn", "last_good_day")
            )
            return wallet.balance, tuple(entries), tuple(lots)


VERBS = [
    "issue",
    "consume",
    "consume dated back",
    "reverse",
    "withdraw",
    "redate",
    "expire",
    "issue many",
    "consume many",
]
PAIRS = [(one, other) for number, one in enumerate(VERBS) for other in VERBS[number:]]


def scenes(acme, at, many):
    people = [factories.contact(acme, f"Contact {number}") for number in range(many)]

    def batch(verb, amount, **more):
        rows = [ledger.Row(person.pk, acme.session.pk, amount, uuid.uuid4()) for person in people]
        with scope(acme.account), transaction.atomic():
            answers = getattr(ledger, verb)(account=acme.account, rows=rows, origin=factories.STAFF, **more)
        assert {answer.outcome for answer in answers} == {"posted"}

    at(datetime(2026, 3, 3, 12, tzinfo=UTC))
    batch("issue_many", 5, expiry="2026-03-10")
    batch("issue_many", 6, expiry="2026-05-01")
    batch("issue_many", 4, expiry="never")
    batch("consume_many", 7)
    batch("issue_many", 5, expiry="2026-03-11")
    at(NOW)
    return [Scene(acme, person) for person in people]


def quietly(scene, verb):
    """Do it; being refused by a rule is an outcome like another."""
    try:
        scene.perform(verb)
    except DatabaseError as error:
        return error
    except Exception as refusal:  # noqa: BLE001
        return type(refusal).__name__
    return ""


def wrong_pairs(acme, at, pairs):
    """Pairs whose outcome at once is that of neither order, one after the other."""
    wrong = []
    stage = scenes(acme, at, 3 * len(pairs))
    for number, (one, other) in enumerate(pairs):
        together, forward, backward = stage[3 * number : 3 * number + 3]
        answers = at_once([lambda s=together, v=verb: quietly(s, v) for verb in (one, other)])
        for scene, order in ((forward, (one, other)), (backward, (other, one))):
            for verb in order:
                quietly(scene, verb)
        if raised(answers) or together.outcome() not in (forward.outcome(), backward.outcome()):
            wrong.append((one, other, answers))
    return wrong


def test_every_two_verbs_at_once(pair, at):
    assert wrong_pairs(pair, at, PAIRS) == []
    proven()


@pytest.mark.corrupts_ledger
def test_two_verbs_at_once_without_the_lock(pair, at):
    with without_lock():
        assert wrong_pairs(pair, at, [("consume", "consume"), ("issue", "withdraw"), ("redate", "expire")] * 2)
