"""A lot that is being opened while the account's zone changes ends by the new zone; and without the lock it would not."""

import threading

import pytest

from credits import services
from credits.proof import verify
from simplero.tenancy.models import Account
from simplero.tenancy.scope import scope
from tests import factories

from .racing import at_once, changed, raised

pytestmark = pytest.mark.django_db(transaction=True)


def race(acme):
    """One opens a lot and commits only when the other has changed the zone, or waits to; what the proof then finds."""
    opened, waited = threading.Event(), threading.Event()

    def issue():
        with scope(acme.account):
            factories.issue(acme, 5, expiry="1 months")
            opened.set()
            waited.wait(timeout=3)

    def rezone():
        opened.wait(timeout=30)
        threading.Timer(1, waited.set).start()
        with scope(acme.account):
            services.rezone(account=acme.account, time_zone="America/New_York")
        waited.set()

    assert not raised(at_once([issue, rezone]))
    with scope(acme.account, read_only=True):
        return verify(Account.objects.get(pk=acme.account.pk))


def test_the_change_waits_for_who_reckons_with_the_old_zone(acme):
    assert race(acme) == []


@pytest.mark.corrupts_ledger
def test_without_the_lock_it_does_not(acme):
    with changed(
        lambda text: text.replace("PERFORM pg_advisory_xact_lock_shared", "PERFORM abs(1) FROM generate_series"),
        "credits_zone",
    ):
        found = race(acme)
    assert [damage.invariant for damage in found] == ["I5"]
