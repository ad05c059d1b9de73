import re
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts import queries
from contacts.models import Contact
from simplero.tenancy.scope import scope

from .world import person


def names(world, text="", tag=None, **how):
    with scope(world.account):
        found = queries.search(world.account, text=text, tag=tag)
        return [contact.name for contact in queries.page(world.account, found, **how).contacts]


@pytest.fixture
def crowd(acme, zen):
    person(acme, "Zoë Østby", email="zo@fjord.example", tags=["Évening group"])
    person(acme, "Zoe Miller-Straße", email="miller@fjord.example")
    person(acme, "Ann O'Dell")
    person(acme, "李小龙", email="li@x.example")
    person(zen, "Zoe Stranger", email="zoe@fjord.example", tags=["Evening group"])
    return acme


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("zoe", ["Zoe Miller-Straße", "Zoë Østby"]),
        ("ZOË", ["Zoe Miller-Straße", "Zoë Østby"]),
        ("zo ost", ["Zoë Østby"]),
        ("øst", ["Zoë Østby"]),
        ("fjord", ["Zoe Miller-Straße", "Zoë Østby"]),
        ("zo@fjord", ["Zoë Østby"]),
        ("zoe miller@", ["Zoe Miller-Straße"]),
        ("strasse", ["Zoe Miller-Straße"]),
        ("miller-str", ["Zoe Miller-Straße"]),
        ("evening", ["Zoë Østby"]),
        ("group zoe", ["Zoë Østby"]),
        ("o'dell", ["Ann O'Dell"]),
        ("李小", ["李小龙"]),
        ("oe", []),  # beginnings of words only
        ("zoe ann", []),
        ("stranger", []),
        ("%", []),
        ("_ _", []),
        ("'; drop table", []),
        ("", ["Ann O'Dell", "Zoe Miller-Straße", "Zoë Østby", "李小龙"]),
    ],
)
def test_every_word_begins_one_of_theirs(crowd, text, found):
    assert names(crowd, text) == found


def test_newest_first(crowd):
    assert names(crowd, sort="newest") == ["李小龙", "Ann O'Dell", "Zoe Miller-Straße", "Zoë Østby"]


@pytest.mark.parametrize("sort", ["name", "newest"])
def test_pages_meet_without_gap_or_repeat_both_ways(acme, sort):
    for number in range(11):
        person(acme, f"Same {number // 3}")  # names that tie, so that only the id settles their order
    with scope(acme.account):
        whole = list(queries.page(acme.account, queries.search(acme.account), sort=sort).contacts)
        assert len(whole) == 11
        there = [queries.page(acme.account, queries.search(acme.account), sort=sort, size=4)]
        while there[-1].after:
            there.append(
                queries.page(acme.account, queries.search(acme.account), sort=sort, size=4, after=there[-1].after)
            )
        back = [there[-1]]
        while back[-1].before:
            back.append(
                queries.page(acme.account, queries.search(acme.account), sort=sort, size=4, before=back[-1].before)
            )
    assert [len(page.contacts) for page in there] == [4, 4, 3]
    assert [contact for page in there for contact in page.contacts] == whole
    assert there[0].before is None
    assert [page.contacts for page in back[::-1]] == [page.contacts for page in there]
    assert all(earlier.after and later.before for earlier, later in pairwise(there))


def test_names_sort_without_case_and_accents(acme):
    for name in ("Östen", "adam", "Zoe", "Ánna", "anders"):
        person(acme, name)
    assert names(acme) == ["adam", "anders", "Ánna", "Östen", "Zoe"]


MANY, ELSEWHERE = 3000, 12_000


PEOPLE = """
    INSERT INTO contacts_contact (account_id, name, name_key, email, email_key, phone, company, created_at)
    SELECT %(account)s, n, n, '', '', '', '', now() - i * interval '1 minute'
      FROM (SELECT i, 'person ' || lpad(i::text, 6, '0') AS n FROM generate_series(1, %(people)s) i) people
"""
WORDS = """
    INSERT INTO contacts_contactword (account_id, contact_id, word)
    SELECT account_id, id, unnest(string_to_array(name, ' ')) FROM contacts_contact WHERE account_id = %(account)s
"""


@pytest.fixture
def many(acme, zen):
    """Thousands of people in an account beside a larger one, put in by two statements: plans go by how many, not how they came."""
    for statement in (PEOPLE, WORDS):
        for world, people in ((acme, MANY), (zen, ELSEWHERE)):
            with scope(world.account), connection.cursor() as cursor:
                cursor.execute(statement, {"account": world.account.pk, "people": people})
        # Between the two as well: a foreign key's own plan, made while the table was empty, would read all of it for each row.
        with connection.as_owner(), connection.cursor() as cursor:
            cursor.execute("ANALYZE contacts_contact, contacts_contactword")
    return acme


def plans(world, text="", **how):
    """How Postgres answers the statements of one page of the list, for the application's role."""
    with scope(world.account), connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone()[0] == connection.settings_dict["USER"] != connection.settings_dict["OWNER"]["USER"]
        with CaptureQueriesContext(connection) as asked:
            assert queries.page(world.account, queries.search(world.account, text=text), **how).contacts
        shown = []
        for query in asked.captured_queries:
            cursor.execute("EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF) " + query["sql"])
            shown.append("\n".join(row[0] for row in cursor.fetchall()))
    return shown


@pytest.mark.django_db(transaction=True)
def test_indexes_are_used_under_row_level_security(many):
    """As the application's role, whose policies shut out every index with a leaky operator."""
    with scope(many.account):
        middle = Contact.objects.get(name="person 001500").public_id
    for index, bound, asked in (
        ("contact_word_once", r"word.* >= '00010", {"text": "00010"}),
        ("contact_word_once", r"word.* >= '00010", {"text": "person 00010"}),
        ("contact_by_name", r"name_key.* >= ", {"after": middle}),
        ("contact_by_name", r"name_key.* <= ", {"before": middle}),
        ("contact_by_added", r"created_at.* <= ", {"sort": "newest", "after": middle}),
        ("contact_public_id", r"public_id.* = ", {"after": middle}),
    ):
        shown = plans(many, **asked)
        everything = "\n\n".join(shown)
        assert "Seq Scan" not in everything, everything
        assert index in everything, everything
        assert any(re.search(bound, one) for one in re.findall(r"Index Cond: (.*)", everything)), everything
        if "text" not in asked:  # the cursor bounds the scan: about a page is read, and not half the account
            read = [int(rows) for rows in re.findall(r"Index Scan.*actual rows=(\d+)", everything)]
            assert max(read) <= queries.PAGE + 2, everything
