from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("automations", "0003_calls_due")]

    operations = [
        migrations.RemoveIndex("run", "run_inside"),
        migrations.AddIndex(
            "run",
            models.Index(
                condition=models.Q(ended_at__isnull=True),
                fields=["account", "flow", "step", "since", "id"],
                include=["state"],
                name="run_at_step",
            ),
        ),
        migrations.AddIndex(
            "run",
            models.Index(
                condition=models.Q(ended_at__isnull=False),
                fields=["account", "flow", "state", "ended_at", "id"],
                name="run_over",
            ),
        ),
    ]
