"""PostgreSQL under tenants.

A table whose model has a `TenantKey` is keyed (account_id, id), refers to other tenant tables by both columns and is under
forced row-level security. Migrations, flushes and test databases are the work of the owner (`DATABASES[...]["OWNER"]`),
everything else that of the application's role.

Imports no models: a field says what it is by the attributes `tenant_key` and `tenant_fk`, which historical models carry too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import NotSupportedError
from django.db.backends.postgresql import base, creation, features, operations, schema

# Loud on purpose: without an open scope it raises, where nullif(…, '') would quietly find nothing.
TENANT = "current_setting('app.account_id')::bigint"


def is_tenant(model: Any) -> bool:
    return any(getattr(field, "tenant_key", False) for field in model._meta.local_fields)


class SchemaEditor(schema.DatabaseSchemaEditor):
    sql_create_column_inline_fk = None  # foreign keys are statements of their own, also on AddField

    def table_sql(self, model):
        sql, params = super().table_sql(model)
        if is_tenant(model):
            if sql.count(" PRIMARY KEY") != 1 or not sql.endswith(")"):
                raise NotSupportedError(f"cannot key this table by (account_id, id): {sql}")
            sql = sql.replace(" PRIMARY KEY", "")[:-1] + ', PRIMARY KEY ("account_id", "id"))'
        return sql, params

    def create_model(self, model):
        super().create_model(model)
        if is_tenant(model):
            table = self.quote_name(model._meta.db_table)
            self.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            self.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            self.execute(f"CREATE POLICY tenant ON {table} USING (account_id = {TENANT})")

    def execute(self, sql, params=()):
        """A foreign key is checked against existing rows by a query that forced policies would refuse: lift the force meanwhile."""
        tables = getattr(sql, "unforced", ())
        for table in tables:
            super().execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        super().execute(sql, params)
        for table in tables:
            super().execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")

    def add_field(self, model, field):
        if getattr(field, "tenant_key", False):
            raise NotSupportedError(
                f"{model.__name__}.account belongs in its CreateModel: run makemigrations one app at a time, lowest first"
            )
        super().add_field(model, field)

    def _create_fk_sql(self, model, field, suffix):
        statement = super()._create_fk_sql(model, field, suffix)
        if is_tenant(model):
            statement.parts["deferrable"] = ""
            both = dict.fromkeys([model, field.remote_field.model])
            statement.unforced = [self.quote_name(m._meta.db_table) for m in both if is_tenant(m)]
            if getattr(field, "tenant_fk", False):
                statement.parts["column"] = f'"account_id", {self.quote_name(field.column)}'
                statement.parts["to_column"] = '"account_id", "id"'
        return statement

    def _constraint_names(self, model, column_names=None, **kinds):
        names = super()._constraint_names(model, column_names, **kinds)
        if kinds.get("foreign_key") and column_names and is_tenant(model):
            names += super()._constraint_names(model, ["account_id", *column_names], **kinds)
        return names


class Features(features.DatabaseFeatures):
    def allows_group_by_selected_pks_on_model(self, model):
        return super().allows_group_by_selected_pks_on_model(model) and not is_tenant(model)


class Operations(operations.DatabaseOperations):
    def execute_sql_flush(self, sql_list):
        with self.connection.as_owner():
            super().execute_sql_flush(sql_list)


class Creation(creation.DatabaseCreation):
    def create_test_db(self, *args, **kwargs):
        with self.connection.as_owner():
            return super().create_test_db(*args, **kwargs)

    def destroy_test_db(self, *args, **kwargs):
        with self.connection.as_owner():
            super().destroy_test_db(*args, **kwargs)


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = SchemaEditor
    features_class = Features
    ops_class = Operations
    creation_class = Creation

    account_id: int | None = None  # the account whose scope is open, see tenancy.scope
    scope_now: datetime | None = None  # the instant this scope has read from ledger_now(), once

    @contextmanager
    def as_owner(self) -> Iterator[None]:
        """Be the owner of the tables for a while: a new connection, and back afterwards.

        Raises ImproperlyConfigured where settings know no owner, as in production's web and worker processes.
        """
        app = self.settings_dict  # shared by all threads: replaced here, never changed
        if not app.get("OWNER"):
            raise ImproperlyConfigured(
                "Only the owner of the tables may do this: set DATABASE_OWNER_URL beside DATABASE_URL for this command."
            )
        self.close()
        self.settings_dict = {**app, **app["OWNER"], "OWNER": None}
        try:
            yield
        finally:
            self.close()
            self.settings_dict = app
