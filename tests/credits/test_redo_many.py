"""Many movements taken back at once: of each what is left, once, and nothing else."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from credits import services
from credits.models import Entry
from credits.services import Wanted, Why
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import nothing_moved

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def people(acme):
    return [factories.contact(acme, f"Contact {number}") for number in range(3)]


def why(world):
    return Why(world.actor, "bulk", "b1", note="class of Tuesday")


def many(world, verb, people, amount):
    with scope(world.account):
        rows = [Wanted(person.pk, amount, uuid.uuid4()) for person in people]
        answers = getattr(services, verb)(account=world.account, credit_type=world.session, rows=rows, why=why(world))
        return [Entry.objects.get(pk=answer.entry_id).key for answer in answers]


def redo(world, verb, pairs):
    with scope(world.account):
        name = "uses" if verb == "reverse_many" else "issues"
        answers = getattr(services, verb)(account=world.account, **{name: pairs}, why=why(world))
        return [(answer.outcome, answer.reason, answer.amount, answer.free) for answer in answers]


def test_gives_back_what_is_left_of_each_use(acme, people):
    many(acme, "issue_many", people, 5)
    uses = many(acme, "consume_many", people, 3)
    with scope(acme.account):
        half = services.reverse(
            account=acme.account, use=uses[1], amount=1, key=uuid.uuid4(), reason="ill", actor=acme.actor
        )
        services.reverse(account=acme.account, use=uses[2], amount=3, key=uuid.uuid4(), reason="ill", actor=acme.actor)
    assert half.balance_after == 3
    pairs = [(use, uuid.uuid4()) for use in uses]
    assert redo(acme, "reverse_many", pairs) == [
        ("posted", "", 3, 5),
        ("posted", "", 2, 5),
        ("refused", "nothing_left", 0, None),
    ]
    with nothing_moved():
        assert redo(acme, "reverse_many", pairs) == [
            ("replayed", "", 3, 5),
            ("replayed", "", 2, 5),
            ("refused", "nothing_left", 0, None),
        ]


def test_takes_back_what_is_left_of_each_issue_and_of_nothing_else(acme, people, at):
    at(NOON)
    for person in people:
        factories.issue(acme, 10, to=person, expiry="2 days")  # pays first, and is not the batch's
    issues = many(acme, "issue_many", people, 5)
    factories.consume(acme, 12, to=people[1])
    factories.consume(acme, 15, to=people[2])
    at(NOON + timedelta(days=4))  # what else they had has expired, and nobody has written that yet
    pairs = [(issue, uuid.uuid4()) for issue in issues]
    assert redo(acme, "withdraw_many", pairs) == [
        ("posted", "", 5, 0),
        ("posted", "", 3, 0),
        ("refused", "nothing_left", 0, None),
    ]
    with nothing_moved():
        assert [outcome for outcome, *_ in redo(acme, "withdraw_many", pairs)] == ["replayed", "replayed", "refused"]


def test_not_of_another_account_nor_under_a_key_of_something_else(acme, zen):
    factories.issue(acme, 5)
    use = factories.consume(acme, 1)
    with nothing_moved():
        assert redo(zen, "reverse_many", [(use.key, uuid.uuid4())])[0][:2] == ("refused", "nothing_left")
        assert redo(acme, "reverse_many", [(use.key, use.key)])[0][:2] == ("refused", "key_reused")
        assert redo(acme, "withdraw_many", [(use.key, uuid.uuid4())])[0][:2] == ("refused", "nothing_left")
