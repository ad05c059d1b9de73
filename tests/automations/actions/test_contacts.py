"""Add a tag, Remove a tag, Start an automation, Stop an automation."""

import pytest

from automations.models import Of, Outcome
from contacts import directory
from simplero.outbox.models import Event
from tests import factories
from tests.assertions import nothing_moved
from tests.automations.flows import enter, flow, fresh, step, tag, visits, work
from tests.contacts.world import tags_of
from tests.credits.pages.conftest import assert_same_cost
from tests.factories import inside

from .turns import cost, foresee, many, perform, said, turns

pytestmark = pytest.mark.django_db

A_DAY = step("wait", **{"for": "while", "number": 1, "unit": "days"})


def outcomes(done):
    return [one.outcome for one in done]


def put(world, contact, name="VIP"):
    with inside(world):
        directory.tag(account=world.account, contact=contact, name=name, actor=world.actor)


def test_who_has_the_tag_has_it_once(acme, zen):
    vip, ben = tag(acme), factories.contact(acme, "Ben")
    put(acme, ben)
    come = turns(acme, acme.contact, ben, acme.contact)
    done = perform(acme, "tag", come, tag=vip.pk)
    assert outcomes(done) == [Outcome.DONE, Outcome.NOTHING, Outcome.NOTHING]
    assert tags_of(acme.contact) == tags_of(ben) == ["VIP"]
    with inside(acme):
        told = Event.objects.get(kind="contact.tagged", contact_id=acme.contact.pk)
        assert (told.cause_id, told.depth, told.actor_kind) == (41, 2, "system")
    with nothing_moved():
        assert outcomes(perform(acme, "tag", come, tag=vip.pk)) == [Outcome.NOTHING] * 3


def test_who_has_no_room_for_a_tag_waits_for_a_person(acme, monkeypatch):
    monkeypatch.setattr(directory, "MOST_TAGS", 1)
    vip = tag(acme)
    put(acme, acme.contact, "Early bird")
    come = turns(acme, acme.contact)
    with nothing_moved():
        [done] = perform(acme, "tag", come, tag=vip.pk)
    assert (done.outcome, done.reason, done.detail) == (Outcome.REFUSED, "too_many_tags", {"tag": vip.pk})
    assert foresee(acme, "tag", tag=vip.pk)[1] == "warn"


def test_a_tag_is_taken_off_once(acme):
    vip, ben = tag(acme), factories.contact(acme, "Ben")
    put(acme, ben)
    done = perform(acme, "untag", turns(acme, acme.contact, ben, ben), tag=vip.pk)
    assert outcomes(done) == [Outcome.NOTHING, Outcome.DONE, Outcome.NOTHING]
    assert tags_of(ben) == []


@pytest.mark.parametrize("kind", ["tag", "untag"])
def test_a_tag_of_another_account_is_none(acme, zen, kind):
    theirs, come = tag(zen, "Theirs"), turns(acme, acme.contact)
    with nothing_moved():
        [done] = perform(acme, kind, come, tag=theirs.pk)
    assert (done.outcome, done.reason, done.detail) == (Outcome.REFUSED, "gone", {"what": "tag", "tag": theirs.pk})
    assert foresee(acme, kind, tag=theirs.pk) == (
        "The tag of this step is gone: would stop and ask for attention.",
        "bad",
    )


@pytest.mark.parametrize("kind", ["tag", "untag"])
def test_sixty_cost_what_one_costs(acme, kind):
    vip, one, people = tag(acme), many(acme, 1), many(acme, 60)
    with inside(acme):
        for person in [*one, *people] if kind == "untag" else people[:50]:
            directory.tag(account=acme.account, contact=person, name="VIP", actor=acme.actor)
    assert_same_cost(cost(acme, kind, one, tag=vip.pk), cost(acme, kind, people, tag=vip.pk))


def test_what_a_tag_would_do(acme):
    vip = tag(acme)
    assert said(acme, "tag", tag=vip.pk) == "Tag “VIP”"
    assert said(acme, "untag", tag=vip.pk) == "Remove the tag “VIP”"
    assert foresee(acme, "tag", tag=vip.pk) == ("Would be tagged “VIP”.", "good")
    assert foresee(acme, "untag", tag=vip.pk) == ("Does not have the tag “VIP”: nothing to do.", "")
    put(acme, acme.contact)
    assert foresee(acme, "tag", tag=vip.pk) == ("Has the tag “VIP” already: nothing to do.", "")
    assert foresee(acme, "untag", tag=vip.pk) == ("The tag “VIP” would be removed.", "good")


def test_start_and_stop_are_asked_of_who_runs_them(acme):
    other, come = flow(acme, A_DAY, name="Other"), turns(acme, acme.contact)
    with nothing_moved():
        [begin] = perform(acme, "start", come, flow=other.pk)
        [halt] = perform(acme, "stop_automation", come, flow=other.pk)
    assert (begin.outcome, begin.begin, begin.halt) == (Outcome.DONE, other.pk, None)
    assert (halt.outcome, halt.begin, halt.halt) == (Outcome.DONE, None, other.pk)


def test_a_flow_that_starts_another_and_one_that_stops_it(acme):
    other = flow(acme, A_DAY, name="Other")
    starting = flow(acme, step("start", flow=other.pk))
    stopping = flow(acme, step("stop_automation", "halt", flow=other.pk), of=Of.TRIGGER)
    first, second = enter(acme, starting), enter(acme, starting, factories.contact(acme, "Ben"))
    work()
    assert visits(acme, first) == visits(acme, second) == [("start", "done")]
    with inside(acme):
        inside_it = {run.contact_id: run for run in other.runs.all()}
    assert set(inside_it) == {first.contact_id, second.contact_id}
    again = enter(acme, starting)
    stop, idle = enter(acme, stopping), enter(acme, stopping, factories.contact(acme, "Cleo"))
    work()
    assert visits(acme, again) == [("start", "nothing")]
    assert visits(acme, stop) == [("halt", "done")]
    assert visits(acme, idle) == [("halt", "nothing")]
    assert fresh(acme, inside_it[first.contact_id]).state == "stopped"
    assert fresh(acme, inside_it[second.contact_id]).state == "active"


def spoiled(acme, zen, how):
    """A flow that cannot be started."""
    made = flow(
        zen if how == "zen" else acme, A_DAY, of=Of.TRIGGER if how == "trigger" else Of.AUTOMATION, name="Other"
    )
    with inside(zen if how == "zen" else acme):
        if how in ("off", "deleted"):
            made.enabled = False
            made.deleted_at = made.created_at if how == "deleted" else None
            made.save()
    return made


@pytest.mark.parametrize("how", ["zen", "trigger", "deleted", "off"])
def test_what_is_gone_is_not_started(acme, zen, how):
    made, come = spoiled(acme, zen, how), turns(acme, acme.contact)
    with nothing_moved():
        [done] = perform(acme, "start", come, flow=made.pk)
    expected = ("off", {"flow": made.pk}) if how == "off" else ("gone", {"what": "flow", "flow": made.pk})
    assert (done.outcome, done.reason, done.detail, done.begin) == (Outcome.REFUSED, *expected, None)
    assert foresee(acme, "start", flow=made.pk)[1] == ("warn" if how == "off" else "bad")


@pytest.mark.parametrize("how", ["zen", "trigger", "deleted"])
def test_what_is_gone_is_not_stopped(acme, zen, how):
    made, come = spoiled(acme, zen, how), turns(acme, acme.contact)
    [done] = perform(acme, "stop_automation", come, flow=made.pk)
    assert (done.outcome, done.reason, done.halt) == (Outcome.REFUSED, "gone", None)
    assert foresee(acme, "stop_automation", flow=made.pk)[1] == "bad"


def test_one_that_is_off_can_be_stopped(acme, zen):
    made = spoiled(acme, zen, "off")
    [done] = perform(acme, "stop_automation", turns(acme, acme.contact), flow=made.pk)
    assert done.halt == made.pk


def test_what_starting_would_do(acme):
    other, once = flow(acme, A_DAY, name="Other"), flow(acme, name="Once", once=True)
    assert said(acme, "start", flow=other.pk) == "Start “Other”"
    assert said(acme, "stop_automation", flow=other.pk) == "Stop “Other”"
    assert foresee(acme, "start", flow=other.pk) == ("“Other” would be started.", "good")
    assert foresee(acme, "stop_automation", flow=other.pk) == ("Is not inside “Other”: nothing to do.", "")
    enter(acme, other)
    enter(acme, once)
    work()
    assert foresee(acme, "start", flow=other.pk) == ("Is inside “Other” already: nothing to do.", "")
    assert foresee(acme, "stop_automation", flow=other.pk) == ("“Other” would be stopped.", "good")
    assert foresee(acme, "start", flow=once.pk)[0].startswith("Has been through “Once”")
