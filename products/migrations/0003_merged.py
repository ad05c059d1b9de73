from django.db import migrations

from simplero.tenancy import grants


class Migration(migrations.Migration):
    """A purchase goes along when its contact is merged into another."""

    dependencies = [("products", "0002_grants")]

    operations = [
        migrations.RunSQL(f"GRANT UPDATE (contact_id) ON products_purchase TO {grants.ROLE}", migrations.RunSQL.noop)
    ]
