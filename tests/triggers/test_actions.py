"""What a trigger does: its actions are added, changed, put in order and removed; each change is the next version."""

import uuid

import pytest

from automations.actions import ACTIONS
from automations.models import Version
from simplero.tenancy.scope import scope
from tests.assertions import nothing_moved
from tests.automations.flows import tag
from tests.credits.pages.conftest import text
from tests.products.desk import hidden
from triggers.services import actions

from .conftest import at
from .world import consume, do, events, issue, trigger

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(desk, acme):
    """Of two actions, switched on."""
    return trigger(acme, "contact.created", consume(acme, 1), issue(acme, 2))


def versions(world, made):
    with scope(world.account):
        return list(Version.objects.filter(flow=made.flow_id).order_by("number"))


def nodes(world, made):
    return versions(world, made)[-1].steps


def kinds(world, made):
    return [node["kind"] for node in nodes(world, made)]


def test_which_one_comes_first(desk, made):
    page = text(desk.get(at(made, "actions/add")))
    for action in ACTIONS.values():
        assert action.label in page
    for code in ACTIONS:
        assert desk.get(at(made, f"actions/add?what={code}")).status_code == 200, code


def test_one_more_is_done_last_and_the_others_keep_their_keys(desk, acme, made):
    before = nodes(acme, made)
    vip = tag(acme)
    answer = desk.post(at(made, "actions/add?what=tag"), {"tag": "VIP"})
    assert (answer.status_code, answer["Location"]) == (303, at(made) + "#then")
    after = nodes(acme, made)
    assert after[:2] == before
    assert (after[2]["kind"], after[2]["settings"]) == ("tag", {"tag": vip.pk})
    assert len(after[2]["key"]) <= 12
    assert [version.number for version in versions(acme, made)] == [1, 2, 3]
    assert events(acme, "trigger.changed")[-1].body == {"trigger_id": made.pk, "fields": ["actions"]}


def test_sent_twice_it_is_one(desk, acme, made):
    form = {"to": "owner", "text": "Look", "key": str(uuid.uuid4())}
    for _ in range(2):
        desk.post(at(made, "actions/add?what=notify"), form)
    assert kinds(acme, made) == ["consume", "issue", "notify"]


def test_what_cannot_be_done_is_not_kept(desk, acme, zen, made):
    wrong = [
        {"credit_type": str(zen.session.public_id), "amount": "1", "short": "stop"},
        {"credit_type": str(acme.session.public_id), "amount": "0", "short": "stop"},
        {"credit_type": str(acme.session.public_id), "amount": "1", "short": "branch"},
    ]
    with nothing_moved():
        for form in wrong:
            assert desk.post(at(made, "actions/add?what=consume"), form).status_code == 422, form
    assert len(versions(acme, made)) == 2


def test_no_more_than_can_be_looked_through(desk, acme, made, monkeypatch):
    monkeypatch.setattr(actions, "MOST", 2)
    answer = desk.post(at(made, "actions/add?what=notify"), {"to": "owner", "text": "Look"})
    assert answer.status_code == 409
    assert "A trigger does at most 2 things." in text(answer)
    assert len(versions(acme, made)) == 2


def test_changed_it_keeps_its_key(desk, acme, made):
    first, second = nodes(acme, made)
    path = at(made, f"actions/change?step={first['key']}")
    page = desk.get(path)
    form = {"credit_type": str(acme.session.public_id), "amount": "3", "short": "skip", "seen": hidden(page, "seen")}
    assert desk.post(path, form).status_code == 303
    settings = {"credit_type": acme.session.pk, "amount": 3, "short": "skip"}
    assert nodes(acme, made) == [{**first, "settings": settings}, second]
    late = desk.post(path, {**form, "amount": "4"})
    assert late.status_code == 409
    assert "Somebody else changed this action" in text(late)
    assert nodes(acme, made)[0]["settings"] == settings
    assert desk.post(path, {**form, "amount": "4", "seen": hidden(late, "seen")}).status_code == 303
    assert nodes(acme, made)[0]["settings"]["amount"] == 4


def test_up_and_down_once_each_time(desk, acme, made):
    first, _ = nodes(acme, made)
    seen = hidden(desk.get(at(made)), "seen")
    for _ in range(2):  # a button pressed twice
        desk.post(at(made, "actions/move"), {"move": f"{first['key']}:down", "seen": seen})
    assert kinds(acme, made) == ["issue", "consume"]
    seen = hidden(desk.get(at(made)), "seen")
    desk.post(at(made, "actions/move"), {"move": f"{first['key']}:down", "seen": seen})  # is the last
    assert kinds(acme, made) == ["issue", "consume"]
    desk.post(at(made, "actions/move"), {"move": f"{first['key']}:up", "seen": seen})
    assert kinds(acme, made) == ["consume", "issue"]
    assert len(versions(acme, made)) == 4


def test_dragged_into_another_order(desk, acme, made):
    do(acme, made, "notify", {"to": "owner", "text": "Look"})
    keys = [node["key"] for node in nodes(acme, made)]
    seen = hidden(desk.get(at(made)), "seen")
    order = " ".join([keys[2], keys[0], keys[1]])
    desk.post(at(made, "actions/move"), {"order": order, "seen": seen})
    assert kinds(acme, made) == ["notify", "consume", "issue"]
    with nothing_moved():
        for wrong in (" ".join(keys), f"{keys[0]} {keys[1]}", f"{order} {keys[0]}", "nonsense"):
            desk.post(at(made, "actions/move"), {"order": wrong, "seen": seen})
    assert "left in the order they have" in text(desk.get(at(made)))
    assert kinds(acme, made) == ["notify", "consume", "issue"]


def test_removed_but_not_the_last_of_one_that_is_on(desk, acme, made):
    first, second = nodes(acme, made)
    path = at(made, f"actions/remove?step={first['key']}")
    assert "Consume 1 session" in text(desk.get(path))
    for _ in range(2):
        assert desk.post(path).status_code == 303
    assert kinds(acme, made) == ["issue"]
    last = at(made, f"actions/remove?step={second['key']}")
    with nothing_moved():
        desk.post(last)
    assert "Switch the trigger off first" in text(desk.get(at(made)))
    desk.post(at(made, "switch"), {"on": "0"})
    desk.post(last)
    assert nodes(acme, made) == []
