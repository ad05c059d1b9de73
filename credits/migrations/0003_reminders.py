from django.db import migrations

# Jobs are global addresses without data, so no account's scope is needed. Lots opened before there were letters are told of too.
REMIND = """
INSERT INTO outbox_job (account_id, kind, subject, due)
SELECT account_id, 'credits.expiring', 0, due - interval '168 hours' FROM outbox_job WHERE kind = 'credits.expire'
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("credits", "0002_grants"), ("outbox", "0001_initial")]
    operations = [migrations.RunSQL(REMIND, migrations.RunSQL.noop)]
