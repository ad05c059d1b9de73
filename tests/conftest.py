"""One small world that always has a second account with something to leak, a clock that can be moved, and the closing proof."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import pytest
from django.db import connection

from contacts.models import Contact
from credits.models import CreditType
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account, Membership, User
from simplero.tenancy.roles import ADMIN, ASSISTANT, OWNER

from . import emptying, factories, sql_guard, template
from .assertions import proven

PASSWORD = "correct horse battery"  # noqa: S105

# In the test database alone the ledger's clock reads a one-row table, so that a test can move it for every process.
MOVABLE_CLOCK = (
    "CREATE TABLE test_clock (at timestamptz NOT NULL)",
    "GRANT SELECT, INSERT, DELETE ON test_clock TO PUBLIC",
    "CREATE OR REPLACE FUNCTION ledger_now() RETURNS timestamptz LANGUAGE sql STABLE AS "
    "'SELECT coalesce((SELECT max(at) FROM test_clock), statement_timestamp())'",
)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, django_db_blocker):
    with django_db_blocker.unblock():
        template.use()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        with connection.as_owner(), connection.cursor() as cursor:
            for statement in MOVABLE_CLOCK:
                cursor.execute(statement)
        sql_guard.install(connection)
    with emptying.installed():
        yield


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _quick_clients(settings):
    """Every browser begins with middleware of its own, which would go through all static files: it looks when one is asked for."""
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True)
def _closing_proof(request):
    """Every test with a database ends with the proof of every ledger in it, before its rows go.

    Left out where the test damages a ledger on purpose (marker `corrupts_ledger`).
    """
    asks = {"db", "transactional_db", "live_server"} & set(request.fixturenames)
    if not asks and not request.node.get_closest_marker("django_db"):
        yield
        return
    request.getfixturevalue("_django_db_helper")  # set up before, and so torn down after, what follows
    yield
    if request.node.get_closest_marker("corrupts_ledger") or connection.needs_rollback:
        return
    assert connection.account_id is None, "the test left a scope open"
    proven(besides="A1" if request.node.get_closest_marker("steps_alone") else "")


@pytest.fixture
def at(db) -> Iterator[Callable[[datetime], None]]:
    """`at(instant)` stands the ledger's clock at an aware instant; in a transactional test for every process."""

    def move(instant: datetime) -> None:
        assert instant.tzinfo is not None, "an instant has a zone"
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM test_clock")
            cursor.execute("INSERT INTO test_clock VALUES (%s)", [instant])
        connection.scope_now = None

    yield move
    if not connection.needs_rollback:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM test_clock")


@dataclass
class World:
    """An account with people in it. Its contact (Ann) and its credit type (session) are made when first asked for."""

    account: Account
    slug: str
    owner: User
    admin: User
    assistant: User

    @cached_property
    def contact(self) -> Contact:
        return factories.contact(self, "Ann Lee")

    @cached_property
    def session(self) -> CreditType:
        return factories.credit_type(self, "session")

    @property
    def actor(self) -> Actor:
        return Actor("user", self.owner.pk)


def make_account(name: str, *, time_zone: str, currency: str) -> World:
    """An account with an owner, an admin and an assistant; e-mail addresses are role@slug.example."""
    slug = name.lower()
    account = Account.objects.create(name=name, slug=slug, time_zone=time_zone, currency=currency)
    people = {}
    for role in (OWNER, ADMIN, ASSISTANT):
        people[role] = User.objects.create_user(f"{role}@{slug}.example", PASSWORD, name=f"{name} {role}")
        Membership.objects.create(user=people[role], account=account, role=role)
    return World(account, slug, **people)


@pytest.fixture
def acme(db):
    return make_account("Acme", time_zone="Europe/Copenhagen", currency="EUR")


@pytest.fixture
def zen(db):
    return make_account("Zen", time_zone="America/Los_Angeles", currency="USD")
