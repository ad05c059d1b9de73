"""One contact's way: each step with its time and what came of it, what is next, and what can be done about it."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from automations.models import Of, Run, State
from automations.services import starts
from credits import services as credits
from tests import factories
from tests.assertions import figures, nothing_moved
from tests.factories import inside

from . import counter as desks
from .counter import told, words
from .flows import enter, flow, fresh, step, visits, work

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def desk(acme, zen, at):
    at(MONDAY)
    return desks.at(acme)


def url(run, rest=""):
    return f"runs/{run.public_id}/{rest}"


def wait(key="wait", number=3):
    return step("wait", key, **{"for": "while", "number": number, "unit": "days"})


def uses(world, amount=2):
    return step("consume", credit_type=world.session.pk, amount=amount, short="stop")


def ref(world, run):
    now = fresh(world, run)
    return f"{now.public_id}.{now.visit}.{now.attempt}"


def test_tells_what_each_step_did_and_what_is_next(acme, desk, at):
    factories.issue(acme, 5)
    run = enter(acme, flow(acme, uses(acme), wait(), step("stop")))
    work()
    page = desk.get(url(run))
    said = words(page)
    assert "Consume 2 sessions 2 sessions used, 3 left In the activity" in said
    assert "Waits Wait 3 days Goes on 5 March, 10:30" in said
    assert "By hand, by Acme owner" in said
    assert "Version 1" in said
    [visit] = page.context["visits"]
    assert "2 sessions" in words(desk.get(visit["entry_url"]))


def test_tells_of_every_try_and_who_did_what(acme, desk):
    run = enter(acme, flow(acme, uses(acme), wait()))
    work()
    desk.do(url(run, "issue"), {"run": ref(acme, run), "note": "On the house"})
    work()
    desk.do(url(run, "continue"), {"run": ref(acme, run)})
    work()
    page = desk.get(url(run))
    said = words(page)
    assert "Needs 2 sessions and has none" in said
    assert "try 2 2 sessions used, none left" in said
    assert page.context["visits"][-1]["who"] == "Acme owner"
    assert "Finished" in said


@pytest.mark.parametrize(
    ("state", "offers"),
    [
        ("active", {"hurry", "pause", "stop"}),
        ("paused", {"hurry", "resume", "stop"}),
        ("attention", {"retry", "skip", "issue", "stop"}),
        ("finished", set()),
    ],
)
def test_offers_what_its_state_allows(acme, desk, state, offers):
    steps = {"attention": [uses(acme)], "finished": []}.get(state, [wait()])
    run = enter(acme, flow(acme, *steps))
    work()
    if state == "paused":
        desk.do(url(run, "pause"))
    page = desk.get(url(run))
    assert {act for act, allowed in page.context["can"].items() if allowed} == offers
    labels = {"hurry": "Continue now", "pause": "Pause", "resume": "Resume", "stop": "Stop", "retry": "Retry", "skip": "Skip", "issue": "Issue and retry"}  # fmt: skip
    acts = page.content.decode().split('class="row now__acts"')[1].split("</section>")[0]
    assert {act for act, label in labels.items() if f"</svg>{label}<" in acts} == offers


def test_pause_resume_and_continue(acme, desk, at):
    run = enter(acme, flow(acme, wait()))
    work()
    assert told(desk.do(url(run, "pause"), {"run": ref(acme, run)})) == ["Ann Lee is paused."]
    assert told(desk.do(url(run, "pause"), {"run": ref(acme, run)})) == ["Ann Lee is paused already."]
    at(MONDAY + timedelta(days=4))
    work()
    assert fresh(acme, run).state == State.PAUSED
    assert told(desk.do(url(run, "resume"), {"run": ref(acme, run)})) == ["Ann Lee goes on."]
    assert "On its way" in words(desk.get(url(run)))
    work()
    assert fresh(acme, run).state == State.FINISHED


def test_continue_now_sent_twice_passes_one_wait(acme, desk):
    run = enter(acme, flow(acme, wait("a"), wait("b")))
    work()
    data = {"run": ref(acme, run)}
    desk.do(url(run, "continue"), data)
    work()
    assert told(desk.do(url(run, "continue"), data))[0].startswith("Somebody was faster")
    work()
    assert fresh(acme, run).step == "b"


def test_stop_asks_first(acme, desk):
    run = enter(acme, flow(acme, wait()))
    work()
    with nothing_moved():
        assert "Stop for Ann Lee?" in words(desk.get(url(run, "stop")))
    assert told(desk.do(url(run, "stop"))) == ["Ann Lee was taken out."]
    assert fresh(acme, run).state == State.STOPPED
    with nothing_moved():
        assert told(desk.do(url(run, "stop"))) == ["Ann Lee was taken out already."]
    assert "Stopped by hand" in words(desk.get(url(run)))


def test_issue_and_retry_says_before_what_it_issues(acme, desk):
    factories.issue(acme, 1)
    run = enter(acme, flow(acme, uses(acme)))
    work()
    with nothing_moved():
        assert "1 session to Ann Lee" in words(desk.get(url(run, "issue")))
    data = {"run": ref(acme, run)}
    desk.do(url(run, "issue"), data)
    with nothing_moved():
        assert told(desk.do(url(run, "issue"), data))[0].startswith("Somebody was faster")
    work()
    assert fresh(acme, run).state == State.FINISHED
    assert figures(acme).issued == 2


def test_a_refusal_is_told_in_the_form(acme, desk):
    run = enter(acme, flow(acme, uses(acme)))
    work()
    with inside(acme):
        credits.archive_type(account=acme.account, credit_type=acme.session, actor=acme.actor)
    with nothing_moved():
        answer = desk.post(url(run, "issue"), {"run": ref(acme, run), "note": "Kept"})
    assert answer.status_code == 409
    assert "This type is archived" in words(answer)
    assert "Kept" in words(answer)


@pytest.mark.parametrize("act", ["continue", "pause", "resume", "retry", "skip", "stop", "issue"])
def test_another_accounts_run_is_not_here(acme, zen, desk, act):
    run = enter(zen, flow(zen, wait()))
    work()
    with nothing_moved():
        assert desk.post(url(run, act), {"run": ref(zen, run)}).status_code == 404
    assert desk.get(url(run)).status_code == 404
    assert desks.at(zen, "assistant").get(url(run)).status_code == 404


def test_says_how_it_began(acme, desk):
    other = flow(acme, step("stop"), name="Other")
    first, key = flow(acme, step("start", flow=other.pk)), uuid4()
    assert acme.contact.pk
    with inside(acme):
        starts.begin_many(account=acme.account, flow=first, selection=[], key=key, actor=acme.actor)
    work()
    with inside(acme):
        found = {run.flow.name: run for run in Run.objects.select_related("flow")}
    assert "With many others at once, by Acme owner" in words(desk.get(url(found["Welcome"])))
    assert "By an automation" in words(desk.get(url(found["Other"])))


def test_a_firing_of_a_trigger_has_such_a_page_too(acme, desk):
    run = enter(acme, flow(acme, uses(acme), of=Of.TRIGGER, name="Session delivered"))
    work()
    assert "Firing of the trigger “Session delivered”" in words(desk.get(url(run)))


def test_as_many_queries_for_one_step_as_for_many(acme, desk):
    factories.issue(acme, 50)
    counts = []
    for number in (1, 9):
        made = flow(acme, *[step("consume", f"c{at}", credit_type=acme.session.pk, amount=1, short="stop") for at in range(number)], name=f"Flow {number}")  # fmt: skip
        run = enter(acme, made)
        for _ in range(number):
            work()
        assert len(visits(acme, run)) == number
        desk.get(url(run))
        with CaptureQueriesContext(connection) as asked:
            desk.get(url(run))
        counts.append(len(asked))
    assert counts[0] == counts[1]
