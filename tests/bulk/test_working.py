"""What a worker does of a job: chunks that happen or never did, the same number of statements for any number of rows."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from simplero.bulk.models import Row
from simplero.bulk.services import working
from simplero.lib.keys import derive_key
from tests import factories
from tests.factories import inside

from .desk import consuming, entries, free, job, outcomes, people, text, undone, work

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)


def in_the_way(world, bulk, number, of):
    """Another job's row takes the place of the entry that this one is going to post: what writes the row down breaks, and by then
    the chunk has posted. Away with it once `of` is nobody."""
    with inside(world):
        row = Row.objects.filter(bulk=bulk).order_by("pk")[number]
        other = Row.objects.filter(bulk=of).order_by("pk")[0]
        mine = derive_key("bulk", bulk.public_id, row.pk)
        Row.objects.filter(pk=other.pk).update(entry=derive_key("elsewhere", 1) if other.entry == mine else mine)


def test_a_chunk_that_breaks_never_happened_and_is_done_again(desk, at):
    at(NOON)
    world = desk.world
    held = people(world, 5, 5, 0)
    before = desk.used(held[2:], expected=1)
    work()
    done = desk.used(held, expected=3)
    in_the_way(world, done, 1, before)
    work()
    assert free(world, held) == [5, 5, 0]
    assert [what for _, what in outcomes(world)] == ["waiting"] * 3
    assert entries(world) == 0
    assert job(world).looked_at == 0
    in_the_way(world, done, 1, before)  # and out of it again
    at(NOON + timedelta(minutes=1))
    work()
    work()
    assert [what for _, what in outcomes(world)] == ["done", "done", "short"]
    assert free(world, held) == [4, 4, 0]
    assert entries(world) == 2
    assert (job(world).done, job(world).short, job(world).state) == (2, 1, "done")


def test_what_breaks_alone_is_refused_and_holds_up_nobody(desk, at):
    at(NOON)
    world = desk.world
    held = people(world, 5, 5, 5)
    before = desk.used(held[:1], expected=1)
    work()
    done = desk.used(held, expected=3)
    in_the_way(world, done, 1, before)
    for minute in range(1, working.TOGETHER + 1):
        work()
        assert [what for _, what in outcomes(world)] == ["waiting"] * 3
        at(NOON + timedelta(minutes=minute))
    work()
    assert outcomes(world) == [("Person 000", "done"), ("Person 001", "refused failed"), ("Person 002", "done")]
    assert free(world, held) == [3, 5, 4]
    assert (job(world).done, job(world).refused, job(world).state) == (2, 1, "done")
    desk.post(f"bulk/{done.public_id}/undo")
    work()
    assert free(world, held) == [4, 5, 5]
    assert [how for _, how, _ in undone(world)] == ["whole", "whole"]


def test_many_cost_as_many_statements_as_few(desk):
    world = desk.world
    few, many = people(world, 5, 5), people(world, *[5] * 12, first=2)

    def statements(whom):
        bulk = desk.used(whom, expected=len(whom))
        counted = []
        for _ in ("doing", "undoing"):
            with inside(world), CaptureQueriesContext(connection) as asked:
                assert working.go_on(account=world.account, bulk_id=bulk.pk)
            counted.append(len(asked))
            desk.post(f"bulk/{bulk.public_id}/undo")
        return counted

    assert statements(few) == statements(many)
    assert free(world, [*few, *many]) == [5] * 14


def test_a_page_of_many_costs_as_many_statements_as_one_of_few(desk):
    world = desk.world
    people(world, 5, 5)

    def statements(number):
        desk.used(None, expected=number)
        work()
        with CaptureQueriesContext(connection) as asked:
            assert desk.get(f"bulk/{job(world).public_id}/").status_code == 200
            assert desk.get("bulk/").status_code == 200
            assert desk.post(desk.new("consume"), preview(world)).status_code == 200
        return len(asked)

    few = statements(2)
    people(world, *[3] * 10, first=2)
    assert statements(12) == few


def preview(world):
    return {"key": derive_key("a form", 1), **consuming(world, 100)}


def test_a_day_of_service_in_the_past_pays_with_what_was_good_then(desk, at):
    at(NOON - timedelta(days=10))
    world = desk.world

    short_lived = factories.contact(world, "Person 000", email="p0@acme.example")
    factories.issue(world, 3, to=short_lived, expiry="5 days")
    at(NOON)
    [lasting] = people(world, 3, first=1)
    day = (NOON - timedelta(days=7)).date()
    asked = consuming(world, 2, service_date=day.isoformat())
    foreseen = text(desk.post(desk.new("consume"), {"key": derive_key("a form", 1), **asked}))
    assert "2 of 2 contacts have enough: 4 sessions will be used, for 17 November" in foreseen
    assert "2 sessions will come from lots that have expired since that day" in foreseen
    desk.used(None, expected=2, amount=2, service_date=day.isoformat())
    work()
    assert [what for _, what in outcomes(world)] == ["done", "done"]
    assert free(world, [short_lived, lasting]) == [0, 1]


def test_what_ends_soon_is_foreseen(desk, at):
    at(NOON)
    world = desk.world

    ann, ben = people(world, 5, 5)
    factories.issue(world, 1, to=ann, expiry="2026-12-03")
    factories.issue(world, 9, to=ben, expiry="2027-12-03")
    foreseen = text(desk.post(desk.new("consume"), {"key": derive_key("a form", 1), **consuming(world, 3)}))
    assert "6 sessions will be used" in foreseen
    assert "1 session of these will come from lots that expire within 30 days, the first after 3 December" in foreseen
