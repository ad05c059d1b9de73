"""The activity as `queries` reads it: the same lines in the same pages whether or not a sweep has written what is overdue."""

from datetime import UTC, datetime, timedelta

import pytest

from credits import queries
from simplero.tenancy.scope import scope
from tests import factories

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def pages(world, **filters):
    found, cursor = [], ""
    with scope(world.account, read_only=True):
        while True:
            page = queries.activity(world.account, world.contact, cursor=cursor, limit=3, **filters)
            found.append(
                [(line.credit_type.name, line.kind, line.amount, line.balance_after, line.day) for line in page.lines]
            )
            cursor = page.older
            if not cursor:
                return found


@pytest.fixture
def long_unswept(acme, at):
    """Two types, lots that end on several days, and movements of the other type after them."""
    classes = factories.credit_type(acme, "class")
    for day in range(1, 5):
        at(NOON + timedelta(days=day))
        factories.issue(acme, day, expiry=f"2026-03-1{day}")
    for day in range(10, 17):
        at(NOON + timedelta(days=day))
        factories.issue(acme, 1, of=classes)
    at(NOON + timedelta(days=20))
    return acme


@pytest.mark.parametrize("filters", [{}, {"kinds": ["expire"]}, {"kinds": ["issue"]}], ids=str)
def test_pages_are_the_same_before_and_after_a_sweep(long_unswept, filters):
    before = pages(long_unswept, **filters)
    assert all(len(page) == 3 for page in before[:-1])
    assert factories.sweep(long_unswept) == 4
    assert pages(long_unswept, **filters) == before


def test_a_sweep_between_two_pages_repeats_and_skips_nothing(long_unswept):
    whole = [line for page in pages(long_unswept) for line in page]
    with scope(long_unswept.account, read_only=True):
        first = queries.activity(long_unswept.account, long_unswept.contact, limit=6)
    factories.sweep(long_unswept)
    with scope(long_unswept.account, read_only=True):
        rest = queries.activity(long_unswept.account, long_unswept.contact, cursor=first.older)
    read = [
        (line.credit_type.name, line.kind, line.amount, line.balance_after, line.day)
        for line in [*first.lines, *rest.lines]
    ]
    assert read == whole


def test_no_type_hides_the_lots_of_another(acme, at):
    at(NOON)
    classes = factories.credit_type(acme, "class")
    for _ in range(queries.MOST_LOTS + 2):
        factories.issue(acme, 1, expiry="2026-12-31")
    factories.issue(acme, 5, of=classes, expiry="never")
    with scope(acme.account, read_only=True):
        parts = {part.credit_type.name: part for part in queries.section(acme.account, acme.contact)}
    assert [lot.free for lot in parts["class"].open_lots] == [5]
    assert (len(parts["session"].open_lots), parts["session"].more_lots) == (queries.MOST_LOTS, 2)
