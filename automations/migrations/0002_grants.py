from django.db import migrations
from django.db.migrations import RunSQL

from simplero.tenancy import grants


class Migration(migrations.Migration):
    dependencies = [("automations", "0001_initial"), ("outbox", "0003_offer"), ("credits", "0003_reminders")]

    operations = [
        *grants.append_only("automations_visit"),
        *grants.never_deleted("automations_flow", "automations_run", "automations_start", "automations_endpoint"),
        # What began a run, and the names of what it does, are never edited.
        *grants.only_columns(
            "automations_run",
            *(
                "version_id",
                "state",
                "step",
                "visit",
                "attempt",
                "hops",
                "due",
                "waiting",
                "awaits",
                "alone",
                "reason",
                "detail",
            ),
            *("one_for", "since", "ended_at"),
        ),
        # Contacts inside go on in the version they entered, so it must say tomorrow what it said then. A draft may change or go.
        RunSQL(
            """CREATE FUNCTION automations_keep_published() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              RAISE EXCEPTION 'version % of flow % is published and stays as it is', OLD.number, OLD.flow_id USING ERRCODE = '55000';
            END $$""",
            RunSQL.noop,
        ),
        RunSQL(
            """CREATE TRIGGER keep_published BEFORE UPDATE OR DELETE ON automations_version FOR EACH ROW
            WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION automations_keep_published()""",
            RunSQL.noop,
        ),
    ]
