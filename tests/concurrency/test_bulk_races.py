"""Clicks on a roster, and starts of a job, that come at one instant."""

import uuid

import pytest

from simplero.bulk.errors import NotYet
from simplero.bulk.models import Bulk, Place
from simplero.bulk.services import jobs, rosters, working
from simplero.tenancy.scope import scope, today
from tests import factories
from tests.bulk.desk import entries, free, people

from .racing import at_once, posted, raised

pytestmark = pytest.mark.django_db(transaction=True)


def chosen(world):
    return type(world.contact).objects.filter(name__startswith="Person")


def test_a_tick_from_many_hands_and_a_form_from_many_clicks(acme, zen):
    held = people(acme, 5, 5, 5)
    factories.contact(zen)
    assert acme.contact
    with scope(acme.account):
        day, key = today(acme.account), uuid.uuid4()
        roster = rosters.add(
            account=acme.account, name="Yoga", credit_type=acme.session, day=day, contacts=chosen(acme), key=key, actor=acme.actor
        )  # fmt: skip

    def tick():
        with scope(acme.account):
            return rosters.tick(account=acme.account, roster=roster, contact=held[0], turn=0, actor=acme.actor)

    turned = at_once([tick] * 6)
    assert raised(turned) == []
    assert sorted(one.changed for one in turned) == [False] * 5 + [True]
    assert all(one.ticked for one in turned)
    assert free(acme, held) == [4, 5, 5]

    def untick():
        with scope(acme.account):
            return rosters.untick(
                account=acme.account, roster=roster, contact=held[0], turn=1, may_correct=True, actor=acme.actor
            )

    both = at_once([untick, tick, untick, tick])
    assert raised(both, NotYet) == []
    assert sum(one.changed for one in posted(both)) == 1
    assert free(acme, held) == [5, 5, 5]
    with scope(acme.account):
        assert (Place.objects.get(contact=held[0]).turn, Place.objects.get(contact=held[0]).entry) == (2, None)

    form = uuid.uuid4()

    def start():
        with scope(acme.account):
            return jobs.start(
                account=acme.account,
                order=jobs.Order("consume", credit_type=acme.session, amount=1, service_date=day),
                contacts=chosen(acme),
                selection="all=1",
                expected=3,
                key=form,
                actor=acme.actor,
            ).pk

    started = at_once([start] * 4)
    assert raised(started) == []
    [bulk_id] = set(started)

    def go_on():
        with scope(acme.account):
            return working.go_on(account=acme.account, bulk_id=bulk_id)

    assert at_once([go_on] * 3) == [True] * 3
    assert free(acme, held) == [4, 4, 4]
    assert entries(acme) == 3
    with scope(acme.account):
        assert Bulk.objects.get(pk=bulk_id).done == 3
