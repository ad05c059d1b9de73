"""Contacts that are merged while they wait in a job or are expected on a roster."""

import uuid

import pytest

from contacts import services
from contacts.directory import Details
from simplero.bulk.models import Place
from simplero.bulk.services import rosters
from simplero.tenancy.scope import today
from tests.factories import inside

from .desk import entries, free, outcomes, people, text, work

pytestmark = pytest.mark.django_db


def test_who_waits_goes_on_as_the_other(desk):
    world = desk.world
    ann, ben, cleo, dora = people(world, 2, 3, 0, 4)
    desk.used([ann, ben, cleo], expected=3)  # ben goes into ann, who is in it too, and cleo into dora, who is not
    with inside(world):
        contacts = type(ann).objects.filter(pk__in=[ben.pk, cleo.pk])
        roster = rosters.add(
            account=world.account,
            name="Yoga",
            credit_type=world.session,
            day=today(world.account),
            contacts=contacts,
            key=uuid.uuid4(),
            actor=world.actor,
        )
        for source, target in ((ben, ann), (cleo, dora)):
            merged = services.merge(
                account=world.account,
                source=source,
                target=target,
                details=Details.of(target),
                key=uuid.uuid4(),
                actor=world.actor,
            )
    work()
    assert outcomes(world) == [("Person 000", "done"), ("Person 001", "refused gone"), ("Person 003", "done")]
    assert free(world, [ann, ben, cleo, dora]) == [4, 0, 0, 3]
    assert entries(world) == 2
    page = text(desk.get(f"rosters/{roster.public_id}/"))
    assert "Person 000" in page
    assert "Person 003" in page
    assert "0 of 2 came" in page
    with inside(world):
        services.undo_merge(account=world.account, merge=merged, actor=world.actor)
        assert set(Place.objects.filter(roster=roster).values_list("contact_id", flat=True)) == {ann.pk, cleo.pk}


def test_who_came_and_went_stays_and_is_not_unticked_there(desk):
    """Their use is the other's history now; what is done about it is done there."""
    world = desk.world
    ann, ben, cleo = people(world, 2, 3, 1)
    with inside(world):
        roster = rosters.add(
            account=world.account,
            name="Yoga",
            credit_type=world.session,
            day=today(world.account),
            contacts=type(ann).objects.filter(pk__in=[ben.pk, cleo.pk]),
            key=uuid.uuid4(),
            actor=world.actor,
        )
        for one in (ben, cleo):
            rosters.tick(account=world.account, roster=roster, contact=one, turn=0, actor=world.actor)
    untick = f"places/{ben.public_id}/untick"
    assert " disabled>" not in desk.get(f"rosters/{roster.public_id}/").content.decode()
    with inside(world):
        services.merge(
            account=world.account,
            source=ben,
            target=ann,
            details=Details.of(ann),
            key=uuid.uuid4(),
            actor=world.actor,
        )
        services.erase(account=world.account, contact=cleo, actor=world.actor)
    after = desk.get(f"rosters/{roster.public_id}/")
    assert "2 of 2 came" in text(after)
    assert after.content.decode().count('aria-pressed="true" disabled>') == 2
    assert "merged into another contact since: reverse the use there" in text(after)
    assert desk.post(f"rosters/{roster.public_id}/{untick}", {"turn": 1}).status_code == 409
    assert free(world, [ann, ben]) == [4, 0]
