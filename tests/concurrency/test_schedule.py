"""A job that is there already must not be done before what counts on it is committed."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection

from simplero.outbox import handlers, outbox, relay
from simplero.outbox.models import Job
from simplero.tenancy.scope import scope

pytestmark = pytest.mark.django_db(transaction=True)

DUE = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_job_waits_for_who_counts_on_it(acme):
    """Another transaction asks for the same job and takes its time: a relay meanwhile leaves the job alone."""
    done = []
    handlers.register("test.count", lambda **_: done.append(1) or True)
    try:
        with scope(acme.account):
            outbox.schedule(account=acme.account, kind="test.count", subject=0, due=DUE)
        asked, finish = threading.Event(), threading.Event()

        def ask():
            try:
                with scope(acme.account):
                    outbox.schedule(account=acme.account, kind="test.count", subject=0, due=DUE)
                    asked.set()
                    finish.wait(10)
            finally:
                connection.close()

        slow = threading.Thread(target=ask)
        slow.start()
        assert asked.wait(10)
        relay.relay(seconds=1)
        assert done == [], "done while somebody was still writing what it is about"
        finish.set()
        slow.join()
        relay.relay()
        assert done == [1]
        assert not Job.objects.exists()
    finally:
        del handlers.HANDLERS["test.count"]
