"""What is done about runs that need attention: each once, whoever asks again, and issuing exactly what is missing."""

from uuid import uuid4

import pytest

from automations.models import Run, State
from automations.services import attention, steering
from automations.services.steering import Seen
from credits import services as credits
from credits.errors import TypeArchived
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import figures, nothing_moved, refused
from tests.factories import inside

from .flows import enter, flow, fresh, step, visits, work

pytestmark = pytest.mark.django_db


def uses(world, amount=2, key="consume", short="stop"):
    return step("consume", key, credit_type=world.session.pk, amount=amount, short=short)


@pytest.fixture
def short(acme, zen):
    """Ann needs two sessions and has one; so does somebody of Zen."""
    for world in (zen, acme):
        factories.issue(world, 1)
        run = enter(world, flow(world, uses(world), step("stop")))
        world.run = run
    work()
    assert fresh(acme, run).state == State.ATTENTION
    return run


def settle(world, verb, *runs, **more):
    with inside(world):
        return getattr(attention, verb)(account=world.account, runs=runs, actor=world.actor, **more)


def seen(world, run):
    now = fresh(world, run)
    return Seen(now.public_id, now.visit, now.attempt)


def test_issues_exactly_what_is_missing_and_the_step_is_done(acme, short):
    settled = settle(acme, "issue_and_retry", short.public_id, note="For the course")
    assert [run.pk for run in settled.done] == [short.pk]
    assert figures(acme).free == 2
    work()
    assert fresh(acme, short).state == State.FINISHED
    assert figures(acme).free == 0
    assert visits(acme, short) == [("consume", "refused"), ("consume", "done"), ("stop", "stopped")]


def test_asked_twice_issues_once_even_when_a_worker_came_by_and_somebody_was_faster(acme, short):
    as_seen = seen(acme, short)
    settle(acme, "issue_and_retry", as_seen)
    with nothing_moved():
        assert settle(acme, "issue_and_retry", as_seen).left == 1
    factories.consume(acme, 1)  # and so it is short again
    work()
    assert fresh(acme, short).state == State.ATTENTION
    with nothing_moved():
        assert settle(acme, "issue_and_retry", as_seen).left == 1


def test_issues_nothing_when_there_is_enough_by_now(acme, short):
    factories.issue(acme, 5)
    settle(acme, "issue_and_retry", short.public_id)
    assert figures(acme).issued == 6
    work()
    assert figures(acme).free == 4


def test_two_runs_of_one_contact_are_issued_for_both(acme, zen):
    automation = flow(acme, uses(acme), several=True)
    runs = [enter(acme, automation) for _ in range(3)]
    work()
    for run in runs:
        settle(acme, "issue_and_retry", run.public_id)
    assert figures(acme).issued == 6
    work()
    assert {fresh(acme, run).state for run in runs} == {State.FINISHED}


def test_an_archived_type_is_refused_and_nothing_moves(acme, short):
    with inside(acme):
        credits.archive_type(account=acme.account, credit_type=acme.session, actor=acme.actor)
    with scope(acme.account), refused(TypeArchived):
        settle(acme, "issue_and_retry", short.public_id)
    assert fresh(acme, short).state == State.ATTENTION


def test_what_is_not_short_is_left_alone(acme, zen):
    run = enter(acme, flow(acme, step("tag", tag=999)))
    work()
    assert fresh(acme, run).reason == "gone"
    with nothing_moved():
        assert settle(acme, "issue_and_retry", run.public_id).left == 1


@pytest.mark.parametrize(
    ("verb", "state", "left"),
    [("retry", State.ATTENTION, "consume"), ("skip", State.FINISHED, ""), ("stop", State.STOPPED, "consume")],
)
def test_retry_skip_and_stop(acme, short, verb, state, left):
    as_seen = seen(acme, short)
    settle(acme, verb, as_seen)
    assert settle(acme, verb, as_seen).left == 1
    work()
    after = fresh(acme, short)
    assert (after.state, after.step) == (state, left)
    assert figures(acme).free == 1


def test_skipped_twice_skips_one_step(acme, zen):
    """The second time, a worker has brought it to the next step, which nobody has asked to skip."""
    run = enter(acme, flow(acme, uses(acme, key="a"), uses(acme, key="b")))
    work()
    as_seen = seen(acme, run)
    settle(acme, "skip", as_seen)
    work()
    assert settle(acme, "skip", as_seen).left == 1
    assert (fresh(acme, run).state, fresh(acme, run).step) == (State.ATTENTION, "b")
    settle(acme, "skip", run.public_id)
    work()
    assert fresh(acme, run).state == State.FINISHED


@pytest.mark.parametrize("verb", ["retry", "skip", "stop", "issue_and_retry"])
def test_another_account_has_no_part_in_it(acme, zen, short, verb):
    with nothing_moved():
        assert settle(zen, verb, short.public_id, uuid4()).left == 2
    with inside(zen):
        assert Run.objects.get().state == State.ATTENTION


def test_continue_now_twice_passes_one_wait(acme, zen):
    wait = {"for": "while", "number": 2, "unit": "days"}
    run = enter(acme, flow(acme, step("wait", "a", **wait), step("wait", "b", **wait)))
    work()
    as_seen = seen(acme, run)
    for _ in range(2):
        with inside(acme):
            steering.hurry(account=acme.account, runs=[as_seen], actor=acme.actor)
        work()
    assert (fresh(acme, run).state, fresh(acme, run).step) == (State.ACTIVE, "b")


def test_pause_resume_and_stop(acme, zen):
    run = enter(acme, flow(acme, step("wait", **{"for": "while", "number": 2, "unit": "days"})))
    work()
    for verb, state in (("pause", State.PAUSED), ("resume", State.ACTIVE), ("stop", State.STOPPED)):
        for left in (0, 1):
            with inside(acme):
                do = getattr(steering, verb)
                assert do(account=acme.account, runs=[run.public_id], actor=acme.actor).left == left
        work()
        assert fresh(acme, run).state == state
