from django.db import migrations
from django.db.migrations import RunSQL

from simplero.tenancy import grants

KEPT = ("account_id", "id", "trigger_id", "contact_id", "outcome", "at")


class Migration(migrations.Migration):
    """Calls stay as written, but for the caller's name of one: that is free text, and goes when its contact is erased."""

    dependencies = [("triggers", "0002_grants")]

    operations = [
        RunSQL(sql, RunSQL.noop)
        for sql in (
            "DROP TRIGGER append_only ON triggers_hookcall",
            "CREATE TRIGGER append_only BEFORE DELETE ON triggers_hookcall FOR EACH ROW EXECUTE FUNCTION refuse_change()",
            f"""CREATE TRIGGER only_forgotten BEFORE UPDATE ON triggers_hookcall FOR EACH ROW
            WHEN ((NEW.call_id <> 'erased-' || OLD.id) OR ({", ".join(f"OLD.{name}" for name in KEPT)})
                  IS DISTINCT FROM ({", ".join(f"NEW.{name}" for name in KEPT)}))
            EXECUTE FUNCTION refuse_change()""",
            f"GRANT UPDATE (call_id) ON triggers_hookcall TO {grants.ROLE}",
        )
    ]
