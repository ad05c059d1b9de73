"""The sweep: what is overdue is written off, in time or late, once."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

import pytest
from celery import Celery
from django.db import connection

import simplero.celery
from credits import handlers
from credits.models import Entry
from credits.tasks import verify_account
from simplero.outbox.models import Job
from simplero.outbox.relay import relay
from simplero.outbox.tasks import relay as relay_task
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import figures

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
LATER = datetime(2026, 4, 1, 12, tzinfo=UTC)


def leave_only_expiries():
    """Letters have tests of their own."""
    Job.objects.exclude(kind="credits.expire").delete()


def test_writes_each_expiry_at_its_lots_end(acme, at):
    at(NOON)
    factories.issue(acme, 3, expiry="2026-03-10")
    factories.issue(acme, 4, expiry="2026-03-08")
    factories.issue(acme, 5)
    at(LATER)
    assert factories.sweep(acme) == 2
    assert factories.sweep(acme) == 0
    with scope(acme.account):
        written = list(
            Entry.objects.filter(kind="expire")
            .order_by("seq")
            .values_list("amount", "balance_after", "happened_at", "recorded_at")
        )
    assert written == [
        (-4, 8, datetime(2026, 3, 8, 23, tzinfo=UTC), LATER),
        (-3, 5, datetime(2026, 3, 10, 23, tzinfo=UTC), LATER),
    ]


@pytest.mark.parametrize("swept_at", [None, datetime(2026, 3, 9, 12, tzinfo=UTC), LATER])
def test_in_time_late_or_never_makes_no_difference(acme, at, swept_at):
    at(NOON)
    factories.issue(acme, 3, expiry="2026-03-10")
    factories.issue(acme, 4, expiry="2026-03-08")
    if swept_at:
        at(swept_at)
        factories.sweep(acme)
    at(LATER)
    now = figures(acme)
    assert (now.issued, now.used, now.expired, now.free) == (7, 0, 7, 0)
    factories.issue(acme, 2)
    assert factories.activity(acme) == [
        ("issue", 3, 3),
        ("issue", 4, 7),
        ("expire", -4, 3),
        ("expire", -3, 0),
        ("issue", 2, 2),
    ]


def test_many_wallets_of_one_day_are_one_job(acme, zen, at):
    at(NOON)
    for number in range(5):
        factories.issue(acme, 2, to=factories.contact(acme, f"Contact {number}"), expiry="2026-03-10")
    assert Job.objects.filter(kind="credits.expire").count() == 1
    factories.issue(zen, 2, expiry="2026-03-10")
    leave_only_expiries()
    at(LATER)
    assert relay() == 2
    assert not Job.objects.exists()
    for world, written in ((acme, 5), (zen, 1)):
        with scope(world.account):
            assert Entry.objects.filter(kind="expire").count() == written


def test_in_chunks(acme, at, monkeypatch):
    monkeypatch.setattr(handlers, "CHUNK", 2)
    at(NOON)
    for number in range(5):
        factories.issue(acme, 2, to=factories.contact(acme, f"Contact {number}"), expiry="2026-03-10")
    leave_only_expiries()
    at(LATER)
    assert relay() == 3
    with scope(acme.account):
        assert Entry.objects.filter(kind="expire").count() == 5


def test_nothing_before_its_time(acme, at):
    at(NOON)
    factories.issue(acme, 2, expiry="2026-03-10")
    leave_only_expiries()
    at(datetime(2026, 3, 10, 23, tzinfo=UTC) - timedelta(microseconds=1))
    assert relay() == 0
    at(datetime(2026, 3, 10, 23, tzinfo=UTC))
    assert relay() == 1
    assert factories.wallet(acme).balance == 0


def test_time_never_runs_back(acme, at):
    """A posting that waited for its wallet over midnight is older than the entry before it: it may issue what is overdue already."""
    at(datetime(2026, 3, 10, 23, 0, 1, tzinfo=UTC))
    factories.issue(acme, 1)
    at(datetime(2026, 3, 10, 22, 59, 59, tzinfo=UTC))
    factories.issue(acme, 2, expiry="2026-03-10")
    at(datetime(2026, 3, 10, 23, 0, 2, tzinfo=UTC))
    assert factories.sweep(acme) == 1
    with scope(acme.account):
        moments = list(Entry.objects.order_by("seq").values_list("happened_at", flat=True))
    assert moments == sorted(moments)


def test_the_task_is_thin(acme, at):
    at(NOON)
    factories.issue(acme, 2, expiry="2026-03-10")
    at(LATER)
    relay_task()
    assert factories.wallet(acme).balance == 0


@pytest.mark.django_db(transaction=True)
def test_a_real_worker_sweeps(acme, at):
    at(NOON)
    factories.issue(acme, 2, expiry="2026-03-10")
    at(LATER)
    settings = connection.settings_dict
    url = urlsplit(os.environ["DATABASE_URL"])
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) + 1
    broker = urlunsplit(urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{number}"))
    surroundings = {
        **os.environ,
        "DATABASE_URL": urlunsplit(url._replace(path=f"/{settings['NAME']}")),
        "DATABASE_OWNER_URL": "",  # a worker never holds it
        "REDIS_URL": broker,
    }
    worker = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "simplero",
            "worker",
            "--pool=solo",
            "--without-gossip",
            "--without-mingle",
            "--loglevel=WARNING",
        ],
        env=surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        with Celery(broker=broker, set_as_current=False) as sender:
            sender.send_task(relay_task.name)
        deadline = time.monotonic() + 20
        while factories.wallet(acme).balance and time.monotonic() < deadline and worker.poll() is None:
            time.sleep(0.1)
    finally:
        worker.terminate()
        said, _ = worker.communicate(timeout=10)
    assert factories.activity(acme) == [("issue", 2, 2), ("expire", -2, 0)], said.decode()
    assert not Job.objects.exists()


def test_a_long_wait_is_refused_by_the_broker():
    """Redis would hand the message out again and again once its visibility timeout is over (F9)."""
    for wait in ({"countdown": 61}, {"eta": datetime.now(UTC) + timedelta(hours=1)}):
        with pytest.raises(simplero.celery.DelayTooLong):
            relay_task.apply_async(**wait)


def test_a_lost_job_is_made_good_within_the_hour(acme, at):
    """As when the relay did the job of an instant while an issue of that instant had not committed yet."""
    at(NOON)
    factories.issue(acme, 2, expiry="2026-03-10")
    Job.objects.all().delete()
    at(LATER)
    assert relay() == 0
    verify_account(account_id=acme.account.pk)
    assert factories.wallet(acme).balance == 0
