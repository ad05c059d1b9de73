"""Which contacts a filter is about, at the edges of each condition."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.http import QueryDict

from credits import services as credits
from simplero.finding import queries
from simplero.finding.filters import Filter
from simplero.tenancy.scope import scope
from tests import factories
from tests.contacts.world import person

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)


def names(world, query):
    with scope(world.account, read_only=True):
        return sorted(contact.name for contact in queries.matching(world.account, Filter.read(query)))


def test_all_that_is_asked_for_must_be_true(acme, zen):
    ann = person(acme, "Ann Lee", tags=["VIP", "Evening"])
    person(acme, "Ann Poe", tags=["VIP"])
    person(acme, "Bob", tags=["Evening"])
    person(zen, "Ann Stranger", tags=["VIP"])
    factories.issue(acme, 2, to=ann)
    with scope(acme.account):
        tags = {tag.name: tag.public_id for tag in queries.Tag.objects.all()}
    kind = acme.session.public_id
    assert names(acme, f"tag={tags['VIP']}") == ["Ann Lee", "Ann Poe"]
    assert names(acme, f"tag={tags['VIP']}&tag={tags['Evening']}") == ["Ann Lee"]
    assert names(acme, f"q=ann&credits={kind}.none") == ["Ann Poe"]
    assert names(acme, f"credits={kind}.none") == ["Ann Poe", "Bob"]
    assert names(acme, f"credits={kind}.has") == ["Ann Lee"]
    assert names(acme, f"credits={kind}.fewer.3") == ["Ann Lee", "Ann Poe", "Bob"]
    assert names(acme, f"credits={kind}.fewer.2") == ["Ann Poe", "Bob"]
    assert names(acme, f"credits={kind}.has&credits={kind}.fewer.3") == ["Ann Lee"]
    assert names(acme, "") == ["Ann Lee", "Ann Poe", "Bob"]


def test_credits_go_by_the_clock(acme, at):
    """What is overdue is not there, swept or not; nobody is left out for want of a wallet."""
    at(NOON)
    kind = acme.session
    soon, later, used, never = (person(acme, name) for name in ("Soon", "Late", "Used", "Never"))
    factories.issue(acme, 3, to=soon, expiry="2026-11-12")
    factories.issue(acme, 1, to=later, expiry="2026-11-12")
    factories.issue(acme, 2, to=later, expiry="2026-12-31")
    factories.issue(acme, 1, to=used)
    factories.consume(acme, 1, to=used)
    session = kind.public_id
    assert names(acme, f"credits={session}.has") == ["Late", "Soon"]
    assert names(acme, f"credits={session}.none") == ["Never", "Used"]
    assert names(acme, f"credits={session}.fewer.3") == ["Never", "Used"]
    at(datetime(2026, 11, 12, 22, 59, 59, tzinfo=UTC))  # the last second of the 12th in Copenhagen
    assert names(acme, f"credits={session}.has") == ["Late", "Soon"]
    at(datetime(2026, 11, 12, 23, tzinfo=UTC))
    for swept in (False, True):
        if swept:
            factories.sweep(acme)
        assert names(acme, f"credits={session}.has") == ["Late"]
        assert names(acme, f"credits={session}.none") == ["Never", "Soon", "Used"]
        assert names(acme, f"credits={session}.fewer.3") == ["Late", "Never", "Soon", "Used"]
        assert names(acme, f"credits={session}.fewer.2") == ["Never", "Soon", "Used"]
        assert names(acme, f"credits={session}.has&credits={session}.fewer.3") == ["Late"]
        assert names(acme, f"credits={session}.has&credits={session}.none") == []
        with scope(acme.account, read_only=True):
            asked = Filter.read(f"credits={session}.none&credits={session}.fewer.9")
            assert queries.count(acme.account, asked) == 3
    assert never


def test_fewer_than_at_each_level(acme):
    """At the ends of what the index of wallets tells apart, and between them."""
    amounts = (1, 2, 3, 4, 5, 8, 15, 16, 17, 40)
    for amount in amounts:
        factories.issue(acme, amount, to=person(acme, f"{amount:02}"))
    person(acme, "00")
    session = acme.session.public_id
    for bound in sorted({number for amount in amounts for number in (amount, amount + 1)}):
        fewer = [f"{amount:02}" for amount in amounts if amount < bound]
        assert names(acme, f"credits={session}.fewer.{bound}") == ["00", *fewer]
        assert names(acme, f"credits={session}.has&credits={session}.fewer.{bound}") == fewer


def test_expiring_within_so_many_days(acme, at):
    at(NOON)
    other = factories.credit_type(acme, "class")
    for name, kind, expiry in (
        ("Today", acme.session, "2026-11-10"),
        ("Third", other, "2026-11-13"),
        ("Fourth", acme.session, "2026-11-14"),
        ("Never", acme.session, "never"),
    ):
        factories.issue(acme, 2, to=person(acme, name), of=kind, expiry=expiry)
    gone = person(acme, "Gone")
    factories.issue(acme, 1, to=gone, expiry="2026-11-11")
    factories.consume(acme, 1, to=gone)
    assert names(acme, "within=0") == ["Today"]
    assert names(acme, "within=3") == ["Third", "Today"]
    assert names(acme, "within=4") == ["Fourth", "Third", "Today"]
    assert names(acme, f"within=4&within_type={other.public_id}") == ["Third"]
    at(NOON + timedelta(days=1))
    assert names(acme, "within=4") == ["Fourth", "Third"]


def test_added_on_days_of_the_accounts_zone(acme, at):
    at(datetime(2026, 5, 1, 21, 59, tzinfo=UTC))  # a minute to midnight in Copenhagen
    person(acme, "First of May")
    at(datetime(2026, 5, 1, 22, 0, tzinfo=UTC))
    person(acme, "Second of May")
    assert names(acme, "from=2026-05-02") == ["Second of May"]
    assert names(acme, "until=2026-05-01") == ["First of May"]
    assert names(acme, "from=2026-05-01&until=2026-05-02") == ["First of May", "Second of May"]
    assert names(acme, "from=2026-05-03&until=2026-05-01") == []


def test_what_is_gone_or_anothers_is_met_by_nobody(acme, zen):
    person(acme, "Ann", tags=["VIP"])
    person(zen, "Zed", tags=["Theirs"])
    with scope(zen.account):
        theirs = queries.Tag.objects.get().public_id
    for query in (
        f"tag={theirs}",
        f"tag={uuid4()}",
        f"credits={zen.session.public_id}.has",
        f"credits={zen.session.public_id}.none",
        f"within=30&within_type={uuid4()}",
    ):
        assert names(acme, query) == [], query
        with scope(acme.account, read_only=True):
            assert queries.page(acme.account, Filter.read(query)).total == 0
            assert "gone" in queries.sentence(acme.account, Filter.read(query))


def test_an_archived_type_can_still_be_asked_for(acme):
    factories.issue(acme, 2, to=person(acme, "Ann"))
    with scope(acme.account):
        credits.archive_type(account=acme.account, credit_type=acme.session, actor=acme.actor)
    assert names(acme, f"credits={acme.session.public_id}.has") == ["Ann"]


KIND = "7d0c5b52-4c0e-5f5b-9d0a-6f1c2a9e5b11"


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("q=+ann++lee+&sort=newest", "q=ann+lee&sort=newest"),
        (f"type={KIND}&left=fewer&below=3", f"credits={KIND}.fewer.3"),
        (f"type={KIND}&left=has&below=3", f"credits={KIND}.has"),
        (f"credits={KIND}.none&type={KIND}&left=none", f"credits={KIND}.none"),
        (f"type={KIND}&left=fewer&below=", ""),
        (f"type={KIND}&left=fewer&below=0", ""),
        (f"credits={KIND}.fewer.-1&credits=x&credits={KIND}.more", ""),
        ("within=30&within_type=x&from=2026-02-30&until=2026-05-01", "within=30&until=2026-05-01"),
        ("within=&within_type=" + KIND, ""),
        ("within=0&from=0001-01-01&until=9999-12-31", "within=0"),
        ("within=99999999&tag=x&sort=name_key;--", ""),
        (f"tag={KIND}&tag=&tag={KIND}", f"tag={KIND}"),
    ],
)
def test_what_an_address_says_and_what_is_spoiled_in_it(asked, written):
    found = Filter.of(QueryDict(asked))
    assert found.query() == written
    assert Filter.read(found.query()) == found


def test_in_words(acme, at):
    at(NOON)
    person(acme, "Ann", tags=["VIP"])
    with scope(acme.account):
        tag = queries.Tag.objects.get().public_id
    session = acme.session.public_id
    asked = f"q=ann&tag={tag}&credits={session}.fewer.3&credits={session}.has&within=1&from=2026-05-01&until=2025-05-01"
    with scope(acme.account, read_only=True):
        assert queries.sentence(acme.account, Filter.read(asked)) == (
            "found by “ann”, tagged VIP, with fewer than 3 sessions, with sessions, with credits expiring within 1 day, "
            "added since 1 May, added until 1 May 2025"
        )
        assert queries.sentence(acme.account, Filter()) == "all contacts"
