import re
from pathlib import Path

from django.db import migrations

from simplero.tenancy import grants

LEDGER = (Path(__file__).parent.parent / "ledger.sql").read_text()
STATEMENTS = re.split(r"\n(?=DROP TYPE|CREATE TYPE|CREATE OR REPLACE FUNCTION)", LEDGER)


class Migration(migrations.Migration):
    dependencies = [("credits", "0001_initial"), ("outbox", "0001_initial")]

    operations = [
        *[migrations.RunSQL(statement, migrations.RunSQL.noop) for statement in STATEMENTS],
        *grants.append_only("credits_entry", "credits_allocation"),
        # Room in the page for the next version of the row, so that a posting touches no index of these.
        *[
            migrations.RunSQL(f"ALTER TABLE {table} SET (fillfactor = 70)", migrations.RunSQL.noop)
            for table in ("credits_wallet", "credits_lot")
        ],
    ]
