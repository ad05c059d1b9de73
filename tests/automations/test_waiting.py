"""Steps that only decide how a run goes on: wait, condition, jump, stop."""

from datetime import UTC, datetime, timedelta

import pytest

from automations import runs
from automations.models import Run, State
from contacts import services as contacts
from simplero.outbox import outbox
from simplero.tenancy.scope import scope
from tests import factories
from tests.automations import flows
from tests.automations.flows import enter, flow, fresh, step, visits, work

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def test_a_run_without_steps_finishes(acme):
    run = enter(acme, flow(acme))
    work()
    done = fresh(acme, run)
    assert (done.state, done.due, done.ended_at is not None) == (State.FINISHED, None, True)


def test_waits_a_while_then_goes_on(acme, at):
    at(MONDAY)
    run = enter(acme, flow(acme, step("wait", **{"for": "while", "number": 3, "unit": "days"})))
    work()
    waiting = fresh(acme, run)
    assert (waiting.state, waiting.waiting, waiting.due) == (State.ACTIVE, True, MONDAY + timedelta(days=3))
    assert visits(acme, run) == []
    at(MONDAY + timedelta(days=3, seconds=-1))
    assert work() == 0
    at(MONDAY + timedelta(days=3))
    work()
    assert fresh(acme, run).state == State.FINISHED
    assert visits(acme, run) == [("wait", "waited")]


def test_days_keep_the_time_of_day_where_clocks_change(acme, at):
    """Copenhagen goes from +1 to +2 on 29 March."""
    at(datetime(2026, 3, 28, 8, tzinfo=UTC))
    run = enter(acme, flow(acme, step("wait", **{"for": "while", "number": 2, "unit": "days"})))
    work()
    assert fresh(acme, run).due == datetime(2026, 3, 30, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("weekday", "time", "due"),
    [
        (0, "11:00", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        (0, "10:00", datetime(2026, 3, 9, 9, tzinfo=UTC)),
        (4, "08:15", datetime(2026, 3, 6, 7, 15, tzinfo=UTC)),
    ],
)
def test_waits_until_a_weekday_and_time(acme, at, weekday, time, due):
    at(MONDAY)  # 10:30 in Copenhagen
    run = enter(acme, flow(acme, step("wait", **{"for": "weekday", "weekday": weekday, "time": time})))
    work()
    assert fresh(acme, run).due == due


def test_waits_until_a_date_or_goes_on_when_it_is_past(acme, at):
    at(MONDAY)
    coming = enter(acme, flow(acme, step("wait", **{"for": "date", "date": "2026-04-01", "time": "09:00"})))
    past = enter(acme, flow(acme, step("wait", **{"for": "date", "date": "2026-02-01", "time": "09:00"})))
    work()
    assert fresh(acme, coming).due == datetime(2026, 4, 1, 7, tzinfo=UTC)
    assert fresh(acme, past).state == State.FINISHED


def test_waits_until_before_credits_expire_and_looks_again_then(acme, at):
    at(MONDAY)
    wait = step("wait", **{"for": "expiry", "credit_type": acme.session.pk, "days": 7})
    factories.issue(acme, 5, expiry="2026-03-31")
    run, without = enter(acme, flow(acme, wait)), enter(acme, flow(acme, wait), factories.contact(acme))
    work()
    due = datetime(2026, 3, 24, 23, tzinfo=UTC)  # seven days, one of 23 hours, before the first instant of 1 April
    assert (fresh(acme, run).goes_on_at, fresh(acme, without).state) == (due, State.FINISHED)
    [lot] = factories.lots(acme)
    factories.redate(acme, lot, datetime(2026, 4, 30).date())
    at(due)
    work()
    assert fresh(acme, run).goes_on_at == datetime(2026, 4, 23, 22, tzinfo=UTC)


def test_credits_that_end_sooner_are_seen_within_a_day(acme, at):
    at(MONDAY)
    factories.issue(acme, 5, expiry="2026-12-31")
    run = enter(acme, flow(acme, step("wait", **{"for": "expiry", "credit_type": acme.session.pk, "days": 7})))
    work()
    factories.issue(acme, 5, expiry="2026-04-30")
    at(MONDAY + timedelta(days=1))
    work()
    assert fresh(acme, run).goes_on_at == datetime(2026, 4, 23, 22, tzinfo=UTC)


def awaiting_tag(world, name="VIP"):
    with scope(world.account):
        found = contacts.add_tag(account=world.account, contact=factories.contact(world), name=name, actor=world.actor)
    return found, step(
        "wait", **{"for": "event", "occasion": "tag.added", "event": {"tag": found.pk}, "number": 2, "unit": "weeks"}
    )


def test_waits_for_an_event_of_its_contact(acme, at):
    at(MONDAY)
    _, wait = awaiting_tag(acme)
    run = enter(acme, flow(acme, wait))
    with scope(acme.account):
        outbox.listen(account=acme.account, who="automations", kinds=["contact.tagged"])
    work()
    assert fresh(acme, run).goes_on_at == MONDAY + timedelta(weeks=2)
    with scope(acme.account):
        contacts.add_tag(account=acme.account, contact=acme.contact, name="Other", actor=acme.actor)
    work()
    assert fresh(acme, run).state == State.ACTIVE
    with scope(acme.account):
        contacts.add_tag(account=acme.account, contact=acme.contact, name="VIP", actor=acme.actor)
    work()
    assert fresh(acme, run).state == State.FINISHED


def test_goes_on_without_the_event_when_it_has_waited_long_enough(acme, at):
    at(MONDAY)
    run = enter(acme, flow(acme, awaiting_tag(acme)[1]))
    work()
    at(MONDAY + timedelta(weeks=2))
    work()
    assert fresh(acme, run).state == State.FINISHED


def listen(world, *kinds):
    with scope(world.account):
        outbox.listen(account=world.account, who="automations", kinds=kinds)


def waiting_for_a_use(world):
    event = {"for": "event", "occasion": "credits.consumed", "event": {}, "number": 2, "unit": "weeks"}
    return step("wait", **event)


def test_what_it_did_itself_is_not_what_it_waits_for(acme, at):
    """Else a use, a wait for the next use and a jump back would use up the whole wallet at once."""
    at(MONDAY)
    listen(acme, "credits.consumed")
    factories.issue(acme, 5)
    use = step("consume", "use", credit_type=acme.session.pk, amount=1, short="stop")
    run = enter(acme, flow(acme, use, waiting_for_a_use(acme), step("jump", to="use")))
    for seconds in range(0, 30, 5):
        at(MONDAY + timedelta(seconds=seconds))
        work()
    assert visits(acme, run) == [("use", "done")]
    factories.consume(acme)
    work()
    assert visits(acme, run) == [("use", "done"), ("wait", "waited"), ("jump", "done"), ("use", "done")]


def test_what_happened_before_it_waits_and_is_heard_of_later_does_not_count(acme, at):
    at(MONDAY)
    listen(acme, "credits.consumed")
    factories.issue(acme, 5)
    factories.consume(acme)  # not delivered yet
    run = enter(acme, flow(acme, waiting_for_a_use(acme)))
    with scope(acme.account):
        runs.advance(acme.account)
    work()
    assert (fresh(acme, run).state, fresh(acme, run).waiting) == (State.ACTIVE, True)


def test_what_was_delivered_while_it_was_coming_to_the_wait_is_found(acme, at):
    """Its chunk had not been committed when the event was delivered: nobody could see that it waits."""
    at(MONDAY)
    factories.issue(acme, 5)
    run = enter(acme, flow(acme, waiting_for_a_use(acme)))
    work()
    factories.consume(acme)  # nobody listens: as good as delivered already
    at(MONDAY + timedelta(seconds=5))
    work()
    assert fresh(acme, run).state == State.FINISHED


def test_two_that_chase_each_other_through_waits_stop_with_attention(acme, at):
    at(MONDAY)
    listen(acme, "contact.tagged")
    ping, pong = flows.tag(acme, "ping"), flows.tag(acme, "pong")

    def chase(name, waits_for, adds):
        event = {"for": "event", "occasion": "tag.added", "event": {"tag": waits_for.pk}, "number": 2, "unit": "weeks"}
        steps = [
            step("wait", **event),
            step("untag", tag=waits_for.pk),
            step("tag", tag=adds.pk),
            step("jump", to="wait"),
        ]
        return enter(acme, flow(acme, *steps, name=name))

    both = [chase("A", ping, pong), chase("B", pong, ping)]
    work()
    with scope(acme.account):
        contacts.add_tag(account=acme.account, contact=acme.contact, name="ping", actor=acme.actor)
    work()
    assert {fresh(acme, run).reason for run in both} == {"hops", ""}


def test_a_move_to_the_newest_version_keeps_what_it_waits_for(acme, at):
    at(MONDAY)
    listen(acme, "credits.consumed")
    factories.issue(acme, 5)
    automation = flow(acme, waiting_for_a_use(acme))
    run = enter(acme, automation)
    work()
    newest = flows.publish(acme, automation, waiting_for_a_use(acme), step("stop"))
    with scope(acme.account):
        assert runs.move(account=acme.account, runs=[run.pk], to=newest, actor=acme.actor)
    factories.consume(acme)  # before a worker has come by
    work()
    assert visits(acme, run) == [("wait", "waited"), ("stop", "stopped")]


def test_what_a_contact_did_before_does_not_count_beside_one_who_waits_longer(acme, at):
    at(MONDAY)
    listen(acme, "credits.consumed")
    automation = flow(acme, waiting_for_a_use(acme))
    ben = factories.contact(acme, "Ben")
    enter(acme, automation, ben)
    work()
    at(MONDAY + timedelta(days=5))
    factories.issue(acme, 5)
    factories.consume(acme)
    work()
    at(MONDAY + timedelta(days=14) - timedelta(seconds=3))
    run = enter(acme, automation)
    work()
    at(MONDAY + timedelta(days=14) + timedelta(seconds=2))
    work()
    assert fresh(acme, run).state == State.ACTIVE


def test_moved_together_each_goes_by_its_own_wait(acme, at):
    at(MONDAY)
    listen(acme, "credits.consumed")
    automation = flow(acme, waiting_for_a_use(acme))
    ben = factories.contact(acme, "Ben")
    enter(acme, automation, ben)
    work()
    at(MONDAY + timedelta(seconds=5))
    work()
    at(MONDAY + timedelta(days=2))
    factories.issue(acme, 5)
    factories.consume(acme)
    work()
    at(MONDAY + timedelta(days=4))
    run = enter(acme, automation)
    work()
    at(MONDAY + timedelta(days=4, seconds=5))
    work()
    assert fresh(acme, run).state == State.ACTIVE
    at(MONDAY + timedelta(days=5))
    newest = flows.publish(acme, automation, waiting_for_a_use(acme), step("stop"))
    with scope(acme.account):
        runs.move(
            account=acme.account, runs=list(Run.objects.values_list("pk", flat=True)), to=newest, actor=acme.actor
        )
    work()
    assert fresh(acme, run).state == State.ACTIVE


def test_moved_from_a_while_to_an_event_it_waits_for_the_event(acme, at):
    at(MONDAY)
    listen(acme, "credits.consumed")
    automation = flow(acme, step("wait", **{"for": "while", "number": 3, "unit": "days"}))
    run = enter(acme, automation)
    work()
    newest = flows.publish(acme, automation, waiting_for_a_use(acme))
    with scope(acme.account):
        runs.move(account=acme.account, runs=[run.pk], to=newest, actor=acme.actor)
    work()
    assert fresh(acme, run).state == State.ACTIVE


def test_takes_the_branch_that_its_condition_says_and_goes_on_behind_it(acme):
    with scope(acme.account):
        vip = contacts.add_tag(account=acme.account, contact=acme.contact, name="VIP", actor=acme.actor)
    condition = step(
        "condition",
        yes=[step("jump", "over", to="end")],
        no=[step("stop", "no")],
        conditions=[{"kind": "tag", "tag": vip.pk, "is": True}],
    )
    automation = flow(acme, condition, step("stop", "between"), step("stop", "end"))
    yes, no = enter(acme, automation), enter(acme, automation, factories.contact(acme))
    work()
    assert visits(acme, yes) == [("condition", "yes"), ("over", "done"), ("end", "stopped")]
    assert visits(acme, no) == [("condition", "no"), ("no", "stopped")]
    assert fresh(acme, yes).state == fresh(acme, no).state == State.FINISHED


def test_a_circle_without_a_wait_asks_for_attention(acme):
    run = enter(acme, flow(acme, step("jump", "a", to="a")))
    work()
    stuck = fresh(acme, run)
    assert (stuck.state, stuck.reason, stuck.due) == (State.ATTENTION, "hops", None)
