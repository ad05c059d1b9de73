"""The log: each firing with its event, whose it was, what came of each action, and what to do about what could not be done."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from automations.models import Run, State
from contacts import services as contacts
from credits import services as credits
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import nothing_moved
from tests.automations.flows import tag, work
from tests.credits.pages.conftest import text
from tests.products.desk import hidden
from triggers import queries

from .conftest import at
from .world import consume, events, firings, issue, trigger

pytestmark = pytest.mark.django_db


def tagged(world, contact=None):
    with scope(world.account):
        contacts.add_tag(account=world.account, contact=contact or world.contact, name="VIP", actor=world.actor)


@pytest.fixture
def vip(acme, zen):
    tag(zen)
    return tag(acme)


def test_what_was_done_with_a_link_to_the_entry(desk, acme, vip):
    factories.issue(acme, 5)
    made = trigger(acme, "tag.added", consume(acme, 2), ("tag", {"tag": vip.pk}), tag=vip.pk)
    tagged(acme)
    work()
    answer = desk.get(at(made, "log"))
    page = text(answer)
    assert "Tagged “VIP” Ann Lee" in page
    assert "2 sessions used, 3 left See the entry" in page
    assert "Had “VIP” already" in page
    [used] = events(acme, "credits.consumed")
    link = (
        f"/a/acme/contacts/{acme.contact.public_id}/credits/activity?entry={used.body['entry']}#e-{used.body['entry']}"
    )
    assert link in answer.content.decode()
    with scope(acme.account):
        run = Run.objects.get(flow=made.flow_id)
    way = f"/a/acme/marketing/runs/{run.public_id}/"
    assert way in answer.content.decode()
    assert f'href="{at(made)}"' in desk.get(way).content.decode()
    assert "2 sessions used" in text(desk.get(link.partition("#")[0]))


@pytest.mark.parametrize(
    ("occasion", "words"),
    [
        ("credits.issued", "5 sessions issued, 5 left"),
        ("credits.consumed", "1 session used, 4 left"),
        ("contact.created", "Contact added"),
        ("tag.added", "Tagged “VIP”"),
        ("tag.removed", "Tag “VIP” removed"),
    ],
)
def test_the_event_in_words(desk, acme, vip, occasion, words):
    made = trigger(acme, occasion, ("notify", {"to": "owner", "text": "Look"}))
    factories.issue(acme, 5)
    factories.consume(acme, 1)
    tagged(acme)
    with scope(acme.account):
        contacts.remove_tag(account=acme.account, contact=acme.contact, tag=vip, actor=acme.actor)
    work()
    page = text(desk.get(at(made, "log")))
    assert f"{words} Ann Lee" in page
    assert "1 person notified" in page


def test_what_could_not_be_done_is_tried_again_and_goes_on_behind_it(desk, acme, vip):
    made = trigger(acme, "tag.added", consume(acme, 2), ("notify", {"to": "owner", "text": "Look"}), tag=vip.pk)
    tagged(acme)
    work()
    log = desk.get(at(made, "log"))
    assert text(log).count("Consume credits: needs 2 sessions and has none.") == 1
    assert "Issue and retry" in text(log)
    assert f'href="{at(made)}"' in desk.get("/a/acme/marketing/attention/").content.decode()
    assert "Needs attention" in text(log)
    factories.issue(acme, 2)
    for _ in range(2):
        answer = desk.post(at(made, "log/settle"), {"run": hidden(log, "run"), "act": "retry"})
        assert answer["Location"] == at(made, "log")
    work()
    assert firings(acme, made) == [("Ann Lee", State.FINISHED, "")]
    assert len(events(acme, "credits.consumed")) == 1
    page = text(desk.get(at(made, "log")))
    assert "2 sessions used, none left" in page
    assert "1 person notified" in page


@pytest.mark.parametrize(("act", "state"), [("skip", State.FINISHED), ("stop", State.STOPPED)])
def test_skipped_or_stopped(desk, acme, vip, act, state):
    made = trigger(acme, "tag.added", consume(acme, 2), tag=vip.pk)
    tagged(acme)
    work()
    run = hidden(desk.get(at(made, "log")), "run")
    desk.post(at(made, "log/settle"), {"run": run, "act": act})
    work()
    assert firings(acme, made)[0][1] == state
    assert events(acme, "credits.consumed") == []
    desk.get(at(made, "log"))  # which said what was done
    desk.post(at(made, "log/settle"), {"run": run, "act": act})
    assert "Somebody was faster" in text(desk.get(at(made, "log")))


def test_another_triggers_or_accounts_firing_is_not_touched(desk, acme, zen, vip):
    mine, other = trigger(acme, "tag.added", consume(acme, 2)), trigger(acme, "contact.created")
    theirs = trigger(zen, "tag.added", consume(zen, 2))
    for world in (acme, zen):
        tagged(world)
    work()

    def seen(world, made):
        with scope(world.account):
            run = Run.objects.get(flow=made.flow_id)
            return f"{run.public_id}.{run.visit}.{run.attempt}"

    with nothing_moved():
        for run in (seen(acme, mine), seen(zen, theirs), "nonsense", f"{uuid.uuid4()}.1.1", ""):
            desk.post(at(other, "log/settle"), {"run": run, "act": "retry"})
        desk.post(at(mine, "log/settle"), {"run": seen(acme, mine), "act": "burn"})
        assert desk.post(at(theirs, "log/settle"), {"run": seen(zen, theirs), "act": "retry"}).status_code == 404
    assert [firings(world, made)[0][1] for world, made in ((acme, mine), (zen, theirs))] == [State.ATTENTION] * 2
    assert desk.get(at(theirs, "log")).status_code == 404


def test_by_outcome_and_page_by_page(desk, acme, vip, monkeypatch):
    monkeypatch.setattr(queries, "PAGE", 2)
    made = trigger(acme, "tag.added", consume(acme, 1), tag=vip.pk)
    people = [factories.contact(acme, f"Person {number}") for number in range(5)]
    for number, one in enumerate(people):
        if number % 2 == 0:
            factories.issue(acme, 1, to=one)
        tagged(acme, one)
    work()

    def shown(query):
        answer = desk.get(at(made, f"log{query}"))
        names = [number for number in range(5) if f"Person {number}" in text(answer)]
        return names, answer.context["older"]

    assert shown("?show=attention")[0] == [1, 3]
    assert shown("?show=going")[0] == []
    names, older = shown("?show=done")
    assert names == [2, 4]
    assert shown(f"?{older.partition('?')[2]}") == ([0], "")
    names, older = shown("")
    assert names == [3, 4]
    assert shown(f"?{older.partition('?')[2]}")[0] == [1, 2]
    assert shown("?show=nonsense&after=x")[0] == [3, 4]


def test_costs_the_same_for_one_and_for_twenty(desk, acme, vip):
    made = trigger(acme, "tag.added", issue(acme, 1), consume(acme, 2), tag=vip.pk)

    def fire(number):
        for _ in range(number):
            tagged(acme, factories.contact(acme))
        work()

    def cost():
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(at(made, "log")).status_code == 200
        return [query["sql"] for query in captured]

    fire(1)
    desk.get(at(made, "log"))
    one = cost()
    fire(19)
    twenty = cost()
    assert len(one) == len(twenty), "\n".join(twenty)


def test_what_is_archived_since_keeps_its_name(desk, acme, vip):
    factories.issue(acme, 5)
    made = trigger(acme, "tag.added", consume(acme, 1), tag=vip.pk)
    tagged(acme)
    work()
    with scope(acme.account):
        credits.archive_type(account=acme.account, credit_type=acme.session, actor=acme.actor)
    assert "1 session used, 4 left" in text(desk.get(at(made, "log")))
