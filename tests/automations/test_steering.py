"""What people do to runs under way, and what each run is then."""

from datetime import UTC, datetime, timedelta

import pytest

from automations import runs
from automations.models import Run, State
from contacts.models import Contact
from credits.models import Entry
from simplero.tenancy.scope import scope
from tests import factories
from tests.automations.flows import enter, flow, fresh, publish, step, visits, work

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
A_DAY = step("wait", **{"for": "while", "number": 1, "unit": "days"})


def steer(world, how, run, **more):
    with scope(world.account):
        return how(account=world.account, runs=[run.pk], actor=world.actor, **more)


def use(world, **more):
    return step("consume", credit_type=world.session.pk, amount=2, short="stop", **more)


def short(world):
    """A run that needs attention: its contact has none of the two that the step uses."""
    run = enter(world, flow(world, use(world), step("jump", "last", to="")))
    work()
    found = fresh(world, run)
    assert (found.state, found.reason) == (State.ATTENTION, "short")
    return found


def used(world):
    with scope(world.account):
        return list(Entry.objects.filter(kind="consume").values_list("amount", "source"))


def test_paused_it_stands_and_resumed_it_goes_on(acme, at):
    at(START)
    run = enter(acme, flow(acme, A_DAY))
    work()
    assert steer(acme, runs.pause, run) == [run]
    at(START + timedelta(days=2))
    work()
    assert fresh(acme, run).state == State.PAUSED
    assert steer(acme, runs.pause, run) == []
    steer(acme, runs.resume, run)
    work()
    assert fresh(acme, run).state == State.FINISHED


def test_resumed_before_its_time_it_waits_on(acme, at):
    at(START)
    run = enter(acme, flow(acme, A_DAY))
    work()
    steer(acme, runs.pause, run)
    steer(acme, runs.resume, run)
    work()
    assert (fresh(acme, run).state, fresh(acme, run).due) == (State.ACTIVE, START + timedelta(days=1))
    at(START + timedelta(days=1))
    work()
    assert fresh(acme, run).state == State.FINISHED


@pytest.mark.parametrize("paused", [False, True])
def test_hurried_it_goes_on_now(acme, at, paused):
    at(START)
    wait = step("wait", **{"for": "expiry", "credit_type": acme.session.pk, "days": 1})
    factories.issue(acme, 5, expiry="2026-12-31")
    run = enter(acme, flow(acme, wait))
    work()
    if paused:
        steer(acme, runs.pause, run)
    steer(acme, runs.hurry, run)
    work()
    assert fresh(acme, run).state == State.FINISHED


def test_only_who_waits_is_hurried(acme):
    run = short(acme)
    assert steer(acme, runs.hurry, run) == []


def test_stopped_it_is_over_and_the_next_may_enter(acme, at):
    at(START)
    automation = flow(acme, A_DAY)
    run = enter(acme, automation)
    work()
    steer(acme, runs.stop, run)
    stopped = fresh(acme, run)
    assert (stopped.state, stopped.reason, stopped.due, stopped.ended_at) == (State.STOPPED, "stopped", None, START)
    assert visits(acme, run) == [("wait", "stopped")]
    assert steer(acme, runs.stop, run) == []
    at(START + timedelta(days=1))
    work()
    assert fresh(acme, run).state == State.STOPPED
    assert enter(acme, automation) is not None


def test_retried_it_does_the_step_once_under_the_same_key(acme):
    run = short(acme)
    assert used(acme) == []
    steer(acme, runs.retry, run)
    work()
    assert (fresh(acme, run).state, fresh(acme, run).attempt) == (State.ATTENTION, 2)
    factories.issue(acme, 5)
    steer(acme, runs.retry, run)
    work()
    work()
    assert used(acme) == [(-2, "automation")]
    assert fresh(acme, run).state == State.FINISHED
    assert visits(acme, run) == [("consume", "refused")] * 2 + [("consume", "done"), ("last", "done")]


def test_skipped_it_goes_on_behind_the_step(acme):
    run = short(acme)
    steer(acme, runs.skip, run)
    work()
    assert (fresh(acme, run).state, used(acme)) == (State.FINISHED, [])
    assert visits(acme, run) == [("consume", "refused"), ("consume", "skipped"), ("last", "done")]
    assert steer(acme, runs.skip, run) == []


def test_skipped_it_comes_to_the_next_wait_now(acme, at):
    at(START)
    use = step("consume", "use", credit_type=acme.session.pk, amount=1, short="stop")
    run = enter(acme, flow(acme, use, step("wait", **{"for": "while", "number": 3, "unit": "days"})))
    work()
    assert fresh(acme, run).state == State.ATTENTION
    at(START + timedelta(days=4))
    with scope(acme.account):
        runs.skip(account=acme.account, runs=[run.pk], actor=acme.actor)
    work()
    assert fresh(acme, run).state == State.ACTIVE


def test_stopped_while_it_needs_attention(acme):
    run = short(acme)
    steer(acme, runs.stop, run)
    factories.issue(acme, 5)
    work()
    assert (fresh(acme, run).state, used(acme)) == (State.STOPPED, [])


def test_moved_it_goes_on_in_the_newest_version(acme, at):
    at(START)
    automation = flow(acme, A_DAY, step("jump", "old", to=""))
    run = enter(acme, automation)
    work()
    longer = step("wait", **{"for": "while", "number": 3, "unit": "days"})
    newest = publish(acme, automation, longer, step("jump", "new", to=""))
    at(START + timedelta(hours=1))
    assert steer(acme, runs.move, run, to=newest) == [run]
    work()
    assert fresh(acme, run).due == START + timedelta(days=3), "reckoned from when it came to the wait"
    at(START + timedelta(days=3))
    work()
    assert visits(acme, run) == [("wait", "waited"), ("new", "done")]


def test_it_stays_where_the_newest_version_does_not_have_its_step(acme, at):
    at(START)
    automation = flow(acme, A_DAY)
    run = enter(acme, automation)
    work()
    newest = publish(acme, automation, step("jump", "new", to=""))
    assert steer(acme, runs.move, run, to=newest) == []
    assert fresh(acme, run).version != newest


def test_an_automation_stopped_by_another(acme, at):
    at(START)
    waiting = flow(acme, A_DAY)
    run, other = enter(acme, waiting), enter(acme, waiting, factories.contact(acme))
    work()
    enter(acme, flow(acme, step("stop_automation", "halt", flow=waiting.pk), name="Stopper"))
    work()
    assert (fresh(acme, run).state, fresh(acme, run).reason) == (State.STOPPED, "halted")
    assert fresh(acme, other).state == State.ACTIVE


def test_an_automation_started_by_another_is_a_link_further(acme):
    second = flow(acme, A_DAY, name="Second")
    enter(acme, flow(acme, step("start", flow=second.pk), name="First"))
    work()
    with scope(acme.account):
        begun = Run.objects.get(flow=second)
        assert (begun.source, begun.depth, Contact.objects.get(runs=begun)) == ("automation", 1, acme.contact)


def test_automations_that_start_each_other_stop_with_attention(acme):
    first = flow(acme, name="First", several=True)
    second = flow(acme, step("start", flow=first.pk), name="Second", several=True)
    publish(acme, first, step("start", flow=second.pk))
    enter(acme, first)
    work()
    with scope(acme.account):
        assert Run.objects.filter(state=State.FINISHED).count() == 1 + runs.DEEPEST_CHAIN
        assert Run.objects.get(state=State.ATTENTION).reason == "loop"


def test_it_says_since_when_it_is_paused(acme, at):
    at(START)
    run = enter(acme, flow(acme, A_DAY))
    work()
    at(START + timedelta(hours=3))
    steer(acme, runs.pause, run)
    assert (fresh(acme, run).paused_at, fresh(acme, run).since) == (START + timedelta(hours=3), START)
