from django.db import migrations
from django.db.migrations import RunSQL

from simplero.tenancy import grants


class Migration(migrations.Migration):
    dependencies = [("outbox", "0002_listeners")]

    operations = [
        # Every event is offered to those who listen to its kind, whoever wrote it and by which way: the services one at a time,
        # the posting functions in thousands. All that a statement writes shares one job, which names its transaction: another's job
        # might be done before this one commits.
        RunSQL(
            """CREATE FUNCTION outbox_offer() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              IF EXISTS (SELECT FROM outbox_listener WHERE account_id = NEW.account_id AND kind = NEW.kind) THEN
                INSERT INTO outbox_delivery (account_id, event_id) VALUES (NEW.account_id, NEW.id);
                INSERT INTO outbox_job (account_id, kind, subject, due) VALUES (NEW.account_id, 'outbox.deliver', pg_current_xact_id()::text::bigint, ledger_now())
                ON CONFLICT DO NOTHING;
              END IF;
              RETURN NULL;
            END $$""",
            RunSQL.noop,
        ),
        RunSQL(
            "CREATE TRIGGER offer AFTER INSERT ON outbox_event FOR EACH ROW EXECUTE FUNCTION outbox_offer()",
            RunSQL.noop,
        ),
        RunSQL(f"REVOKE UPDATE ON outbox_listener, outbox_tick FROM {grants.ROLE}", RunSQL.noop),
    ]
