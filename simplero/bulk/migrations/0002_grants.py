from django.db import migrations

from simplero.tenancy import grants


class Migration(migrations.Migration):
    dependencies = [("bulk", "0001_initial")]

    operations = [
        # What was done with many stays told; places of a roster may go while nobody has come to them.
        *grants.never_deleted("bulk_bulk", "bulk_row", "bulk_roster"),
        # What a job was to do is never edited, only its note may be erased.
        *grants.only_columns(
            "bulk_bulk",
            *("note", "state", "total", "done", "same", "short", "refused", "whole", "part", "nothing", "after"),
            *("undone_by", "finished_at", "undone_at"),
        ),
        *grants.only_columns(
            "bulk_row", "outcome", "reason", "free", "entry", "undone", "back", "undo_reason", "contact_id"
        ),
    ]
