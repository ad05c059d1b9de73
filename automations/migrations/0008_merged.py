from django.db import migrations

from simplero.tenancy import grants


class Migration(migrations.Migration):
    """A run goes on as another's when its contact is merged into that one."""

    dependencies = [("automations", "0007_remember_refused")]

    operations = [
        migrations.RunSQL(f"GRANT UPDATE (contact_id) ON automations_run TO {grants.ROLE}", migrations.RunSQL.noop)
    ]
