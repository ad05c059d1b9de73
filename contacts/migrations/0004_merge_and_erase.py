import django.contrib.postgres.functions
import django.db.models.deletion
from django.db import migrations, models

import simplero.tenancy.models
from simplero.tenancy import grants


def account_field():
    return simplero.tenancy.models.TenantKey(
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="tenancy.account",
    )


def contact_field():
    return simplero.tenancy.models.TenantForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="contacts.contact",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0003_letter_withheld"),
        ("tenancy", "0002_storefront"),
    ]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="erased_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="contact",
            name="merged_into",
            field=simplero.tenancy.models.TenantForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="merged",
                to="contacts.contact",
            ),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", False)),
                fields=["account", "merged_into"],
                name="contact_merged_into",
            ),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=models.Q(("merged_into", models.F("id")), _negated=True), name="contact_merged"
            ),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("erased_at__isnull", True),
                    models.Q(
                        ("company", ""), ("email", ""), ("email_key", ""), ("name", "Erased contact"), ("phone", "")
                    ),
                    _connector="OR",
                ),
                name="contact_erased",
            ),
        ),
        migrations.CreateModel(
            name="Merge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False),
                ),
                ("moved", models.JSONField(default=dict)),
                ("before", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
                ("actor_kind", models.CharField(max_length=10)),
                ("actor_id", models.BigIntegerField(null=True)),
                ("undone_at", models.DateTimeField(null=True)),
                ("account", account_field()),
                ("source", contact_field()),
                ("target", contact_field()),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["account", "target", "at"], name="merge_of_target")],
                "constraints": [
                    models.UniqueConstraint(models.F("account"), models.F("public_id"), name="merge_public_id"),
                    models.UniqueConstraint(
                        models.F("account"),
                        models.F("source"),
                        condition=models.Q(("undone_at__isnull", True)),
                        name="merge_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email_digest", models.CharField(blank=True, max_length=64)),
                ("at", models.DateTimeField()),
                ("actor_kind", models.CharField(max_length=10)),
                ("actor_id", models.BigIntegerField(null=True)),
                ("account", account_field()),
                ("contact", contact_field()),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(
                        condition=models.Q(("email_digest", ""), _negated=True),
                        fields=["account", "email_digest", "at"],
                        name="erasure_by_address",
                    )
                ],
                "constraints": [models.UniqueConstraint(models.F("account"), models.F("contact"), name="erasure_once")],
            },
        ),
        *grants.never_deleted("contacts_merge"),
        *grants.append_only("contacts_erasure"),
    ]
