"""Issue, consume and tag for many: choose, preview, start, a worker, the result, and the undoing."""

import re
import uuid

import pytest

from tests import factories
from tests.assertions import figures, nothing_moved

from .desk import consuming, entries, free, outcomes, people, text, undone, work

pytestmark = pytest.mark.django_db


def test_from_the_list_to_the_result_and_back(desk, zen):
    world = desk.world
    held = people(world, 3, 1, 0, 5)
    stranger = factories.contact(zen, "Zoe")
    factories.issue(zen, 9, to=stranger)

    form = desk.get(desk.new("consume"))
    assert form.status_code == 200
    assert "4 contacts: all contacts." in text(form)
    asked = consuming(world, 2, note="Autumn retreat", key=uuid.uuid4())
    with nothing_moved():
        foreseen = desk.post(desk.new("consume"), asked)
    assert "2 of 4 contacts have enough: 4 sessions will be used" in text(foreseen)
    assert "2 short." in text(foreseen)
    assert "Person 001 has 1 session" in text(foreseen)
    assert "Person 002 has no sessions" in text(foreseen)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', foreseen.content.decode()))
    assert hidden["expected"] == "4"

    started = desk.post(desk.new("consume"), {**hidden, "start": 1})
    assert started.status_code == 303
    assert free(world, held) == [3, 1, 0, 5]
    page = desk.get(started["Location"])
    assert "Consume 2 sessions" in text(page)
    assert "0 of 4 contacts looked at" in text(page)
    assert 'hx-trigger="every 1s"' in page.content.decode()
    work()
    assert outcomes(world) == [("Person 000", "done"), ("Person 001", "short"), ("Person 002", "short"), ("Person 003", "done")]  # fmt: skip
    assert free(world, held) == [1, 1, 0, 3]
    done = desk.get(started["Location"])
    assert "4 sessions used. 2 done, 2 short." in text(done)
    assert "every 1s" not in done.content.decode()
    assert "Person 001 p1@acme.example Short Has 1 session" in text(done)
    short = desk.get(f"{started['Location']}?only=short")
    assert "Person 001" in text(short)
    assert "Person 000" not in text(short)
    activity = desk.get(f"/a/acme/contacts/{held[0].public_id}/credits/activity")
    assert "Job for many" in text(activity)
    assert "Autumn retreat" in text(activity)

    undo = f"{started['Location']}undo"
    assert "Up to 4 sessions of 2 contacts will be given back" in text(desk.get(undo))
    assert desk.post(undo).status_code == 303
    assert desk.post(undo).status_code == 303  # twice is once
    work()
    assert free(world, held) == [3, 1, 0, 5]
    assert undone(world) == [("Person 000", "whole", 2), ("Person 003", "whole", 2)]
    assert "2 taken back" in text(desk.get(started["Location"]))
    assert "has been undone already" in text(desk.get(undo))
    assert desk.post(undo).status_code == 303
    work()
    assert entries(world) == 4
    assert figures(zen, to=stranger).free == 9
