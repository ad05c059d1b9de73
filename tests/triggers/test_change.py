"""Changing a trigger: when, only if, its name; on and off, a copy, and the end of it."""

import uuid

import pytest

from automations.models import State
from contacts import services as contacts
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import nothing_moved
from tests.automations.flows import tag, work
from tests.credits.pages.conftest import text
from tests.products.desk import hidden, shown
from triggers.models import Trigger

from .conftest import HERE, at
from .world import consume, events, firings, fresh, issue, switch, trigger

pytestmark = pytest.mark.django_db


@pytest.fixture
def vip(acme, zen):
    tag(zen)
    return tag(acme)


def save(desk, made, path, **other):
    """The form as the page shows it, with `other` typed over it."""
    page = desk.get(at(made, path))
    return desk.post(at(made, path), {**shown(page), "seen": hidden(page, "seen"), **other})


def fields(world):
    return [fact.body["fields"] for fact in events(world, "trigger.changed") if fact.body["fields"] != ["actions"]]


def test_when_it_fires(desk, acme, vip):
    gold = tag(acme, "Gold")
    made = trigger(acme, "tag.added", tag=vip.pk)
    assert made.flow.name == "The tag VIP is added"
    assert save(desk, made, "when", tag=str(gold.public_id)).status_code == 303
    assert fresh(acme, made).tag_id == gold.pk
    assert fresh(acme, made).flow.name == "The tag Gold is added"  # nobody had given it a name of its own
    assert fields(acme) == [["when"]]
    assert save(desk, made, "when").status_code == 303  # nothing changed
    assert len(fields(acme)) == 1


def test_somebody_elses_change_is_not_overwritten(desk, acme, vip):
    gold, silver = tag(acme, "Gold"), tag(acme, "Silver")
    made = trigger(acme, "tag.added", tag=vip.pk)
    old = hidden(desk.get(at(made, "when")), "seen")
    save(desk, made, "when", tag=str(gold.public_id))
    late = desk.post(at(made, "when"), {"tag": str(silver.public_id), "seen": old})
    assert late.status_code == 409
    assert "Somebody else changed this" in text(late)
    assert fresh(acme, made).tag_id == gold.pk
    again = desk.post(at(made, "when"), {"tag": str(silver.public_id), "seen": hidden(late, "seen")})
    assert again.status_code == 303
    assert fresh(acme, made).tag_id == silver.pk


def test_only_if_and_only_once(desk, acme, vip):
    made = trigger(acme, "tag.added", tag=vip.pk)
    assert "For every contact, each time." in text(desk.get(at(made)))
    form = {
        "if0-holds": "not-credits",
        "if0-least": "3",
        "if0-credit_type": str(acme.session.public_id),
        "if1-holds": "tag",
        "if1-tag": str(vip.public_id),
        "once": "on",
        "seen": hidden(desk.get(at(made, "only-if")), "seen"),
    }
    assert desk.post(at(made, "only-if"), form).status_code == 303
    changed = fresh(acme, made)
    assert changed.conditions == [
        {"kind": "credits", "credit_type": acme.session.pk, "least": 3, "is": False},
        {"kind": "tag", "tag": vip.pk, "is": True},
    ]
    assert changed.flow.once
    assert fields(acme) == [["only_if", "once"]]
    page = text(desk.get(at(made)))
    assert "the contact has fewer than 3 sessions" in page
    assert "and the contact has the tag “VIP”" in page
    assert "Only once per contact" in page
    late = desk.post(at(made, "only-if"), {**form, "once": ""})
    assert late.status_code == 409
    assert fresh(acme, made).flow.once


def test_a_condition_must_be_whole(desk, acme, vip):
    made = trigger(acme, "tag.added", tag=vip.pk)
    with nothing_moved():
        answer = desk.post(at(made, "only-if"), {"if0-holds": "tag", "if0-tag": "", "seen": "x"})
    assert answer.status_code == 422
    assert "Choose a tag." in text(answer)
    assert fresh(acme, made).conditions == []


def test_its_name(desk, acme, vip):
    made = trigger(acme, "tag.added", tag=vip.pk)
    save(desk, made, "name", name="Welcome VIPs")
    assert fresh(acme, made).flow.name == "Welcome VIPs"
    save(desk, made, "when", tag="")
    assert fresh(acme, made).flow.name == "Welcome VIPs"
    save(desk, made, "name", name="")
    assert fresh(acme, made).flow.name == "Any tag is added"
    late = desk.post(at(made, "name"), {"name": "Other", "seen": "long ago"})
    assert late.status_code == 409


def test_on_and_off(desk, acme, vip):
    made = trigger(acme, "tag.added", tag=vip.pk, on=False)
    answer = desk.post(at(made, "switch"), {"on": "1"})
    assert answer["Location"] == at(made)
    assert fresh(acme, made).flow.enabled
    assert "is on: what happens from now on sets it off" in text(desk.get(at(made)))
    assert desk.post(at(made, "switch"), {"on": "0", "back": "list"})["Location"] == HERE
    assert not fresh(acme, made).flow.enabled
    assert [fact.body["on"] for fact in events(acme, "trigger.switched")] == [True, False]
    desk.post(at(made, "switch"), {"on": "0"})
    assert len(events(acme, "trigger.switched")) == 2


def test_what_does_nothing_is_not_switched_on(desk, acme):
    desk.post("new?when=contact.created")
    with scope(acme.account):
        made = Trigger.objects.get()
    with nothing_moved():
        desk.post(at(made, "switch"), {"on": "1"})
    assert not fresh(acme, made).flow.enabled
    assert "It does nothing yet." in text(desk.get(at(made)))


def test_a_copy_is_off_and_changes_nothing_of_the_first(desk, acme, vip):
    only_if = [{"kind": "tag", "tag": vip.pk, "is": True}]
    made = trigger(acme, "tag.added", consume(acme, 2), issue(acme), tag=vip.pk, only_if=only_if, once=True)
    key = str(uuid.uuid4())
    answers = [desk.post(at(made, "duplicate"), {"key": key}) for _ in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"]
    with scope(acme.account):
        copy = Trigger.objects.select_related("flow").exclude(pk=made.pk).get()
    assert answers[0]["Location"] == at(copy)
    assert (copy.tag_id, copy.conditions, copy.settings) == (vip.pk, only_if, {})
    assert (copy.flow.once, copy.flow.enabled, copy.flow.name) == (True, False, "Copy of The tag VIP is added")
    page = text(desk.get(at(copy)))
    assert "Consume 2 sessions" in page
    assert "Issue 1 session" in page
    assert events(acme, "trigger.added")[-1].body["copied_from_id"] == made.pk
    assert firings(acme, copy) == []


def test_deleted_it_leaves_the_list_and_its_log_stays(desk, acme, vip):
    made = trigger(acme, "tag.added", consume(acme, 9), tag=vip.pk)
    with scope(acme.account):
        contacts.add_tag(account=acme.account, contact=acme.contact, name="VIP", actor=acme.actor)
    work()
    assert "1 firing needs attention" in text(desk.get(at(made, "delete")))
    assert desk.post(at(made, "delete"))["Location"] == HERE
    assert at(made) not in desk.get().content.decode()
    desk.post(at(made, "delete"))
    assert len(events(acme, "trigger.deleted")) == 1
    page = text(desk.get(at(made)))
    assert "This trigger is deleted" in page
    for gone in ("Switch on", "Change when", "Change only if", "Add an action", "Rename"):
        assert gone not in page, gone
    log = desk.get(at(made, "log"))
    assert "needs 9 sessions and has none." in text(log)
    factories.issue(acme, 9)
    desk.post(at(made, "log/settle"), {"run": hidden(log, "run"), "act": "retry"})
    work()
    assert firings(acme, made) == [("Ann Lee", State.FINISHED, "")]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("when", {"tag": ""}),
        ("only-if", {"once": "on"}),
        ("name", {"name": "Other"}),
        ("actions/add?what=notify", {"to": "owner", "text": "Look"}),
    ],
)
def test_a_deleted_one_is_not_changed_any_more(desk, acme, vip, path, form):
    made = trigger(acme, "tag.added", tag=vip.pk)
    desk.post(at(made, "delete"))
    with nothing_moved():
        answer = desk.post(at(made, path), {"seen": "x", **form})
    assert answer.status_code == 409
    assert "This trigger has been deleted." in text(answer)
    with nothing_moved():
        desk.post(at(made, "switch"), {"on": "1"})
    assert not fresh(acme, made).flow.enabled


def test_another_accounts_trigger_is_not_here(desk, zen, vip):
    theirs = trigger(zen, "tag.added")
    switch(zen, theirs, False)
    with nothing_moved():
        for path in (
            "when",
            "only-if",
            "name",
            "switch",
            "duplicate",
            "delete",
            "actions/add?what=consume",
            "actions/move",
        ):
            assert desk.post(at(theirs, path), {"on": "1"}).status_code == 404, path
