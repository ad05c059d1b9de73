from django.db import migrations, models

from simplero.tenancy.grants import ROLE


class Migration(migrations.Migration):
    dependencies = [("automations", "0005_visit_kind")]

    operations = [
        migrations.AddField("run", "refused", models.BooleanField(db_default=False)),
        migrations.RunSQL(f"GRANT UPDATE (refused) ON automations_run TO {ROLE}", migrations.RunSQL.noop),
        migrations.AddIndex(
            "run",
            models.Index(condition=models.Q(refused=True), fields=["account", "flow", "state"], name="run_refused"),
        ),
    ]
