"""Who the application is in the database, and what it may not do there (T8)."""

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import ProgrammingError, connection

from simplero.tenancy.postgres.base import DatabaseWrapper
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import nothing_moved, sql
from tests.sql_guard import unguarded
from tests.superuser import superuser_connection


def test_runs_as_a_role_that_owns_nothing_and_bypasses_nothing(db):
    [(name, superuser, bypass, creates_roles, creates_databases)] = sql(
        "SELECT current_user, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
    )
    assert name == settings.APP_ROLE
    assert (superuser, bypass, creates_roles, creates_databases) == (False,) * 4
    assert sql("SELECT current_database()")[0][0].startswith("test_")
    owned = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND pg_get_userbyid(relowner) = current_user"
    assert sql(owned) == []
    memberships = "SELECT pg_get_userbyid(roleid) FROM pg_auth_members WHERE pg_get_userbyid(member) = current_user"
    assert sql(memberships) == []


FORBIDDEN = [
    "UPDATE credits_entry SET amount = 1",
    "DELETE FROM credits_entry",
    "TRUNCATE credits_entry CASCADE",
    "UPDATE credits_allocation SET amount = 1",
    "DELETE FROM credits_allocation",
    "DELETE FROM credits_wallet",
    "DELETE FROM credits_lot",
    "DELETE FROM tenancy_account",
    "UPDATE outbox_event SET kind = 'x'",
    "DELETE FROM outbox_event",
    "TRUNCATE outbox_event",
    "UPDATE audit_change SET fields = '{}'",
    "DELETE FROM audit_change",
    "TRUNCATE audit_change CASCADE",
    "UPDATE audit_changedetail SET after = '{}'",
    "ALTER TABLE contacts_contact DISABLE TRIGGER audited",
    "TRUNCATE credits_wallet CASCADE",
    "TRUNCATE contacts_contact CASCADE",
    "TRUNCATE outbox_job",
    "ALTER TABLE credits_entry DISABLE TRIGGER append_only",
    "ALTER TABLE credits_wallet DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE credits_wallet NO FORCE ROW LEVEL SECURITY",
    "CREATE POLICY open ON credits_wallet USING (true)",
    "DROP POLICY tenant ON credits_wallet",
    "DROP TABLE credits_entrynote",
    "CREATE TABLE loot (id bigint)",
    "CREATE OR REPLACE FUNCTION ledger_now() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'",
    "SET session_replication_role = replica",
    "SET ROLE simplero_owner",
    "ALTER ROLE simplero_app BYPASSRLS",
    "INSERT INTO django_migrations (app, name, applied) VALUES ('x', 'x', now())",
    "DELETE FROM django_migrations",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_application_may_not(acme, statement):
    factories.issue(acme, 5)
    with (
        nothing_moved(),
        scope(acme.account),
        unguarded(),
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
    ):
        sql(statement)


def test_no_grants_beyond_reading_and_writing_rows(db):
    beyond = """SELECT table_name, privilege_type FROM information_schema.role_table_grants
                 WHERE grantee IN (current_user, 'PUBLIC') AND table_schema = 'public' AND privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')"""
    assert sql(beyond) == []
    kept = """SELECT table_name FROM information_schema.role_table_grants WHERE grantee = current_user AND privilege_type IN ('UPDATE', 'DELETE')
               AND table_name IN ('credits_entry', 'credits_allocation', 'outbox_event', 'audit_change')"""
    assert sql(kept) == []


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        (table, statement)
        for table in ("credits_entry", "credits_allocation", "outbox_event", "audit_change", "audit_changedetail")
        for statement in ("UPDATE {} SET account_id = account_id", "DELETE FROM {}")
        if (table, statement) != ("audit_changedetail", "DELETE FROM {}")  # goes when the contact it tells of is erased
    ],
)
@pytest.mark.django_db(transaction=True)
def test_append_only_even_for_those_who_may_write(acme, table, statement):
    """The trigger stands should a grant come back: here before the superuser."""
    factories.issue(acme, 5)
    with (
        nothing_moved(),
        superuser_connection() as superuser,
        pytest.raises(Exception, match=f"{table} is append-only"),
    ):
        superuser.execute(statement.format(table))


def test_whoever_does_not_hold_the_owners_address_cannot_become_them():
    """As web and worker in production."""
    production = DatabaseWrapper({**connection.settings_dict, "OWNER": None})
    with pytest.raises(ImproperlyConfigured, match="DATABASE_OWNER_URL"), production.as_owner():
        pass
