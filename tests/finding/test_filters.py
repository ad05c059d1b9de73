"""Which contacts a filter is about, at the edges of each condition."""

from datetime import UTC, datetime

from simplero.finding import queries
from simplero.finding.filters import Filter
from simplero.tenancy.scope import scope
from tests import factories
from tests.contacts.world import person

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)


def names(world, query):
    with scope(world.account, read_only=True):
        return sorted(contact.name for contact in queries.matching(world.account, Filter.read(query)))


def test_all_that_is_asked_for_must_be_true(acme, zen):
    ann = person(acme, "Ann Lee", tags=["VIP", "Evening"])
    person(acme, "Ann Poe", tags=["VIP"])
    person(acme, "Bob", tags=["Evening"])
    person(zen, "Ann Stranger", tags=["VIP"])
    factories.issue(acme, 2, to=ann)
    with scope(acme.account):
        tags = {tag.name: tag.public_id for tag in queries.Tag.objects.all()}
    kind = acme.session.public_id
    assert names(acme, f"tag={tags['VIP']}") == ["Ann Lee", "Ann Poe"]
    assert names(acme, f"tag={tags['VIP']}&tag={tags['Evening']}") == ["Ann Lee"]
    assert names(acme, f"q=ann&credits={kind}.none") == ["Ann Poe"]
    assert names(acme, f"credits={kind}.none") == ["Ann Poe", "Bob"]
    assert names(acme, f"credits={kind}.has") == ["Ann Lee"]
    assert names(acme, f"credits={kind}.fewer.3") == ["Ann Lee", "Ann Poe", "Bob"]
    assert names(acme, f"credits={kind}.fewer.2") == ["Ann Poe", "Bob"]
    assert names(acme, f"credits={kind}.has&credits={kind}.fewer.3") == ["Ann Lee"]
    assert names(acme, "") == ["Ann Lee", "Ann Poe", "Bob"]
