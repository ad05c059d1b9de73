"""A roster: who is expected, a tick for each who came, which uses one credit, and the tick taken back."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from credits.models import Entry
from simplero.bulk.models import Place, Roster
from simplero.tenancy.scope import today
from tests import factories
from tests.assertions import nothing_moved
from tests.factories import inside

from .desk import HERE, entries, free, people, text

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)


def made(desk, whom, *, name="Tuesday yoga", day=None, **more):
    """A roster made by its form, for these contacts."""
    with inside(desk.world):
        credit_type = type(desk.world.session).objects.get(pk=desk.world.session.pk).public_id
        day = day or today(desk.world.account)
    query = "&".join(f"contact={one.public_id}" for one in whom)
    data = {"name": name, "credit_type": credit_type, "day": day, "key": uuid.uuid4(), **more}
    return desk.post(f"rosters/new?{query}" if query else "rosters/new", data)


def roster(world):
    with inside(world):
        return Roster.objects.select_related("credit_type").order_by("-pk")[0]


def turn(world, contact):
    with inside(world):
        return Place.objects.get(roster=roster(world), contact=contact).turn


def click(desk, contact, way="tick", *, at=None, htmx=False, **more):
    url = f"rosters/{roster(desk.world).public_id}/places/{contact.public_id}/{way}"
    data = {"turn": turn(desk.world, contact) if at is None else at, **more}
    return desk.htmx(url, data) if htmx else desk.post(url, data)


def test_tick_who_came_and_take_a_tick_back(desk, zen, at):
    at(NOON)
    world = desk.world
    ann, ben, cleo = people(world, 4, 1, 0)
    answer = made(desk, [ann, ben, cleo], day=(NOON - timedelta(days=3)).date())
    assert answer.status_code == 303
    here = answer["Location"]
    page = text(desk.get(here))
    assert "0 of 3 came" in page
    assert "Person 000 4 left" in page
    assert "Person 002 None left Issue credits to Person 002" in page

    first = click(desk, ann, at=0)
    assert first.status_code == 303
    assert first["Location"] == f"{here}#p-{ann.public_id}"
    click(desk, ann, at=0)  # a double click, and a retry, mean the same turn
    assert free(world, [ann, ben, cleo]) == [3, 1, 0]
    with inside(world):
        use = Entry.objects.get(source="roster")
        assert (use.amount, use.service_date, use.source_id) == (-1, (NOON - timedelta(days=3)).date(), str(roster(world).public_id))  # fmt: skip
    assert "Roster: Tuesday yoga" in text(desk.get(f"{HERE}{ann.public_id}/credits/activity"))

    line = click(desk, ben, htmx=True)
    assert line.status_code == 303
    shown = desk.htmx(line["Location"])
    assert 'aria-pressed="true"' in shown.content.decode()
    assert "2 of 3 came" in text(shown)
    with nothing_moved():
        short = click(desk, cleo, htmx=True)
    assert short.status_code == 409
    assert "There are no sessions left. Nothing was used." in text(short)
    assert 'aria-pressed="false"' in short.content.decode()
    assert "There are no sessions left" in text(desk.get(click(desk, cleo)["Location"]))

    assert click(desk, ann, "untick", at=0).status_code == 303  # drawn before the tick: not this turn
    assert free(world, [ann]) == [3]
    click(desk, ann, "untick")
    click(desk, ann, "untick", at=1)
    assert free(world, [ann]) == [4]
    click(desk, ann)
    assert free(world, [ann]) == [3]
    assert entries(world, "roster") == 4
    assert "2 of 3 came" in text(desk.get("rosters/"))

    again = desk.post(f"{here}again", {"key": uuid.uuid4()})
    assert roster(world).day == (NOON + timedelta(days=4)).date()
    page = desk.get(again["Location"])
    assert "0 of 3 came" in text(page)
    with nothing_moved():
        assert "has not come yet" in text(desk.get(click(desk, ann)["Location"]))


def test_whose_tick_it_is(desk, at):
    world = desk.world
    at(NOON)
    [ann] = people(world, 4)
    made(desk, [ann])
    click(desk, ann)
    assistant = Client()
    assistant.force_login(world.assistant)
    url = f"{HERE}rosters/{roster(world).public_id}/places/{ann.public_id}/"
    with nothing_moved():  # the owner's, so not the assistant's to take back
        answer = assistant.post(f"{url}untick", {"turn": 1}, headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert "A tick can be taken back by the one who made it" in text(answer)
    click(desk, ann, "untick")
    assistant.post(f"{url}tick", {"turn": 2})
    assert free(world, [ann]) == [3]
    assistant.post(f"{url}untick", {"turn": 3})
    assert free(world, [ann]) == [4]
    assistant.post(f"{url}tick", {"turn": 4})
    at(NOON + timedelta(minutes=16))
    with nothing_moved():
        assert assistant.post(f"{url}untick", {"turn": 5}, headers={"HX-Request": "true"}).status_code == 409
    click(desk, ann, "untick", at=5)
    assert free(world, [ann]) == [4]


def test_what_was_given_back_by_hand_is_not_given_back_again(desk):
    world = desk.world
    [ann] = people(world, 4)
    made(desk, [ann])
    click(desk, ann)
    with inside(world):
        use = Entry.objects.get(source="roster")
    factories.reverse(world, use, 1)
    click(desk, ann, "untick")
    assert free(world, [ann]) == [4]
    assert turn(world, ann) == 2


def test_who_is_on_it(desk, zen):
    world = desk.world
    ann, ben = people(world, 4, 0)
    stranger = factories.contact(zen, "Zoe Zen")
    with inside(zen):
        stranger.refresh_from_db()
    desk.post(f"{HERE}{ann.public_id}/tags/add", {"tag": "Yoga"})
    assert "All tagged Yoga" in text(desk.get("rosters/new"))
    tag = re.search(r'<option value="([0-9a-f-]{36})">All tagged', desk.get("rosters/new").content.decode())[1]
    here = made(desk, [], tag=tag)["Location"]
    assert "0 of 1 came" in text(desk.get(here))
    found = desk.htmx(f"{here}?q=Person")
    assert "Is on it" in text(found)
    assert "Add Person 001" in text(found)
    assert "Zoe" not in text(desk.get(f"{here}?q=Zoe")).replace("“Zoe”", "")
    assert desk.post(f"{here}places/{stranger.public_id}/add").status_code == 404
    desk.post(f"{here}places/{ben.public_id}/add")
    desk.post(f"{here}places/{ben.public_id}/add")
    assert "0 of 2 came" in text(desk.get(here))
    click(desk, ann)
    refused = desk.post(f"{here}places/{ann.public_id}/remove")
    assert "Take the tick back first" in text(desk.get(refused["Location"]))
    desk.post(f"{here}places/{ben.public_id}/remove")
    assert "1 of 1 came" in text(desk.get(here))
    assert desk.post(f"{here}places/{ben.public_id}/tick", {"turn": 0}).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "Enter a name"),
        ({"day": "2020-01-01"}, "at most 90 days back"),
        ({"day": "2099-01-01"}, "at most a year ahead"),
        ({"credit_type": uuid.uuid4()}, "Choose a credit type"),
    ],
)
def test_what_a_roster_is_not(desk, wrong, words):
    [ann] = people(desk.world, 1)
    with nothing_moved():
        answer = made(desk, [ann], **wrong)
    assert answer.status_code == 422
    assert words in text(answer)


def test_the_form_counts_once_and_a_page_costs_the_same_for_many(desk):
    world = desk.world
    held = people(world, 1, 1)
    key = uuid.uuid4()
    first, second = made(desk, held, key=key), made(desk, held, key=key)
    assert first["Location"] == second["Location"]
    assert made(desk, held, key=key, name="Another").status_code == 409
    with inside(world):
        assert Roster.objects.count() == 1
    few = counted(desk, first["Location"])
    other = made(desk, [*held, *people(world, *[2] * 8, first=2)])
    assert counted(desk, other["Location"]) == few


def counted(desk, url):
    with CaptureQueriesContext(connection) as asked:
        desk.get(url)
    return len(asked)
