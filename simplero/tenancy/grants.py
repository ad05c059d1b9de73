"""What the application's role may do, as migration operations: with tables still to come, then with those Django made before."""

from django.conf import settings
from django.db.migrations import RunSQL

ROLE = settings.APP_ROLE

OPERATIONS = [
    RunSQL(sql, RunSQL.noop)
    for sql in (
        f"""DO $$ BEGIN
          IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}' AND NOT rolsuper AND NOT rolbypassrls AND rolname <> current_user) THEN
            RAISE EXCEPTION 'role {ROLE} is missing, could bypass row-level security, or is the owner';
          END IF;
        END $$""",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {ROLE}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO {ROLE}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ROLE}",
        f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {ROLE}",
        # Time in the ledger is this function, so that a test can move it without touching the code that asks.
        # statement_timestamp and not now(): a test's outer transaction stands still.
        "CREATE FUNCTION ledger_now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT statement_timestamp()'",
        """CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '55000'; END $$""",
    )
]


def never_deleted(*tables: str) -> list[RunSQL]:
    """Operations after which the application may change rows of `tables` but not remove them."""
    return [RunSQL(f"REVOKE DELETE ON {table} FROM {ROLE}", RunSQL.noop) for table in tables]


def append_only(*tables: str) -> list[RunSQL]:
    """Operations after which rows of `tables` stay as written: no grant to change them, and a trigger should the grant come back.

    No TRUNCATE trigger: the application's role has no such grant, and Citus would orphan the trigger when a shard moves.
    """
    return [
        RunSQL(sql, RunSQL.noop)
        for table in tables
        for sql in (
            f"REVOKE UPDATE, DELETE ON {table} FROM {ROLE}",
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()",
        )
    ]


def only_columns(table: str, *columns: str) -> list[RunSQL]:
    """Operations after which the application may change these `columns` of `table` and no other; rows may still be removed."""
    return [
        RunSQL(f"REVOKE UPDATE ON {table} FROM {ROLE}", RunSQL.noop),
        RunSQL(f"GRANT UPDATE ({', '.join(columns)}) ON {table} TO {ROLE}", RunSQL.noop),
    ]
