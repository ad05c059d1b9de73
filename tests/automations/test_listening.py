"""Which events automations hear of: those that somebody may wait for."""

import pytest

from automations.services import flows as services
from contacts import services as services_contacts
from simplero.outbox.models import Listener
from tests.automations.flows import enter, flow, step, visits, work
from tests.factories import inside

pytestmark = pytest.mark.django_db


def awaiting(occasion, key="wait"):
    event = {"for": "event", "occasion": occasion, "event": {}, "number": 1, "unit": "weeks"}
    return step("wait", key, **event)


def heard(world):
    with inside(world):
        return set(Listener.objects.filter(who="automations").values_list("kind", flat=True))


def publish(world, of, *steps):
    with inside(world):
        common = {"account": world.account, "flow": of, "actor": world.actor}
        services.change(**common, seen=services.seen_of(of), how=lambda now: list(steps))
        services.publish(**common, seen=services.seen_of(of))


def test_what_is_live_or_has_somebody_inside_is_listened_for(acme, zen):
    of, other = flow(acme), flow(acme, name="Other")
    publish(acme, of, step("condition", "if", conditions=[], yes=[awaiting("tag.added")]))
    publish(acme, other, awaiting("credits.low"))
    assert heard(acme) == {"contact.tagged", "credits.consumed", "credits.expired", "credits.withdrawn"}
    assert heard(zen) == set()
    enter(acme, of)
    publish(acme, of, awaiting("contact.created"))
    publish(acme, other, step("stop"))
    # Somebody is inside the former version of the first, nobody in that of the second.
    assert heard(acme) == {"contact.tagged", "contact.created"}
    with inside(acme):
        services.delete(account=acme.account, flow=of, actor=acme.actor)
    assert heard(acme) == set()


def test_somebody_who_waits_hears_of_it(acme):
    of = flow(acme)
    publish(acme, of, awaiting("tag.added"))
    run = enter(acme, of)
    work()
    with inside(acme):
        services_contacts.add_tag(account=acme.account, contact=acme.contact, name="VIP", actor=acme.actor)
    work()
    assert visits(acme, run) == [("wait", "waited")]
