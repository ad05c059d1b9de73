from django.db import migrations, models
from django.utils import timezone

from simplero.tenancy import grants


class Migration(migrations.Migration):
    dependencies = [("automations", "0002_grants")]

    operations = [
        migrations.AddField("call", "due", models.DateTimeField(null=True)),
        migrations.AddField("call", "until", models.DateTimeField(default=timezone.now), preserve_default=False),
        migrations.AddField("endpoint", "rests_until", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "call",
            models.Index(
                condition=models.Q(due__isnull=False),
                fields=["account", "endpoint", "due", "id"],
                name="call_due_next",
            ),
        ),
        migrations.AddConstraint(
            "call",
            models.CheckConstraint(
                condition=models.Q(("due__isnull", False), ("state", "waiting"))
                | models.Q(models.Q(("state", "waiting"), _negated=True), ("due__isnull", True)),
                name="call_due",
            ),
        ),
        # What is said again is what was said.
        *grants.only_columns(
            "automations_call", "body", "state", "attempts", "status", "reason", "due", "until", "done_at"
        ),
    ]
