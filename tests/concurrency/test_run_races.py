"""Races over runs: workers among themselves, and people with workers and with each other. With the run's lock off, they happen."""

import threading
import uuid
from contextlib import contextmanager, suppress

import pytest
from django.db import IntegrityError, connection

from automations import runs
from automations.models import Run, State, Visit
from automations.services import attention, starts, steering
from automations.services.starts import NotStartable
from automations.services.steering import Seen
from credits.models import Entry
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import figures
from tests.automations.flows import enter, flow, fresh, step, work

from .racing import at_once, posted, raised

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 12


@contextmanager
def unlocked(meeting):
    """In this thread no run is locked; where it would first have waited, all wait until each has read."""
    met = []

    def unlock(execute, sql, params, many, context):
        if '"automations_run"' not in sql or " FOR NO KEY UPDATE" not in sql:
            return execute(sql, params, many, context)
        found = execute(sql.split(" FOR NO KEY UPDATE")[0], params, many, context)
        if not met:
            met.append(True)
            with suppress(threading.BrokenBarrierError):
                meeting.wait(timeout=10)
        return found

    with connection.execute_wrapper(unlock):
        yield


def off(works):
    """These works, in threads that take no lock on runs."""
    meeting = threading.Barrier(len(works))

    def without(work):
        def run():
            with unlocked(meeting):
                return work()

        return run

    return [without(work) for work in works]


def uses(world, amount=1, key="consume"):
    return step("consume", key, credit_type=world.session.pk, amount=amount, short="stop")


def many(world):
    """People with a session each, in front of the step that uses it."""
    made = flow(world, uses(world), step("stop"))
    for at in range(PEOPLE):
        contact = factories.contact(world, f"Person {at}")
        factories.issue(world, 1, to=contact)
        enter(world, made, contact)


def advance(world):
    def take():
        with scope(world.account):
            return runs.advance(world.account)

    return take


def asked(world, service, verb, *runs_, **more):
    def ask():
        with scope(world.account):
            return getattr(service, verb)(account=world.account, runs=list(runs_), actor=world.actor, **more)

    return ask


def seen(world, run):
    now = fresh(world, run)
    return Seen(now.public_id, now.visit, now.attempt)


def used(world):
    with scope(world.account):
        return Entry.objects.filter(kind="consume").count(), Visit.objects.filter(
            kind="consume", outcome="done"
        ).count()


def test_two_workers_at_the_same_runs_do_each_step_once(acme, zen):
    many(acme)
    answers = at_once([work] * 3)
    assert raised(answers) == []
    work()
    assert used(acme) == (PEOPLE, PEOPLE)
    with scope(acme.account):
        assert set(Run.objects.values_list("state", flat=True)) == {State.FINISHED}


def test_without_the_lock_two_workers_do_the_same_step(acme, zen):
    """The database's own wall stops the second: a step is left once."""
    many(acme)
    answers = at_once(off([advance(acme)] * 2))
    assert len(raised(answers, IntegrityError)) == 1
    assert used(acme) == (PEOPLE, PEOPLE)


@pytest.fixture
def short(acme, zen):
    """Ann is short of two sessions."""
    run = enter(acme, flow(acme, uses(acme, 2)))
    work()
    assert fresh(acme, run).reason == "short"
    return run


@pytest.mark.parametrize("verb", ["retry", "skip", "stop", "issue_and_retry"])
def test_settled_by_four_at_once_it_is_settled_once(acme, short, verb):
    answers = at_once([asked(acme, attention, verb, seen(acme, short))] * 4)
    assert raised(answers) == []
    assert sorted(len(one.done) for one in posted(answers)) == [0, 0, 0, 1]
    assert figures(acme).issued == (2 if verb == "issue_and_retry" else 0)
    work()


def test_without_the_lock_both_say_that_they_issued_and_the_key_lets_it_happen_once(acme, short):
    answers = at_once(off([asked(acme, attention, "issue_and_retry", seen(acme, short))] * 2))
    assert [len(one.done) for one in posted(answers)] == [1, 1]
    assert figures(acme).issued == 2


def test_two_runs_of_one_contact_issued_for_at_once_are_each_issued_for(acme, zen):
    """Neither takes what was issued for the other for its own."""
    made = flow(acme, uses(acme, 2), several=True)
    both = [enter(acme, made) for _ in range(2)]
    work()
    for _ in range(2):
        answers = at_once([asked(acme, attention, "issue_and_retry", seen(acme, run)) for run in both])
        assert raised(answers) == []
    assert figures(acme).issued == 4
    work()
    assert [fresh(acme, run).state for run in both] == [State.FINISHED, State.FINISHED]


@pytest.mark.parametrize("attempt", range(4))
def test_stopped_while_a_worker_takes_it_on_it_is_one_or_the_other(acme, zen, attempt):
    factories.issue(acme, 1)
    run = enter(acme, flow(acme, uses(acme), step("stop")))
    answers = at_once([advance(acme), asked(acme, steering, "stop", run.public_id)])
    assert raised(answers) == []
    work()
    after = fresh(acme, run)
    assert after.state in (State.FINISHED, State.STOPPED)
    entries, done = used(acme)
    assert entries == done <= 1
    if after.state == State.STOPPED and not entries:
        assert figures(acme).free == 1


@pytest.mark.parametrize("attempt", range(4))
def test_resumed_and_taken_on_at_once_it_goes_on_once(acme, zen, attempt):
    factories.issue(acme, 5)
    run = enter(acme, flow(acme, uses(acme), step("stop")))
    with scope(acme.account):
        steering.pause(account=acme.account, runs=[run.public_id], actor=acme.actor)
    resume = asked(acme, steering, "resume", seen(acme, run))
    answers = at_once([resume, work, resume, work])
    assert raised(answers) == []
    work()
    assert fresh(acme, run).state == State.FINISHED
    assert used(acme) == (1, 1)


def begin(world, automation):
    def enter_now():
        with scope(world.account):
            key = uuid.uuid4()
            return starts.begin(
                account=world.account, flow=automation, contact=world.contact, key=key, actor=world.actor
            )

    return enter_now


@pytest.mark.parametrize("terms", [{"once": True, "several": True}, {}])
def test_a_contact_started_from_several_places_at_once_enters_once(acme, zen, terms):
    automation = flow(acme, step("wait", **{"for": "while", "number": 1, "unit": "days"}), **terms)
    assert acme.contact.pk
    with scope(acme.account):
        starts.begin_many(account=acme.account, flow=automation, selection=[], key=uuid.uuid4(), actor=acme.actor)
    answers = at_once([begin(acme, automation), work, begin(acme, automation), begin(acme, automation)])
    assert {type(error) for error in raised(answers)} <= {NotStartable}
    work()
    with scope(acme.account):
        assert Run.objects.count() == 1


@contextmanager
def entering_together(meeting):
    """In this thread the automation is not locked, and who is inside is read when the other reads it."""

    def unlock(execute, sql, params, many, context):
        found = execute(sql.split(" FOR NO KEY UPDATE")[0], params, many, context)
        if sql.startswith("SELECT") and '"automations_run"."contact_id" IN' in sql:
            with suppress(threading.BrokenBarrierError):
                meeting.wait(timeout=10)
        return found

    with connection.execute_wrapper(unlock):
        yield


def both_begin(world, automation):
    meeting = threading.Barrier(2)

    def together():
        with entering_together(meeting):
            return begin(world, automation)()

    return at_once([together] * 2)


def test_without_the_lock_the_index_lets_one_in(acme, zen):
    automation = flow(acme, step("wait", **{"for": "while", "number": 1, "unit": "days"}))
    assert acme.contact.pk
    answers = both_begin(acme, automation)
    assert (len(posted(answers)), len(raised(answers, NotStartable))) == (1, 1)


def test_without_the_index_either_both_enter(acme, zen):
    automation = flow(acme, step("wait", **{"for": "while", "number": 1, "unit": "days"}))
    assert acme.contact.pk
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute("DROP INDEX run_one_at_a_time")
    try:
        assert len(posted(both_begin(acme, automation))) == 2
    finally:
        with connection.as_owner(), connection.cursor() as cursor:
            cursor.execute("TRUNCATE automations_run CASCADE")
            cursor.execute("CREATE UNIQUE INDEX run_one_at_a_time ON automations_run (account_id, flow_id, one_for)")
