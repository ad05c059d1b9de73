"""The stage, one business with somebody to steal from beside it, the seed, and what is said at the end of each test."""

import os
import random
import uuid

import pytest
from django.db import connection

from credits import proof
from credits.models import Entry, Wallet
from simplero.lib.keys import derive_key
from simplero.outbox.models import Job
from simplero.tenancy.scope import scope
from tests.assertions import proven
from tests.conftest import make_account
from tests.faults import report
from tests.faults.stage import Stage, soon

LONG = os.environ.get("FAULT_PROFILE") == "long"

collect_ignore_glob = [] if "FAULT_SEED" in os.environ else ["test_*.py"]


def pytest_terminal_summary(terminalreporter):
    if "FAULT_SEED" in os.environ:
        terminalreporter.section("faults")
        for line in report.LINES:
            terminalreporter.write_line(line)
        terminalreporter.write_line(f"FAULT_SEED={os.environ['FAULT_SEED']}")


@pytest.fixture(scope="session", autouse=True)
def _database(django_db_blocker):
    """The database of the run itself, not a test database beside it: other processes look at it too."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="session")
def stage(_database) -> Stage:
    stage = Stage.of_this_run()
    yield stage
    stage.end()
    proven()


@pytest.fixture
def rng(request) -> random.Random:
    return random.Random(f"{os.environ['FAULT_SEED']} {request.node.name}")


@pytest.fixture
def number():
    """`number(quick, long)`: as many as this profile asks for."""
    return lambda quick, long: long if LONG else quick


@pytest.fixture
def businesses(_database):
    """Those of this test."""
    return []


def _business(businesses, name: str, **more: str):
    more = {"time_zone": "Europe/Copenhagen", "currency": "EUR", **more}
    businesses.append(make_account(f"{name}{uuid.uuid4().hex[:8]}", **more))
    return businesses[-1]


@pytest.fixture
def acme(businesses):
    return _business(businesses, "acme")


@pytest.fixture
def zen(businesses):
    return _business(businesses, "zen", time_zone="America/Los_Angeles", currency="USD")


@pytest.fixture(autouse=True)
def _closing_proof(stage, businesses):
    """Every test ends with the proof of its ledgers, and the run with that of all."""
    yield
    connection.close()
    stage.postgres.analyze()
    for world in businesses:
        with scope(world.account):
            assert [damage.sentence(world.account) for damage in proof.verify(world.account)] == []


@pytest.fixture
def counted(request):
    """`counted(desk)`: what the ledger holds against what clients were told. Lost and doubled have to be none."""

    def count(desk, **more):
        told = desk.told
        with scope(desk.world.account):
            there = list(Entry.objects.filter(kind="consume").values_list("key", flat=True))
            wallet = Wallet.objects.get(contact=desk.world.contact)
        keys = {derive_key("staff.consume", key) for key in told.keys}
        lost = len(keys - set(there))
        doubled = (wallet.issued - wallet.balance) - len(keys)  # of uses of one credit each
        report.say(
            request.node,
            uses=len(told.keys),
            again=told.again,
            lost=lost,
            doubled=doubled,
            slowest=f"{told.slowest:.1f} s",
            **more,
        )
        assert told.odd == []
        assert (lost, doubled) == (0, 0)
        assert len(there) == len(keys) == wallet.used

    return count


@pytest.fixture
def drained(stage, businesses):
    """`drained(within)`: whether nothing of this test is due any more, so many seconds from now at most."""

    def due():
        ours = [world.account.pk for world in businesses]
        return Job.objects.filter(account_id__in=ours, due__lte=_now())

    return lambda within=30: soon(lambda: not due().exists(), within, every=0.1)


def _now():
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_now()")
        return cursor.fetchone()[0]
