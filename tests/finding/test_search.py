import itertools
from itertools import pairwise

import pytest
from django.db import connection

from contacts.models import Tag
from simplero.finding import queries, search
from simplero.finding.filters import Filter, Left
from simplero.tenancy.scope import scope
from tests import factories
from tests.contacts.world import person


def names(world, text="", **how):
    with scope(world.account):
        return [contact.name for contact in queries.page(world.account, Filter(text=text, **how)).contacts]


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


@pytest.fixture(params=["few", "many"])
def way(request, monkeypatch):
    """The way that is taken when few match, and those for many, on a world that is small enough to see through."""
    if request.param == "many":
        for limit, number in (("COUNTED", 2), ("MIDDLING", 3), ("WINDOW", 2), ("WIDE", 3)):
            monkeypatch.setattr(f"simplero.finding.search.{limit}", number)
        monkeypatch.setattr("simplero.finding.queries.COUNTED", 2)
    return request.param


@pytest.mark.parametrize("sort", ["name", "-name", "newest", "oldest"])
def test_pages_meet_without_gap_or_repeat_both_ways(acme, way, sort):
    for number in range(11):
        person(acme, f"Same {number // 3}")  # names that tie, so that only the id settles their order
    asked = Filter(sort=sort)
    with scope(acme.account):
        whole = queries.page(acme.account, asked).contacts
        assert len(whole) == 11
        there = [queries.page(acme.account, asked, size=4)]
        while there[-1].after:
            there.append(queries.page(acme.account, asked, size=4, after=there[-1].after))
        back = [there[-1]]
        while back[-1].before:
            back.append(queries.page(acme.account, asked, size=4, before=back[-1].before))
    assert [len(page.contacts) for page in there] == [4, 4, 3]
    assert [contact for page in there for contact in page.contacts] == whole
    assert [contact.name for contact in whole] == sorted(
        (contact.name for contact in whole), reverse=sort in ("-name", "newest")
    )
    assert there[0].before is None
    assert [page.contacts for page in back[::-1]] == [page.contacts for page in there]
    assert all(earlier.after and later.before for earlier, later in pairwise(there))


def test_every_way_finds_the_same(acme, zen, way):
    """Each combination of conditions, few or many, against the plain query that exports and bulk jobs go by."""
    kinds = [acme.session, factories.credit_type(acme, "class")]
    for number in range(12):
        tags = [tag for tag, every in (("Even", 2), ("Third", 3)) if number % every == 0]
        one = person(acme, f"{('Ann', 'Bo', 'Cy')[number % 3]} {number:02}", tags=tags)
        for place, kind in enumerate(kinds):
            if number % 4 > place:
                factories.issue(acme, number % 3 + 1, to=one, of=kind, expiry="30 days" if number % 2 else "never")
    factories.issue(zen, 5, to=person(zen, "Ann 00", tags=["Even"]))
    with scope(acme.account):
        tags = [tag.public_id for tag in Tag.objects.order_by("name")]
    session, other = (kind.public_id for kind in kinds)
    texts = ("", "ann", "a", "0", "ann 0", "nobody")
    tagged = ((), tags[:1], tags)
    left = ((), (Left(session, "has"),), (Left(session, "none"),), (Left(other, "fewer", 3), Left(session, "has")))
    ends = (None, 40)
    with scope(acme.account):
        for text, held, credits, within in list(itertools.product(texts, tagged, left, ends))[::5]:
            asked = Filter(text=text, tags=tuple(held), credits=credits, within=within)
            wanted = list(queries.matching(acme.account, asked).order_by("name_key", "pk"))
            found = queries.page(acme.account, asked)
            assert found.contacts == wanted, asked
            assert found.total == min(len(wanted), search.COUNTED + 1), asked
            behind = queries.page(acme.account, asked, size=2)
            if behind.after:
                assert queries.page(acme.account, asked, after=behind.after).contacts == wanted[2:], asked


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
