import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import simplero.tenancy.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("contacts", "0003_letter_withheld"),
        ("tenancy", "0002_storefront"),
    ]

    operations = [
        migrations.CreateModel(
            name="Endpoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False),
                ),
                ("name", models.CharField(max_length=80)),
                ("url", models.CharField(max_length=500)),
                ("secret", models.TextField()),
                ("former_secret", models.TextField(blank=True)),
                ("former_until", models.DateTimeField(null=True)),
                ("failures", models.PositiveIntegerField(db_default=0)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("deleted_at", models.DateTimeField(null=True)),
                (
                    "account",
                    simplero.tenancy.models.TenantKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.account",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(models.F("account"), models.F("public_id"), name="endpoint_public_id")
                ],
            },
        ),
        migrations.CreateModel(
            name="Flow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False),
                ),
                ("of", models.CharField(choices=[("automation", "Automation"), ("trigger", "Trigger")], max_length=10)),
                ("name", models.CharField(max_length=80)),
                ("enabled", models.BooleanField(db_default=False)),
                ("once", models.BooleanField(db_default=False)),
                ("several", models.BooleanField(db_default=False)),
                ("started", models.BigIntegerField(db_default=0)),
                ("last_started_at", models.DateTimeField(null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("deleted_at", models.DateTimeField(null=True)),
                (
                    "account",
                    simplero.tenancy.models.TenantKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.account",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["account", "of", "created_at"], name="flow_list")],
                "constraints": [
                    models.UniqueConstraint(models.F("account"), models.F("public_id"), name="flow_public_id"),
                    models.CheckConstraint(condition=models.Q(("of__in", ["automation", "trigger"])), name="flow_of"),
                    models.CheckConstraint(
                        condition=models.Q(("deleted_at__isnull", True), ("enabled", False), _connector="OR"),
                        name="flow_deleted",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Start",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False),
                ),
                ("selection", models.JSONField()),
                ("after", models.BigIntegerField(db_default=0)),
                ("until", models.BigIntegerField()),
                ("looked_at", models.BigIntegerField(db_default=0)),
                ("started", models.BigIntegerField(db_default=0)),
                ("passed_over", models.BigIntegerField(db_default=0)),
                ("actor_kind", models.CharField(max_length=10)),
                ("actor_id", models.BigIntegerField(null=True)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "account",
                    simplero.tenancy.models.TenantKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.account",
                    ),
                ),
                (
                    "flow",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="starts",
                        to="automations.flow",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["account", "flow", "created_at"], name="start_of_flow")],
                "constraints": [
                    models.UniqueConstraint(models.F("account"), models.F("public_id"), name="start_public_id")
                ],
            },
        ),
        migrations.CreateModel(
            name="Version",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("steps", models.JSONField(db_default=[])),
                ("revision", models.PositiveIntegerField(db_default=0)),
                ("published_at", models.DateTimeField(null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "account",
                    simplero.tenancy.models.TenantKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.account",
                    ),
                ),
                (
                    "flow",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="automations.flow",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("account"), models.F("flow"), models.F("number"), name="version_once"
                    ),
                    models.UniqueConstraint(
                        models.F("account"),
                        models.F("flow"),
                        condition=models.Q(("published_at__isnull", True)),
                        name="version_draft",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False),
                ),
                ("key", models.UUIDField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("active", "Inside"),
                            ("paused", "Paused"),
                            ("attention", "Needs attention"),
                            ("finished", "Finished"),
                            ("stopped", "Stopped"),
                        ],
                        db_default="active",
                        max_length=10,
                    ),
                ),
                ("step", models.CharField(blank=True, max_length=12)),
                ("visit", models.PositiveIntegerField(db_default=1)),
                ("attempt", models.PositiveSmallIntegerField(db_default=1)),
                ("hops", models.PositiveSmallIntegerField(db_default=0)),
                ("due", models.DateTimeField(null=True)),
                ("waiting", models.BooleanField(db_default=False)),
                ("awaits", models.CharField(blank=True, max_length=60)),
                ("alone", models.BooleanField(db_default=False)),
                ("reason", models.CharField(blank=True, max_length=20)),
                ("detail", models.JSONField(db_default={})),
                ("source", models.CharField(max_length=12)),
                ("source_id", models.CharField(blank=True, max_length=40)),
                ("actor_kind", models.CharField(max_length=10)),
                ("actor_id", models.BigIntegerField(null=True)),
                ("cause_id", models.BigIntegerField(null=True)),
                ("depth", models.SmallIntegerField(db_default=0)),
                ("once_for", models.BigIntegerField(null=True)),
                ("one_for", models.BigIntegerField(null=True)),
                ("started_at", models.DateTimeField()),
                ("since", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "account",
                    simplero.tenancy.models.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.account",
                    ),
                ),
                (
                    "contact",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="contacts.contact",
                    ),
                ),
                (
                    "flow",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="automations.flow",
                    ),
                ),
                (
                    "version",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="automations.version",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due__isnull", False), ("state", "active")),
                        fields=["account", "due", "id"],
                        name="run_due",
                    ),
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["account", "flow", "step", "state"],
                        name="run_inside",
                    ),
                    models.Index(
                        condition=models.Q(("state", "attention")),
                        fields=["account", "since", "id"],
                        name="run_attention",
                    ),
                    models.Index(
                        condition=models.Q(("awaits", ""), _negated=True),
                        fields=["account", "awaits", "contact"],
                        name="run_awaits",
                    ),
                    models.Index(fields=["account", "flow", "started_at", "id"], name="run_log"),
                    models.Index(fields=["account", "contact", "started_at", "id"], name="run_of_contact"),
                ],
                "constraints": [
                    models.UniqueConstraint(models.F("account"), models.F("public_id"), name="run_public_id"),
                    models.UniqueConstraint(models.F("account"), models.F("key"), name="run_once"),
                    models.UniqueConstraint(
                        models.F("account"), models.F("flow"), models.F("once_for"), name="run_once_for_contact"
                    ),
                    models.UniqueConstraint(
                        models.F("account"), models.F("flow"), models.F("one_for"), name="run_one_at_a_time"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["active", "paused", "attention", "finished", "stopped"])),
                        name="run_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state__in", ("active", "paused", "attention"))),
                            models.Q(("due__isnull", True), ("ended_at__isnull", False), ("one_for__isnull", True)),
                            _connector="OR",
                        ),
                        name="run_ended",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), ("state", "attention"), _negated=True), name="run_reason"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Call",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False),
                ),
                ("key", models.UUIDField()),
                ("body", models.TextField()),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("done", "Delivered"), ("failed", "Failed")],
                        db_default="waiting",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(db_default=0)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "account",
                    simplero.tenancy.models.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.account",
                    ),
                ),
                (
                    "contact",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="contacts.contact",
                    ),
                ),
                (
                    "endpoint",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
                        to="automations.endpoint",
                    ),
                ),
                (
                    "run",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
                        to="automations.run",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["account", "endpoint", "created_at", "id"], name="call_of_endpoint"),
                    models.Index(fields=["account", "run"], name="call_of_run"),
                ],
                "constraints": [
                    models.UniqueConstraint(models.F("account"), models.F("public_id"), name="call_public_id"),
                    models.UniqueConstraint(models.F("account"), models.F("key"), name="call_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["waiting", "done", "failed"])), name="call_state"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Visit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("attempt", models.PositiveSmallIntegerField()),
                ("step", models.CharField(max_length=12)),
                ("kind", models.CharField(max_length=12)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("done", "Done"),
                            ("nothing", "Nothing to do"),
                            ("skipped", "Skipped"),
                            ("branched", "Took the other branch"),
                            ("waited", "Waited"),
                            ("yes", "Yes"),
                            ("no", "No"),
                            ("stopped", "Stopped"),
                            ("refused", "Could not be done"),
                        ],
                        max_length=10,
                    ),
                ),
                ("detail", models.JSONField(db_default={})),
                ("entry", models.UUIDField(null=True)),
                ("began_at", models.DateTimeField()),
                ("at", models.DateTimeField()),
                (
                    "account",
                    simplero.tenancy.models.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.account",
                    ),
                ),
                (
                    "run",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="visits",
                        to="automations.run",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("account"), models.F("run"), models.F("number"), models.F("attempt"), name="visit_once"
                    ),
                    models.UniqueConstraint(
                        models.F("account"),
                        models.F("run"),
                        models.F("number"),
                        condition=models.Q(("outcome", "refused"), _negated=True),
                        name="visit_left_once",
                    ),
                    models.UniqueConstraint(
                        models.F("account"),
                        models.F("entry"),
                        condition=models.Q(("entry__isnull", False)),
                        name="visit_entry",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "outcome__in",
                                ["done", "nothing", "skipped", "branched", "waited", "yes", "no", "stopped", "refused"],
                            )
                        ),
                        name="visit_outcome",
                    ),
                ],
            },
        ),
    ]
