"""The flow view: how many contacts stand where, who they are, and what is done to those that are ticked."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from automations.models import Run, Start, State
from automations.services import starts, steering
from tests import factories
from tests.assertions import nothing_moved
from tests.factories import inside

from . import counter as desks
from .counter import told, words
from .flows import enter, flow, fresh, publish, step, work

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def wait(key="wait", number=3):
    return step("wait", key, **{"for": "while", "number": number, "unit": "days"})


def people(world, number):
    return [factories.contact(world, f"Person {at:02}") for at in range(number)]


def ref(world, run):
    now = fresh(world, run)
    return f"{now.public_id}.{now.visit}.{now.attempt}"


@pytest.fixture
def desk(acme):
    return desks.at(acme)


@pytest.fixture
def welcome(acme, zen, at):
    """Three wait, one of them paused; one asks for attention; one has finished and one was stopped. Zen has one of its own."""
    at(MONDAY)
    enter(zen, flow(zen, wait()))
    condition = step("condition", yes=[wait()], conditions=[{"kind": "credits", "credit_type": acme.session.pk, "least": 1, "is": True}])  # fmt: skip
    made = flow(acme, condition, step("consume", credit_type=acme.session.pk, amount=1, short="stop"))
    waiting = people(acme, 3)
    for contact in waiting:
        factories.issue(acme, 1, to=contact)
    runs = [enter(acme, made, contact) for contact in waiting]
    acme.runs, acme.short = runs, enter(acme, made, factories.contact(acme, "Short Sue"))
    work()
    done, out = factories.contact(acme, "Done Dan"), factories.contact(acme, "Out Olga")
    factories.issue(acme, 5, to=done)
    for contact in (done, out):
        factories.issue(acme, 1, to=contact)
    finished, stopped = enter(acme, made, done), enter(acme, made, out)
    work()
    with inside(acme):
        steering.pause(account=acme.account, runs=[runs[0].public_id], actor=acme.actor)
        steering.hurry(account=acme.account, runs=[finished.public_id], actor=acme.actor)
        steering.stop(account=acme.account, runs=[stopped.public_id], actor=acme.actor)
    work()
    assert fresh(acme, finished).state == State.FINISHED
    return made


def url(flow, rest=""):
    return f"automations/{flow.public_id}/{rest}"


def test_says_how_many_stand_where(acme, welcome, desk):
    page = desk.get(url(welcome))
    said = words(page)
    numbers = page.context["numbers"]
    assert (numbers.inside, numbers.finished, numbers.stopped, numbers.of("attention")) == (4, 1, 1, 1)
    assert "If the contact has at least 1 session" in said
    assert "Wait 3 days 1 paused 3 contacts" in said
    assert "Consume 1 session 1 needs attention 1 contact" in said


def test_contacts_at_steps_that_the_newest_version_has_no_more_are_shown_apart(acme, welcome, desk):
    publish(acme, welcome, step("consume", credit_type=acme.session.pk, amount=1, short="stop"))
    said = words(desk.get(url(welcome)))
    assert "At steps of older versions" in said
    assert "Wait 3 days Version 1 1 paused 3 contacts" in said
    assert "Consume 1 session 1 needs attention 1 contact" in said
    assert "Person 00" in words(desk.get(url(welcome, "contacts?step=wait")))


def test_lists_who_stands_at_a_step_and_what_comes_next(acme, welcome, desk):
    said = words(desk.get(url(welcome, "contacts?step=wait")))
    assert "Person 01 since Today, 10:30 Goes on 5 March, 10:30" in said
    assert "Paused. The wait is over 5 March, 10:30." in said
    assert "Short Sue" not in said
    said = words(desk.get(url(welcome, "contacts?step=consume")))
    assert "Short Sue" in said
    assert "Needs 1 session and has none." in said


def test_lists_who_has_come_to_an_end(acme, welcome, desk):
    assert "Done Dan" in words(desk.get(url(welcome, "contacts?state=finished")))
    stopped = words(desk.get(url(welcome, "contacts?state=stopped")))
    assert "Out Olga" in stopped
    assert "Stopped by hand" in stopped
    assert "Done Dan" not in stopped


def test_what_is_no_list_is_not_here(acme, welcome, desk):
    assert desk.get(url(welcome, "contacts?step=nowhere")).status_code == 404


@pytest.mark.parametrize("query", ["", "?state=active", "?step=", "?step=%00", "?state=%00"])
def test_where_no_list_is_asked_for_there_is_the_flow(acme, welcome, desk, query):
    assert desk.get(url(welcome, f"contacts{query}"))["Location"] == desk.url(url(welcome))


def test_every_start_that_is_under_way_can_be_stopped(acme, zen, desk):
    made = flow(acme)
    with inside(acme):
        common = {"account": acme.account, "flow": made, "selection": [], "actor": acme.actor}
        begun = [starts.begin_many(**common, key=uuid.uuid4()) for _ in range(14)]
        Start.objects.filter(pk__in=[one.pk for one in begun[7:]]).update(ended_at=MONDAY)
    shown = [one["start"].pk for one in desk.get(url(made)).context["starts"]]
    assert shown == [one.pk for one in reversed([*begun[:7], *begun[-5:]])]


def test_ticked_ones_are_continued_paused_and_resumed(acme, welcome, desk, at):
    paused, *waiting = acme.runs
    answer = desk.do(url(welcome, "contacts/continue"), {"run": [ref(acme, run) for run in waiting], "step": "wait"})  # fmt: skip
    assert told(answer) == ["2 contacts go on now."]
    assert desk.went_to == f"/a/acme/marketing/{url(welcome, 'contacts?step=wait')}"
    work()
    assert [fresh(acme, run).state for run in acme.runs] == [State.PAUSED, State.FINISHED, State.FINISHED]
    desk.post(url(welcome, "contacts/resume"), {"run": ref(acme, paused)})
    assert fresh(acme, paused).state == State.ACTIVE
    desk.post(url(welcome, "contacts/pause"), {"run": ref(acme, paused)})
    assert fresh(acme, paused).state == State.PAUSED


def test_sent_again_it_says_that_somebody_was_faster(acme, welcome, desk):
    data = {"run": ref(acme, acme.runs[1]), "step": "wait"}
    desk.do(url(welcome, "contacts/continue"), data)
    work()
    with nothing_moved():
        answer = desk.do(url(welcome, "contacts/continue"), data)
    assert told(answer)[0].startswith("Somebody was faster")


def test_nothing_ticked_changes_nothing(acme, welcome, desk):
    with nothing_moved():
        answer = desk.do(url(welcome, "contacts/pause"), {"step": "wait"})
    assert told(answer) == ["Nothing was ticked. Tick the contacts it is for."]


def test_stop_is_confirmed_first(acme, welcome, desk):
    data = {"run": [ref(acme, run) for run in acme.runs], "step": "wait"}
    with nothing_moved():
        asked = desk.post(url(welcome, "contacts/stop"), data)
    assert "Stop for 3 contacts?" in words(asked)
    answer = desk.do(url(welcome, "contacts/stop"), {**data, "sure": "1"})
    assert told(answer) == ["3 contacts were taken out."]
    assert {fresh(acme, run).state for run in acme.runs} == {State.STOPPED}


def test_runs_of_another_automation_or_account_are_left_alone(acme, zen, welcome, desk):
    other = enter(acme, flow(acme, wait(), name="Other"))
    work()
    with inside(zen):
        theirs = Run.objects.get()
    for act in ("continue", "pause", "resume", "stop"):
        with nothing_moved():
            desk.post(url(welcome, f"contacts/{act}"), {"run": [ref(acme, other), ref(zen, theirs)], "sure": "1"})


def test_pages_of_a_long_list_hold_everybody_once(acme, zen, at, desk, monkeypatch):
    monkeypatch.setattr("automations.queries.inside.PAGE", 3)
    at(MONDAY)
    made = flow(acme, wait())
    everybody = people(acme, 8)
    for contact in everybody[:5]:
        enter(acme, made, contact)
    work()
    at(MONDAY + timedelta(hours=1))
    for contact in everybody[5:]:
        enter(acme, made, contact)
    work()
    found, here = [], url(made, "contacts?step=wait")
    while here:
        page = desk.get(here)
        found += [row["run"].contact.name for row in page.context["rows"]]
        here = page.context["older"]
    assert found == [contact.name for contact in everybody]


def test_as_many_queries_for_one_contact_as_for_many(acme, zen, at, desk):
    at(MONDAY)
    made = flow(acme, step("condition", yes=[wait("a")], no=[wait("b")], conditions=[]), wait("c"))
    desk.get(url(made))
    counts = []
    for number in (1, 12):
        for contact in people(acme, number):
            enter(acme, made, contact)
        work()
        for path in ("", "contacts?step=a"):
            with CaptureQueriesContext(
                connection,
            ) as asked:
                assert desk.get(url(made, path)).status_code == 200
            counts.append(len(asked))
    assert counts[:2] == counts[2:], "\n".join(one["sql"] for one in asked)


def test_assistants_do_not_see_it(acme, welcome):
    assert desks.at(acme, "assistant").get(url(welcome)).status_code == 404


def test_another_accounts_automation_is_not_here(acme, zen, welcome):
    desk = desks.at(zen)
    for path in ("", "contacts?step=wait", "start"):
        assert desk.get(url(welcome, path)).status_code == 404
