from django.db import migrations
from django.db.migrations import RunSQL

from simplero.audit.watching import FORGETTING, audited


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_watched"),
        ("contacts", "0004_merge_and_erase"),
        ("finding", "0001_initial"),
        ("bulk", "0001_initial"),
    ]

    operations = [
        # What is searched for may be somebody's name, which nobody would find here when that person is erased.
        audited("finding_savedfilter", "filter", secret=["query"], ignore=["name_key"]),
        audited("bulk_roster", "roster"),
        # Who is gone cannot be erased any more: what stood there goes at once.
        audited(
            "contacts_contact",
            "contact",
            on="DELETE",
            secret=["name", "email", "phone", "company"],
            ignore=["name_key", "email_key", "merged_into_id", "erased_at"],
            contact="id",
            name="audited_gone",
        ),
        RunSQL(FORGETTING, "DROP FUNCTION audit_forget()"),
        # By their names they come after what writes the change down.
        RunSQL(
            """CREATE TRIGGER forgotten AFTER UPDATE OF erased_at ON contacts_contact FOR EACH ROW
               WHEN (NEW.erased_at IS NOT NULL) EXECUTE FUNCTION audit_forget()""",
            "DROP TRIGGER forgotten ON contacts_contact",
        ),
        RunSQL(
            "CREATE TRIGGER forgotten_gone AFTER DELETE ON contacts_contact FOR EACH ROW EXECUTE FUNCTION audit_forget()",
            "DROP TRIGGER forgotten_gone ON contacts_contact",
        ),
    ]
