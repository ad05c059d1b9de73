import django.db.models.deletion
from django.db import migrations, models

import simplero.tenancy.models


class Migration(migrations.Migration):
    dependencies = [
        ("credits", "0004_transfers"),
        ("tenancy", "0002_storefront"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["account", "happened_at"], name="entry_by_time"),
        ),
        migrations.CreateModel(
            name="Tally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("span", models.CharField(choices=[("day", "Day"), ("month", "Month")], max_length=5)),
                ("day", models.DateField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("issue", "Issue"),
                            ("consume", "Consume"),
                            ("reverse", "Reverse"),
                            ("withdraw", "Withdraw"),
                            ("expire", "Expire"),
                            ("restore", "Restore"),
                            ("redate", "Redate"),
                            ("transfer", "Transfer"),
                        ],
                        max_length=8,
                    ),
                ),
                ("amount", models.BigIntegerField()),
                ("times", models.BigIntegerField()),
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
                    "credit_type",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="credits.credittype",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("account"),
                        models.F("span"),
                        models.F("day"),
                        models.F("credit_type"),
                        models.F("kind"),
                        name="tally_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TallyMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("time_zone", models.CharField(max_length=60)),
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
                "constraints": [models.UniqueConstraint(models.F("account"), name="tally_mark_once")],
            },
        ),
    ]
