"""Rows of one batch, each for something of its own."""

import uuid
from datetime import timedelta

import pytest

from credits import ledger
from credits.ledger import Origin, Row
from credits.models import Entry
from simplero.outbox.models import Event
from simplero.tenancy.actors import SYSTEM
from simplero.tenancy.scope import scope, today
from tests import factories

pytestmark = pytest.mark.django_db

BATCH = Origin(SYSTEM, "test", "the batch", cause_id=7, depth=1)


def rows(world, amount=2):
    ben = factories.contact(world, "Ben Ito")
    own = Row(world.contact.pk, world.session.pk, amount, uuid.uuid4(), source_id="a run", cause_id=9, depth=3)
    return [own, Row(ben.pk, world.session.pk, amount, uuid.uuid4())]


def written(posted):
    """Source id of each entry, and cause and depth of the event that tells of it."""
    found = []
    for row in posted:
        entry = Entry.objects.get(key=row.key)
        event = Event.objects.get(body__entry=str(row.key))
        found.append((entry.source, entry.source_id, event.cause_id, event.depth))
    return found


EXPECTED = [("test", "a run", 9, 3), ("test", "the batch", 7, 1)]


def test_an_issue_names_what_it_is_for(acme):
    issued = rows(acme)
    with scope(acme.account):
        ledger.issue_many(account=acme.account, rows=issued, origin=BATCH)
        assert written(issued) == EXPECTED


@pytest.mark.parametrize("days_back", [0, 3])
def test_a_use_names_what_it_is_for(acme, days_back):
    issued, used = rows(acme, 5), rows(acme)
    with scope(acme.account):
        ledger.issue_many(account=acme.account, rows=issued, origin=BATCH)
        used[1] = Row(issued[1].contact_id, acme.session.pk, 2, uuid.uuid4())
        day = today(acme.account) - timedelta(days=days_back)
        answers = ledger.consume_many(account=acme.account, rows=used, service_date=day, origin=BATCH)
        assert [answer.outcome for answer in answers] == ["posted", "posted"]
        assert written(used) == EXPECTED
