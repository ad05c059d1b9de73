"""A posting that commits after its neighbours are added up is not lost. The negative control: with a mark that does not wait, it is."""

import threading
import time

import pytest
from django.db import connection

from credits import proof, tallies
from credits.queries.tallies import Total, sums
from simplero.tenancy.scope import scope
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.corrupts_ledger]

AT_ONCE = tallies.SETTLED.replace("'15 minutes'", "'0'").replace("'1 minute'", "'0'")


@pytest.mark.parametrize(
    ("settled", "lost"), [(AT_ONCE, False), (tallies.SETTLED, False), ("ledger_now()", True)], ids=["waits", "ships", "does not wait"]
)  # fmt: skip
def test_a_late_commit(acme, zen, monkeypatch, settled, lost):
    monkeypatch.setattr(tallies, "SETTLED", settled)
    factories.issue(acme, 5)
    ben = factories.contact(acme, "Ben")
    began, go_on = threading.Event(), threading.Event()

    def late():
        try:
            with scope(acme.account):
                factories.consume(acme, 1)
                began.set()
                go_on.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=late)
    thread.start()
    assert began.wait(20)
    factories.issue(acme, 3, to=ben)
    time.sleep(0.02)
    with scope(acme.account):
        tallies.advance(account=acme.account)
    go_on.set()
    thread.join(20)
    assert not thread.is_alive()
    with scope(acme.account):
        assert Total.of(sums(acme.account)).amount == (8 if lost else 7)
        assert bool(proof.verify(acme.account)) is lost
        tallies.advance(account=acme.account)
        assert bool(proof.verify(acme.account)) is lost
        tallies.rebuild(account=acme.account)
        assert proof.verify(acme.account) == []
        assert Total.of(sums(acme.account)).amount == 7
