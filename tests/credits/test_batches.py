"""Many wallets at once: each row all or nothing, and none refuses another."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest

from credits import ledger, services
from credits.ledger import Row
from credits.models import Entry, Lot
from simplero.lib.keys import derive_key
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import figures, nothing_moved, sql

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def people(acme):
    return [acme.contact] + [factories.contact(acme, f"Contact {number}") for number in range(4)]


def rows(acme, people, amounts, keys=None):
    keys = keys or [uuid.uuid4() for _ in people]
    return [
        Row(person.pk, acme.session.pk, amount, key) for person, amount, key in zip(people, amounts, keys, strict=True)
    ]


def issue_many(acme, batch, **more):
    with scope(acme.account):
        return ledger.issue_many(account=acme.account, rows=batch, origin=factories.STAFF, **more)


def consume_many(acme, batch, **more):
    with scope(acme.account):
        return ledger.consume_many(account=acme.account, rows=batch, origin=factories.STAFF, **more)


def said(answers):
    return [(answer.outcome, answer.reason, answer.free) for answer in answers]


def test_issues_to_each(acme, people, at):
    at(NOON)
    answers = issue_many(acme, rows(acme, people, [1, 2, 3, 4, 5]), expiry="1 months")
    assert said(answers) == [("posted", "", amount) for amount in (1, 2, 3, 4, 5)]
    with scope(acme.account):
        assert {lot.last_good_day for lot in Lot.objects.all()} == {date(2026, 4, 3)}
        assert [Entry.objects.get(pk=answer.entry_id).amount for answer in answers] == [1, 2, 3, 4, 5]
    ends = datetime(2026, 4, 3, 22, tzinfo=UTC)
    assert sql("SELECT kind, subject, due FROM outbox_job ORDER BY kind") == [
        ("credits.expire", 0, ends),
        ("credits.expiring", 0, ends - timedelta(days=7)),
    ]


def test_each_row_has_its_own_answer(acme, zen, people, at):
    at(NOON)
    archived = factories.credit_type(acme, "massage")
    with scope(acme.account):
        services.archive_type(account=acme.account, credit_type=archived, actor=acme.actor)
    key = uuid.uuid4()
    issue_many(acme, [Row(people[0].pk, acme.session.pk, 7, key)])
    batch = [
        Row(people[0].pk, acme.session.pk, 7, key),
        Row(people[1].pk, acme.session.pk, 7, key),
        Row(people[2].pk, archived.pk, 7, uuid.uuid4()),
        Row(zen.contact.pk, acme.session.pk, 7, uuid.uuid4()),
        Row(people[3].pk, zen.session.pk, 7, uuid.uuid4()),
        Row(people[3].pk, acme.session.pk, 0, uuid.uuid4()),
        Row(people[4].pk, acme.session.pk, 1_000_001, uuid.uuid4()),
        Row(people[0].pk, acme.session.pk, 1, uuid.uuid4()),
    ]
    answers = issue_many(acme, batch)
    assert [(a.outcome, a.reason) for a in answers] == [
        ("replayed", ""),
        ("refused", "key_reused"),
        ("refused", "archived"),
        ("refused", "not_here"),
        ("refused", "not_here"),
        ("refused", "amount"),
        ("refused", "amount"),
        ("posted", ""),
    ]
    assert [answer.row for answer in answers] == batch
    assert answers[-1].free == 8
    assert {answer.reason for answer in issue_many(acme, rows(acme, people, [1] * 5), expiry="2026-03-02")} == {
        "past_day"
    }


def test_uses_from_each_all_or_nothing(acme, people, at):
    at(NOON)
    issue_many(acme, rows(acme, people, [1, 2, 3, 4, 5]))
    issue_many(acme, rows(acme, people, [1, 1, 1, 1, 1]), expiry="1 weeks")
    answers = consume_many(acme, rows(acme, people, [2, 4, 2, 0, 6]))
    assert said(answers) == [
        ("posted", "", 0),
        ("short", "", 3),
        ("posted", "", 2),
        ("refused", "amount", 5),
        ("posted", "", 0),
    ]
    assert [figures(acme, to=person).free for person in people] == [0, 3, 2, 5, 0]
    with scope(acme.account):  # the one that ends sooner paid first
        assert list(
            Entry.objects.get(pk=answers[2].entry_id).allocations.order_by("pk").values_list("lot__amount", "amount")
        ) == [(1, -1), (3, -1)]


def test_a_wallet_twice_in_one_batch(acme, people):
    issue_many(acme, rows(acme, people[:2], [5, 1]))
    ann, ben = people[:2]
    batch = [
        Row(ann.pk, acme.session.pk, 3, uuid.uuid4()),
        Row(ben.pk, acme.session.pk, 1, uuid.uuid4()),
        Row(ann.pk, acme.session.pk, 3, uuid.uuid4()),
    ]
    assert said(consume_many(acme, batch)) == [("posted", "", 2), ("posted", "", 0), ("short", "", 2)]


def test_a_key_twice_in_one_batch(acme, people):
    issue_many(acme, rows(acme, people[:2], [5, 5]))
    key = uuid.uuid4()
    ann, ben = people[:2]
    same = Row(ann.pk, acme.session.pk, 3, key)
    answers = consume_many(acme, [same, same, Row(ben.pk, acme.session.pk, 3, key)])
    assert [(a.outcome, a.reason) for a in answers] == [("posted", ""), ("replayed", ""), ("refused", "key_reused")]
    assert answers[0].entry_id == answers[1].entry_id


def test_again_changes_nothing(acme, people):
    given, used = rows(acme, people, [5] * 5), rows(acme, people, [2] * 5)
    first = issue_many(acme, given), consume_many(acme, used)
    with nothing_moved():
        again = issue_many(acme, given), consume_many(acme, used)
    for before, after in zip(first, again, strict=True):
        assert [a.entry_id for a in before] == [a.entry_id for a in after]
        assert {a.outcome for a in after} == {"replayed"}


def test_writes_overdue_expiries_first(acme, people, at):
    at(NOON)
    issue_many(acme, rows(acme, people, [2] * 5), expiry="2026-03-10")
    issue_many(acme, rows(acme, people, [1] * 5))
    at(datetime(2026, 4, 1, 12, tzinfo=UTC))
    assert said(consume_many(acme, rows(acme, people, [2] * 5))) == [("short", "", 1)] * 5
    assert said(consume_many(acme, rows(acme, people, [1] * 5))) == [("posted", "", 0)] * 5
    assert factories.activity(acme)[:4] == [("issue", 2, 2), ("issue", 1, 3), ("expire", -2, 1), ("consume", -1, 0)]


def test_dated_back(acme, people, at):
    at(NOON)
    issue_many(acme, rows(acme, people, [2] * 5), expiry="2026-03-10")
    at(datetime(2026, 4, 1, 12, tzinfo=UTC))
    batch = rows(acme, people, [1, 2, 3, 0, 1])
    answers = consume_many(acme, batch, service_date=date(2026, 3, 9))
    assert said(answers) == [
        ("posted", "", 0),
        ("posted", "", 0),
        ("short", "", 2),
        ("refused", "amount", None),
        ("posted", "", 0),
    ]
    assert [a.outcome for a in consume_many(acme, batch, service_date=date(2026, 3, 9))][:2] == ["replayed", "replayed"]
    assert factories.activity(acme)[:4] == [("issue", 2, 2), ("expire", -2, 0), ("restore", 1, 1), ("consume", -1, 0)]


@pytest.mark.parametrize(("day", "reason"), [(date(2026, 3, 4), "future_day"), (date(2025, 12, 1), "too_far_back")])
def test_a_refused_day_refuses_each_row(acme, people, at, day, reason):
    at(NOON)
    issue_many(acme, rows(acme, people, [2] * 5))
    with nothing_moved():
        answers = consume_many(acme, rows(acme, people, [1] * 5), service_date=day)
    assert {(a.outcome, a.reason) for a in answers} == {("refused", reason)}


def test_of_nobody(acme, people):
    assert acme.session
    with nothing_moved():
        assert issue_many(acme, []) == []
        assert said(consume_many(acme, rows(acme, people, [1] * 5))) == [("short", "", 0)] * 5


def test_a_refused_issue_leaves_no_empty_wallet(acme):
    ben = factories.contact(acme, "Ben")
    factories.issue(acme, 1, key=(taken := uuid.uuid4()))
    rows = [
        Row(ben.pk, acme.session.pk, 0, uuid.uuid4()),
        Row(ben.pk, acme.session.pk, 1, derive_key("staff.issue", taken)),
    ]
    with scope(acme.account), nothing_moved():
        answers = ledger.issue_many(account=acme.account, rows=rows, origin=factories.STAFF)
        past = ledger.issue_many(
            account=acme.account,
            rows=[Row(ben.pk, acme.session.pk, 1, uuid.uuid4())],
            expiry="2020-01-01",
            origin=factories.STAFF,
        )
    assert [(answer.outcome, answer.reason) for answer in [*answers, *past]] == [
        ("refused", "amount"),
        ("refused", "key_reused"),
        ("refused", "past_day"),
    ]
