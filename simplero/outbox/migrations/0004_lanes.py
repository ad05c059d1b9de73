from django.db import migrations, models
from django.db.migrations import RunSQL
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("outbox", "0003_offer")]

    operations = [
        RunSQL("UPDATE outbox_job SET leased_until = due WHERE attempts > 0 AND leased_until IS NULL", RunSQL.noop),
        RunSQL("UPDATE outbox_job SET leased_until = NULL WHERE attempts = 0", RunSQL.noop),
        migrations.RemoveIndex(model_name="job", name="job_due"),
        migrations.AddIndex(
            model_name="job", index=models.Index(fields=["due", "id"], name="job_fresh", condition=Q(attempts=0))
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["account_id", "due", "id"], name="job_fresh_account", condition=Q(attempts=0)),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["leased_until", "id"], name="job_begun", condition=Q(attempts__gt=0)),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                fields=["account_id", "leased_until", "id"], name="job_begun_account", condition=Q(attempts__gt=0)
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=Q(attempts=0, leased_until__isnull=True) | Q(attempts__gt=0, leased_until__isnull=False),
                name="job_lane",
            ),
        ),
    ]
