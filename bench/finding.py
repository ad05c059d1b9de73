"""Finding among many: one large account filled by set-based SQL, and how long each question about it takes.

Every question is asked through the functions that the pages call, as the application's role under row-level security.
Run alone, beside a database that DATABASE_URL, DATABASE_OWNER_URL and BENCH_SUPERUSER_URL name and that is thrown away:
`python -m bench.finding [--contacts 100000] [--entries 1000000] [--times 60]`.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from statistics import median

import django
import psycopg
from django.core.management import call_command
from django.http import QueryDict

if __name__ == "__main__":
    django.setup()

from bench.sizes import Many
from contacts.models import Contact, Tag
from credits.models import CreditType
from simplero.finding import command, queries
from simplero.finding.filters import Filter
from simplero.tenancy.database import connection
from simplero.tenancy.models import Account
from simplero.tenancy.roles import OWNER
from simplero.tenancy.scope import scope

GOAL = 5.0
"""Milliseconds that a question to the database may take, at the 95th percentile."""

LOT = 8  # credits of each
TYPES = (("Coaching session", 80, 365), ("Group class", 30, 0), ("Workshop", 2, 90), ("Consultation", 100, 0))
"""Of each type its name, how many contacts in a hundred hold some, and the days within which its lots end (0: never).

Everybody holds the last, so that nobody is without a wallet of it: the hardest of questions is who has none.
"""
TAGS = (("Newsletter", 60), ("Customer", 35), ("VIP", 5), ("Evening group", 2), ("Board", 0.05), ("Spring fair", 12))
"""Of each tag its name, and how many contacts in a hundred bear it."""

FIRST = [
    "Ann",
    "Åsa",
    "Bea",
    "Björn",
    "Carl",
    "Dina",
    "Élise",
    "Ewan",
    "Fay",
    "Gia",
    "Hal",
    "Ines",
    "Ivo",
    "Jan",
    "Kai",
    "Lea",
    "Mia",
    "Noor",
    "Ola",
    "Pia",
    "Quinn",
    "Rosa",
    "Søren",
    "Tom",
    "Uma",
    "Vera",
    "Will",
    "Xia",
    "Yara",
    "Zoe",
]
LAST = [
    "Adler",
    "Berg",
    "Costa",
    "Dahl",
    "Eriksen",
    "Fabre",
    "Garcia",
    "Holm",
    "Ito",
    "Jansen",
    "Kowalski",
    "Larsen",
    "Moreau",
    "Novak",
    "Olsen",
    "Petit",
    "Quist",
    "Rossi",
    "Schmidt",
    "Tanaka",
    "Ullman",
    "Vega",
    "Weber",
    "Xu",
    "Young",
    "Zhang",
    "Østby",
    "Müller",
    "Nguyen",
    "Okafor",
]


@dataclass(frozen=True)
class Answer:
    """How long a question took, in milliseconds: all of its statements together, the slowest of them, and how many there were."""

    question: str
    whole: list[float]
    slowest: list[float]
    statements: int

    @staticmethod
    def part(values: list[float], share: float) -> float:
        return sorted(values)[ceil(share * (len(values) - 1))]


def build(superuser: psycopg.Connection, size: Many, *, name: str = "Large") -> Account:
    """An account with that many contacts and about as many entries, its wallets, lots and allocations in agreement; analysed."""
    account = Account.objects.create(name=name, slug=name.lower(), time_zone="Europe/Copenhagen", currency="EUR")
    connection.close()  # what follows is another connection's
    known = {"account": account.pk, "contacts": size.contacts, "lot": LOT, "first": FIRST, "last": LAST}
    per_wallet = size.entries / (size.contacts * sum(share for _, share, _ in TYPES) / 100)
    # A wallet of n lots has n issues and, half of them used, n * LOT / 2 uses.
    known["lots"] = max(1, round(2 * per_wallet / (1 + LOT / 2)) - 1)
    with superuser.transaction(), psycopg.ClientCursor(superuser) as cursor:
        # References are right by construction: checking a million of them one by one would take most of the time.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SELECT setseed(0.5)")
        cursor.execute(PEOPLE, known)
        for number, (tag, share) in enumerate(TAGS):
            cursor.execute(TAGGED, known | {"tag": tag, "share": share, "number": number})
        cursor.execute(WORDS, known)
        for number, (name_, share, days) in enumerate(TYPES):
            cursor.execute(WALLETS, known | {"name": name_, "share": share, "number": number})
            for statement in LEDGER:
                cursor.execute(statement, known | {"days": days})
            cursor.execute("DROP TABLE wanted, uses")
    superuser.execute("VACUUM (ANALYZE)")
    return account


PEOPLE = """
    INSERT INTO contacts_contact (account_id, name, name_key, email, email_key, phone, company, created_at)
    SELECT %(account)s, name, key, mail, mail, '', '', now() - (random() * 1500) * interval '1 day'
      FROM (SELECT first || ' ' || last || ' ' || i AS name,
                   translate(lower(first || ' ' || last), 'åöéøü', 'aoeou') || ' ' || i AS key,
                   translate(lower(first), 'åöéøü', 'aoeou') || '.' || i || '@mail' || i %% 7 || '.example' AS mail
              FROM (SELECT i, (%(first)s::text[])[1 + floor(random() * cardinality(%(first)s::text[]))] AS first,
                           (%(last)s::text[])[1 + floor(random() * cardinality(%(last)s::text[]))] AS last
                      FROM generate_series(1, %(contacts)s) i) numbers) people
"""
TAGGED = """
    WITH tag AS (
        INSERT INTO contacts_tag (account_id, name, name_key) VALUES (%(account)s, %(tag)s, lower(%(tag)s)) RETURNING id)
    INSERT INTO contacts_contacttag (account_id, contact_id, tag_id)
    SELECT %(account)s, contact.id, tag.id FROM contacts_contact contact, tag
     WHERE contact.account_id = %(account)s AND random() * 100 < %(share)s
"""
WORDS = """
    INSERT INTO contacts_contactword (account_id, contact_id, word)
    SELECT DISTINCT %(account)s::bigint, id, word
      FROM (SELECT id, unnest(string_to_array(name_key, ' ') || email_key || regexp_split_to_array(email_key, '[@.]')) AS word
              FROM contacts_contact WHERE account_id = %(account)s
            UNION ALL
            SELECT contact_id, unnest(string_to_array(tag.name_key, ' '))
              FROM contacts_contacttag tagging JOIN contacts_tag tag ON (tag.account_id, tag.id) = (tagging.account_id, tagging.tag_id)
             WHERE tagging.account_id = %(account)s) words
     ORDER BY id, word
"""
# One row for each wallet that is to be: its id, how many lots it has, and how many of their credits are used.
WALLETS = """
    CREATE TEMPORARY TABLE wanted AS
    WITH type AS (
        INSERT INTO credits_credittype (account_id, name, plural, name_key, description, expires_unit)
        VALUES (%(account)s, %(name)s, %(name)s || 's', lower(%(name)s), '', '') RETURNING id)
    SELECT nextval('credits_wallet_id_seq') AS wallet, contact, type, lots, floor(random() * (lots * %(lot)s + 1))::bigint AS used, 0.2 + 0.8 * random() AS pace
      FROM (SELECT contact.id AS contact, type.id AS type, 1 + floor(random() * %(lots)s)::bigint AS lots
              FROM contacts_contact contact, type
             WHERE contact.account_id = %(account)s AND random() * 100 < %(share)s) chosen
"""
LEDGER = (
    """
    INSERT INTO credits_wallet (id, account_id, contact_id, credit_type_id, balance, seq, issued, used, moved_at)
    SELECT wallet, %(account)s, contact, type, lots * %(lot)s - used, lots + used, lots * %(lot)s, used,
           now() - interval '1000 days' * pace / (lots + used + 1.0) FROM wanted
    """,
    """
    CREATE TEMPORARY TABLE uses AS
    SELECT nextval('credits_entry_id_seq') AS entry, CASE WHEN seq <= lots THEN nextval('credits_lot_id_seq') END AS lot,
           wallet, seq, seq <= lots AS issue, CASE WHEN seq <= lots THEN seq ELSE 1 + (seq - lots - 1) / %(lot)s END AS number,
           lots, used, now() - interval '1000 days' * pace * (1 - seq / (lots + used + 1.0)) AS at
      FROM wanted CROSS JOIN LATERAL generate_series(1, lots + used) AS seq
    """,
    """
    INSERT INTO credits_entry (id, account_id, key, wallet_id, seq, kind, amount, balance_after, expiry, source, source_id,
                               actor_kind, happened_at, recorded_at)
    SELECT entry, %(account)s, gen_random_uuid(), wallet, seq, CASE WHEN issue THEN 'issue' ELSE 'consume' END,
           CASE WHEN issue THEN %(lot)s ELSE -1 END,
           CASE WHEN issue THEN seq * %(lot)s ELSE lots * %(lot)s - (seq - lots) END, '', 'staff', '', 'system', at, at
      FROM uses
    """,
    """
    INSERT INTO credits_lot (id, account_id, wallet_id, entry_id, amount, remaining, open, last_good_day, expires_at, issued_at)
    SELECT lot, %(account)s, wallet, entry, %(lot)s, remaining, remaining > 0, (ends AT TIME ZONE 'Europe/Copenhagen')::date - 1, ends, at
      FROM (SELECT *, greatest(0, %(lot)s - greatest(0, used - (number - 1) * %(lot)s)) AS remaining,
                   CASE WHEN %(days)s > 0 THEN (date_trunc('day', now() AT TIME ZONE 'Europe/Copenhagen')
                        + (ceil(random() * %(days)s) + (number - 1) * %(days)s) * interval '1 day') AT TIME ZONE 'Europe/Copenhagen' END AS ends
              FROM uses WHERE issue) lots
    """,
    """
    INSERT INTO credits_allocation (account_id, entry_id, lot_id, amount)
    SELECT %(account)s, one.entry, coalesce(one.lot, of.lot), CASE WHEN one.issue THEN %(lot)s ELSE -1 END
      FROM uses one LEFT JOIN uses of ON NOT one.issue AND of.issue AND of.wallet = one.wallet AND of.number = one.number
    """,
)


def questions(account: Account) -> dict[str, Callable[[], object]]:
    """What is asked, by its name. Each is asked inside the account's scope."""
    tags = {tag.name: tag.public_id for tag in Tag.objects.all()}
    types = {one.name: one.public_id for one in CreditType.objects.all()}
    coaching, group, everybody = (types[name] for name in ("Coaching session", "Group class", "Consultation"))
    total = Contact.objects.count()
    middle = Contact.objects.order_by("name_key", "id")[total // 2].public_id
    asked = {
        "everybody, by name": "",
        "everybody, newest": "sort=newest",
        "one letter": "q=a",
        "the beginning of a name": "q=sor",
        "first and last name": "q=ann+berg",
        "two letters of each": "q=an+be",
        "one person's address": f"q=ann.{total // 3}%40mail",
        "nobody": "q=zzzz",
        "a common tag": f"tag={tags['Newsletter']}",
        "a tag": f"tag={tags['VIP']}",
        "a tag, newest": f"tag={tags['Evening group']}&sort=newest",
        "a rare tag": f"tag={tags['Board']}",
        "two common tags": f"tag={tags['Newsletter']}&tag={tags['Customer']}",
        "two tags": f"tag={tags['VIP']}&tag={tags['Evening group']}",
        "has credits": f"credits={coaching}.has",
        "has no credits": f"credits={coaching}.none",
        "has no credits, of a type that all hold": f"credits={everybody}.none",
        "fewer than 3": f"credits={coaching}.fewer.3",
        "some, but fewer than 2": f"credits={coaching}.has&credits={coaching}.fewer.2",
        "expiring today": "within=0",
        "expiring within 30 days": "within=30",
        "expiring within 30 days, of a type": f"within=30&within_type={coaching}",
        "added in the last month": f"from={_days_ago(30)}",
        "added in the last year, newest": f"from={_days_ago(365)}&sort=newest",
        "tag and few credits": f"tag={tags['VIP']}&credits={coaching}.fewer.3",
        "common tag and no credits": f"tag={tags['Newsletter']}&credits={coaching}.none",
        "all at once": f"q=a&tag={tags['Customer']}&credits={group}.has&within=60&from={_days_ago(700)}",
    }
    found: dict[str, Callable[[], object]] = {}
    for name, query in asked.items():
        wanted = Filter.of(QueryDict(query))
        found[f"list: {name}"] = lambda wanted=wanted: queries.page(account, wanted)
    for name in ("everybody, by name", "a tag", "fewer than 3"):
        wanted = Filter.of(QueryDict(asked[name]))
        found[f"page in the middle: {name}"] = lambda wanted=wanted: queries.page(account, wanted, after=middle)
        found[f"page before it: {name}"] = lambda wanted=wanted: queries.page(account, wanted, before=middle)
    for name in ("everybody, by name", "fewer than 3", "two common tags", "expiring within 30 days"):
        wanted = Filter.of(QueryDict(asked[name]))
        found[f"count: {name}"] = lambda wanted=wanted: queries.count(account, wanted)
    for typed in ("", "a", "ann b", "coaching", "zzzz"):
        found[f"command box: {typed or 'empty'}"] = lambda typed=typed: command.look(account, OWNER, typed)
    return found


def _days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).date().isoformat()


def measure(account: Account, size: Many) -> list[Answer]:
    """Ask everything in turn, that many times over: a neighbour's work falls on all questions alike."""
    with scope(account, read_only=True):
        asked = questions(account)
    taken: dict[str, list[list[float]]] = {name: [] for name in asked}
    with scope(account, read_only=True), connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False,), "measured as a role that row-level security does not bind"
    for number in range(size.times + 1):
        for name, question in asked.items():
            statements: list[float] = []
            with scope(account, read_only=True), connection.execute_wrapper(_Clock(statements)):
                connection.scope_now = None
                question()
            if number:  # the first time warms up
                taken[name].append(statements)
    return [
        Answer(name, [sum(one) for one in times], [max(one, default=0) for one in times], len(times[-1]))
        for name, times in taken.items()
    ]


class _Clock:
    """Notes how long each statement takes, to its last row, in milliseconds."""

    def __init__(self, taken: list[float]) -> None:
        self.taken = taken

    def __call__(self, execute: Callable[..., object], *how: object) -> object:
        start = time.perf_counter()
        try:
            return execute(*how)
        finally:
            self.taken.append((time.perf_counter() - start) * 1000)


def show(answers: list[Answer], size: Many) -> None:
    """Print each question with its times beside the goal."""
    print(
        f"\n{size.contacts:,} contacts, {size.entries:,} entries in one account, as the application's role; milliseconds, {size.times} times each."
    )
    print(
        f"{'':52}{'statements':>11}{'all, p50':>10}{'all, p95':>10}{'slowest, least':>16}{'p50':>8}{'p95':>8}{'goal':>6}"
    )
    for one in answers:
        slowest = Answer.part(one.slowest, 0.95)
        print(
            f"{one.question:52}{one.statements:11}{median(one.whole):10.2f}{Answer.part(one.whole, 0.95):10.2f}"
            f"{min(one.slowest):16.2f}{median(one.slowest):8.2f}{slowest:8.2f}{GOAL:6g}   {'met' if slowest <= GOAL else 'MISSED'}"
        )
    met = sum(Answer.part(one.slowest, 0.95) <= GOAL for one in answers)
    print(f"{met} of {len(answers)} questions have no statement over {GOAL:g} ms at the 95th percentile.")


def main() -> int:
    """In a process whose settings name a database that is thrown away; `bench.__main__` starts both for `-m bench`."""
    parser = argparse.ArgumentParser(prog="python -m bench.finding", description=__doc__)
    parser.add_argument("--contacts", type=int, default=Many.contacts)
    parser.add_argument("--entries", type=int, default=Many.entries)
    parser.add_argument("--times", type=int, default=Many.times, help="each question is asked")
    asked = parser.parse_args()
    size = Many(contacts=asked.contacts, entries=asked.entries, times=asked.times)
    call_command("migrate", verbosity=0)
    with psycopg.connect(os.environ["BENCH_SUPERUSER_URL"], autocommit=True) as superuser:
        account = build(superuser, size)
    show(measure(account, size), size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
