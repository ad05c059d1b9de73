"""Beginning runs, taking them on in chunks, and what happens to those that cannot be."""

import dataclasses
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from automations import runs
from automations.actions import ACTIONS
from automations.models import Flow, Run, State, Version, Visit
from automations.tasks import sweep_every_account
from simplero.outbox import relay
from simplero.outbox.models import Event, Job
from simplero.outbox.outbox import Cause
from simplero.tenancy.actors import SYSTEM
from simplero.tenancy.scope import scope
from tests import factories
from tests.automations.flows import enter, flow, fresh, publish, step, tag, visits, work

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
A_DAY = step("wait", **{"for": "while", "number": 1, "unit": "days"})


def begin(world, flow, *contacts, source="event", cause=None):
    with scope(world.account):
        beginnings = [
            runs.Beginning(one.pk, uuid.uuid5(flow.public_id, str(one.pk)), cause=cause or Cause()) for one in contacts
        ]
        return runs.begin(account=world.account, flow=flow, beginnings=beginnings, source=source, actor=SYSTEM)


def kinds(world, contact):
    with scope(world.account):
        return list(Event.objects.filter(contact_id=contact.pk).order_by("pk").values_list("kind", flat=True))


def test_one_beginning_begins_one_run(acme):
    automation = flow(acme, A_DAY, several=True)
    assert len(begin(acme, automation, acme.contact)) == 1
    assert begin(acme, automation, acme.contact) == []
    key = uuid.uuid4()
    assert enter(acme, automation, key=key) == enter(acme, automation, key=key)
    with scope(acme.account):
        assert Run.objects.count() == 2


def test_one_at_a_time_and_again_afterwards(acme, at):
    at(START)
    automation = flow(acme, A_DAY)
    assert enter(acme, automation) is not None
    assert enter(acme, automation) is None
    work()
    at(START + timedelta(days=1))
    work()
    assert enter(acme, automation) is not None


def test_only_once(acme):
    automation = flow(acme, once=True)
    assert enter(acme, automation) is not None
    work()
    assert enter(acme, automation) is None
    assert enter(acme, automation, factories.contact(acme)) is not None


def test_several_at_once_where_the_flow_allows_it(acme):
    automation = flow(acme, A_DAY, several=True)
    assert enter(acme, automation) is not None
    assert enter(acme, automation) is not None


def test_the_timeline_tells_of_automations_and_not_of_triggers(acme):
    enter(acme, flow(acme))
    begin(acme, flow(acme, of="trigger"), acme.contact)
    work()
    assert kinds(acme, acme.contact) == ["contact.created", "automation.started", "automation.finished"]


def test_what_follows_from_too_many_events_waits_for_a_person(acme):
    automation = flow(acme, several=True)
    [allowed] = begin(acme, automation, acme.contact, cause=Cause(1, runs.DEEPEST_CHAIN))
    [deeper] = begin(acme, automation, factories.contact(acme), cause=Cause(1, runs.DEEPEST_CHAIN + 1))
    work()
    assert fresh(acme, allowed).state == State.FINISHED
    stopped = fresh(acme, deeper)
    assert (stopped.state, stopped.reason, stopped.detail) == (State.ATTENTION, "loop", {"depth": 9})


def test_contacts_go_on_in_the_version_that_they_entered(acme, at):
    at(START)
    automation = flow(acme, A_DAY, step("jump", "old", to=""))
    run = enter(acme, automation)
    work()
    newer = publish(acme, automation, A_DAY, step("jump", "new", to=""))
    at(START + timedelta(days=1))
    work()
    assert visits(acme, run) == [("wait", "waited"), ("old", "done")]
    with scope(acme.account):
        assert runs.live_version(automation) == newer


def test_a_published_version_cannot_be_changed(acme):
    automation = flow(acme, A_DAY)
    with scope(acme.account):
        for change in (
            lambda: Version.objects.filter(flow=automation).update(steps=[]),
            lambda: Version.objects.filter(flow=automation).delete(),
        ):
            with pytest.raises(DatabaseError, match="is published"), transaction.atomic():
                change()


@pytest.mark.parametrize("people", [1, 12])
def test_a_chunk_costs_the_same_however_many_are_in_it(acme, people, django_assert_max_num_queries):
    automation = flow(acme, step("condition", conditions=[]), A_DAY)
    begin(acme, automation, *(factories.contact(acme, f"Contact {number}") for number in range(people)))
    with scope(acme.account), django_assert_max_num_queries(11):
        assert runs.advance(acme.account)


def test_more_than_a_chunk_are_taken_on_in_chunks(acme):
    automation = flow(acme)
    begin(acme, automation, *(factories.contact(acme, f"Contact {number}") for number in range(5)))
    with scope(acme.account):
        assert [runs.advance(acme.account, limit=2) for _ in range(3)] == [False, False, True]
        assert Run.objects.filter(state=State.FINISHED).count() == 5


BROKEN = step("nonsense")
"""A step that nothing knows how to do, as a later version of us might leave behind."""


def test_a_step_that_fails_is_set_apart_tried_five_times_and_then_waits_for_a_person(acme, at, caplog):
    at(START)
    automation = flow(acme, step("condition", yes=[BROKEN], no=[], conditions=[]), A_DAY)
    [run] = begin(acme, automation, acme.contact)
    later, tried = START, 0
    while fresh(acme, run).state == State.ACTIVE and tried < 20:
        at(later)
        work()
        tried, later = tried + 1, later + timedelta(hours=2)
    parked = fresh(acme, run)
    assert (parked.state, parked.reason, parked.detail, parked.due) == (
        State.ATTENTION,
        "failed",
        {"attempts": 5},
        None,
    )
    assert not Job.objects.filter(account_id=acme.account.pk, kind__startswith="automations.").exists()
    assert visits(acme, run) == []


def test_what_fails_holds_up_nobody_else(acme, at, caplog):
    """Of three in one chunk, one comes to the broken step: the others are done as soon as it is set apart."""
    at(START)
    bad = step(
        "condition",
        "bad",
        yes=[BROKEN],
        no=[],
        conditions=[{"kind": "credits", "credit_type": acme.session.pk, "least": 1, "is": True}],
    )
    factories.issue(acme)
    others = [factories.contact(acme, "Ben"), factories.contact(acme, "Cid")]
    begun = begin(acme, flow(acme, bad), acme.contact, *others)
    work()
    assert [fresh(acme, run).state for run in begun] == [State.ACTIVE] * 3
    at(START + timedelta(seconds=20))
    work()
    assert [fresh(acme, run).state for run in begun] == [State.ACTIVE, State.FINISHED, State.FINISHED]


def test_of_many_jobs_only_two_come_to_a_chunk_that_fails(acme, at, monkeypatch, caplog):
    """The second sees that the first failed, and takes the chunk apart."""
    at(START)
    tried = []
    monkeypatch.setitem(
        ACTIONS, "nonsense", dataclasses.replace(ACTIONS["tag"], perform=lambda *_: tried.append(1) / 0)
    )
    automation = flow(acme, BROKEN, several=True)
    for seconds in range(20):
        at(START + timedelta(milliseconds=seconds))
        enter(acme, automation)
    at(START + timedelta(seconds=1))
    work()
    assert len([record for record in caplog.records if "automations.advance " in record.getMessage()]) == 1


def test_what_another_worker_is_about_to_begin_has_not_failed(acme, at):
    at(START)
    automation = flow(acme, several=True)
    for ms in range(20):
        at(START + timedelta(milliseconds=ms))
        enter(acme, automation)
    at(START + timedelta(seconds=1))
    one = relay.claim(10)
    at(START + timedelta(seconds=1, milliseconds=1))
    two = relay.claim(10)
    assert len(one) == len(two) == 10
    relay.perform(two[0])
    with scope(acme.account):
        alone = Run.objects.filter(alone=True).count()
    assert alone == 0


def test_a_run_that_was_set_apart_and_moved_meanwhile_is_not_forgotten(acme, at):
    at(START)
    run = enter(acme, flow(acme, A_DAY))
    work()
    with scope(acme.account):
        Run.objects.filter(pk=run.pk).update(alone=True)
        runs.advance_one(acme.account, run, attempts=1)
    assert (fresh(acme, run).alone, fresh(acme, run).state) == (False, State.ACTIVE)
    at(START + timedelta(days=1))
    work()
    assert fresh(acme, run).state == State.FINISHED


@pytest.mark.parametrize("how", [{"enabled": False}, {"enabled": False, "deleted_at": START}])
def test_nobody_enters_a_flow_that_was_switched_off_or_deleted_meanwhile(acme, how):
    automation = flow(acme)
    with scope(acme.account):
        Flow.objects.filter(pk=automation.pk).update(**how)  # the caller still has it as it was
    assert enter(acme, automation) is None
    starter = enter(acme, flow(acme, step("start", flow=automation.pk), name="Starter"))
    work()
    assert fresh(acme, starter).state == State.ATTENTION


def test_who_is_inside_what_was_deleted_does_nothing_more(acme):
    automation = flow(acme, step("tag", tag=tag(acme).pk))
    run = enter(acme, automation)
    with scope(acme.account):
        Flow.objects.filter(pk=automation.pk).update(enabled=False, deleted_at=START)
        runs.advance(acme.account)
    assert (fresh(acme, run).state, fresh(acme, run).reason, visits(acme, run)) == (State.STOPPED, "deleted", [])


def test_of_two_runs_that_start_a_flow_for_one_contact_one_says_so(acme):
    second = flow(acme, A_DAY, name="Second")
    first = flow(acme, step("start", flow=second.pk), name="First", several=True)
    both = [enter(acme, first), enter(acme, first)]
    work()
    assert sorted(visits(acme, run)[0][1] for run in both) == ["done", "nothing"]


def test_a_job_for_another_accounts_run_is_refused_for_good(acme, zen, caplog):
    theirs = enter(zen, flow(zen, A_DAY))
    work()
    for kind in ("automations.advance_one", "automations.start", "automations.empty", "automations.renew"):
        Job.objects.create(account_id=acme.account.pk, kind=kind, subject=theirs.pk + 10**6, due=START)
        work()
        assert "is refused: there is no" in caplog.records[-1].getMessage()
    assert not Job.objects.filter(account_id=acme.account.pk).exists()


@pytest.mark.parametrize("alone", [False, True])
def test_what_no_job_stands_for_is_picked_up(acme, zen, at, caplog, alone):
    at(START)
    run = enter(acme, flow(acme))
    Job.objects.all().delete()
    with scope(acme.account):
        Run.objects.filter(pk=run.pk).update(alone=alone)
    sweep_every_account()
    work()
    assert fresh(acme, run).state == State.ACTIVE, "a worker may still come by"
    at(START + timedelta(minutes=6))
    sweep_every_account()
    work()
    assert fresh(acme, run).state == State.FINISHED
    assert "1 runs of account" in caplog.text


def test_what_a_job_stands_for_is_left_to_it(acme, at, caplog):
    at(START)
    run = enter(acme, flow(acme))
    at(START + timedelta(minutes=6))
    sweep_every_account()
    with scope(acme.account):
        assert runs.pick_up(acme.account) == 0
    work()
    assert (fresh(acme, run).state, caplog.text) == (State.FINISHED, "")


def test_visits_are_for_ever(acme):
    enter(acme, flow(acme, step("jump", to="")))
    work()
    with scope(acme.account), pytest.raises(DatabaseError), transaction.atomic():
        Visit.objects.update(outcome="done")


def test_another_accounts_runs_are_not_touched(acme, zen):
    theirs = enter(zen, flow(zen, A_DAY))
    work()
    with scope(acme.account):
        for steer in (runs.stop, runs.pause, runs.hurry, runs.resume, runs.retry, runs.skip):
            assert steer(account=acme.account, runs=[theirs.pk], actor=acme.actor) == []
    assert fresh(zen, theirs).state == State.ACTIVE
