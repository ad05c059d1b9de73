import django.db.models.deletion
from django.db import migrations, models

import simplero.tenancy.models


class Migration(migrations.Migration):
    dependencies = [
        ("credits", "0005_tallies"),
        ("tenancy", "0002_storefront"),
    ]

    operations = [
        migrations.AddField(
            model_name="tallymark",
            name="ends",
            field=models.BooleanField(db_default=False),
        ),
        migrations.CreateModel(
            name="EndTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("last_good_day", models.DateField()),
                ("amount", models.BigIntegerField()),
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
                        models.F("last_good_day"),
                        models.F("credit_type"),
                        name="end_tally_once",
                    )
                ],
            },
        ),
    ]
