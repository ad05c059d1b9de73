"""One small world that always has a second account with something to leak, a clock that can be moved, and the closing proof."""

from types import SimpleNamespace

import pytest
from django.db import connection

from simplero.tenancy.models import Account, Membership, User
from simplero.tenancy.roles import ADMIN, ASSISTANT, OWNER

PASSWORD = "correct horse battery"  # noqa: S105

# In the test database alone the ledger's clock reads a one-row table, so that a test can move it for every process.
MOVABLE_CLOCK = (
    "CREATE TABLE test_clock (at timestamptz NOT NULL)",
    "GRANT SELECT, INSERT, DELETE ON test_clock TO PUBLIC",
    "CREATE OR REPLACE FUNCTION ledger_now() RETURNS timestamptz LANGUAGE sql STABLE AS "
    "'SELECT coalesce((SELECT max(at) FROM test_clock), statement_timestamp())'",
)


@pytest.fixture(scope="session")
def django_db_modify_db_settings():
    """Each worker of a parallel run makes its own database; nothing to change but the name, which pytest-django does."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), connection.as_owner(), connection.cursor() as cursor:
        for statement in MOVABLE_CLOCK:
            cursor.execute(statement)


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def make_account(name: str, *, time_zone: str, currency: str) -> SimpleNamespace:
    """An account with an owner, an admin and an assistant; e-mail addresses are role@slug.example."""
    slug = name.lower()
    account = Account.objects.create(name=name, slug=slug, time_zone=time_zone, currency=currency)
    world = SimpleNamespace(account=account, slug=slug)
    for role in (OWNER, ADMIN, ASSISTANT):
        user = User.objects.create_user(f"{role}@{slug}.example", PASSWORD, name=f"{name} {role}")
        Membership.objects.create(user=user, account=account, role=role)
        setattr(world, role, user)
    return world


@pytest.fixture
def acme(db):
    return make_account("Acme", time_zone="Europe/Copenhagen", currency="EUR")


@pytest.fixture
def zen(db):
    return make_account("Zen", time_zone="America/Los_Angeles", currency="USD")
