from django.db import migrations

from simplero.tenancy import grants


class Migration(migrations.Migration):
    dependencies = [("credits", "0001_initial"), ("outbox", "0001_initial")]

    operations = [
        *grants.append_only("credits_entry", "credits_allocation"),
        *grants.never_deleted("credits_wallet", "credits_lot"),
        # Room in the page for the next version of the row, so that a posting touches no index of these.
        *[
            migrations.RunSQL(f"ALTER TABLE {table} SET (fillfactor = 70)", migrations.RunSQL.noop)
            for table in ("credits_wallet", "credits_lot")
        ],
    ]
