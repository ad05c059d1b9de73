"""What the database's own catalogue says of every table: whose it is, and that its keys say so first."""

import pytest

from simplero.tenancy.globals import GLOBAL_TABLES
from tests.assertions import sql
from tests.sql_guard import tenant_tables

pytestmark = pytest.mark.django_db

ONLY_IN_TESTS = {"test_clock"}

TABLES = """SELECT c.oid, c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"""


def tables():
    return {name for _, name in sql(TABLES)} - ONLY_IN_TESTS


def test_every_table_is_a_tenants_or_named_as_global_with_its_reason():
    assert tables() - tenant_tables() == set(GLOBAL_TABLES)
    assert all(GLOBAL_TABLES.values())
    assert not tenant_tables() & set(GLOBAL_TABLES)


def test_no_tenant_column_without_its_guard():
    """A table with an account_id that is under no policy holds somebody's data in the open."""
    with_account = {
        name
        for (name,) in sql(
            "SELECT relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id' WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
        )
    }
    assert with_account - tenant_tables() == {
        "tenancy_membership",
        "tenancy_domain",
        "team_invitation",
        "outbox_job",
        "products_gatewayaddress",
        "triggers_hook",
    }


def test_each_is_forced_under_exactly_one_policy():
    found = sql(
        """SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
                  array(SELECT p.permissive || ' ' || p.cmd || ' ' || p.roles::text || ' ' || p.qual || coalesce(p.with_check, '')
                          FROM pg_policies p WHERE p.schemaname = 'public' AND p.tablename = c.relname)
             FROM pg_class c WHERE c.relname = ANY (%s)""",
        sorted(tenant_tables()),
    )
    policy = "PERMISSIVE ALL {public} (account_id = (current_setting('app.account_id'::text))::bigint)"
    assert {name: tuple(rest) for name, *rest in found} == {name: (True, True, [policy]) for name in tenant_tables()}


def test_nothing_else_is_under_a_policy():
    assert {name for (name,) in sql("SELECT tablename FROM pg_policies")} == tenant_tables()


def first_columns(kind):
    """The first column of each constraint or unique index of `kind` on a tenant table, by name."""
    return sql(
        """SELECT i.indexrelid::regclass::text, i.indrelid::regclass::text, a.attname
             FROM pg_index i LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
            WHERE i.indrelid::regclass::text = ANY (%s) AND CASE %s WHEN 'primary' THEN i.indisprimary WHEN 'unique' THEN i.indisunique ELSE true END""",
        sorted(tenant_tables()),
        kind,
    )


@pytest.mark.parametrize("kind", ["primary", "unique", "any"])
def test_every_index_begins_with_the_account(kind):
    found = first_columns(kind)
    assert {table for _, table, _ in found} == tenant_tables()
    assert [(index, column) for index, _, column in found if column != "account_id"] == []


def test_primary_keys_are_the_account_and_the_id():
    found = sql(
        """SELECT conrelid::regclass::text, array(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS k(num, at)
                                                    JOIN pg_attribute ON attrelid = conrelid AND attnum = num ORDER BY at)
             FROM pg_constraint WHERE contype = 'p' AND conrelid::regclass::text = ANY (%s)""",
        sorted(tenant_tables()),
    )
    assert dict(found) == dict.fromkeys(tenant_tables(), ["account_id", "id"])


def test_foreign_keys_between_tenant_tables_carry_the_account_on_both_sides():
    found = sql(
        """SELECT conname, convalidated, condeferrable, confrelid::regclass::text,
                  array(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS k(num, at) JOIN pg_attribute ON attrelid = conrelid AND attnum = num ORDER BY at),
                  array(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY AS k(num, at) JOIN pg_attribute ON attrelid = confrelid AND attnum = num ORDER BY at)
             FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text = ANY (%s)""",
        sorted(tenant_tables()),
    )
    assert len(found) >= 10
    for name, validated, deferrable, target, here, there in found:
        assert (validated, deferrable) == (True, False), name
        if target == "tenancy_account":
            assert here == ["account_id"], name
        else:
            assert target in tenant_tables(), name
            assert (here[0], there) == ("account_id", ["account_id", "id"]), name


def test_no_view_nor_function_runs_with_another_ones_rights():
    assert (
        sql("SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace") == []
    )
    assert sql("SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace") == []
