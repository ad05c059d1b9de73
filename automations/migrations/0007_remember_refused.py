from django.db import connection, migrations

from simplero.tenancy.scope import scope

# Whoever needs attention now has needed it; of those that went on since, a visit tells.
REMEMBER = """
UPDATE automations_run r SET refused = true
 WHERE r.account_id = %(account)s AND (r.state = 'attention' OR EXISTS (
   SELECT FROM automations_visit v WHERE v.account_id = r.account_id AND v.run_id = r.id AND v.outcome = 'refused'))
"""


def remember(apps, schema_editor):
    for account in apps.get_model("tenancy", "Account").objects.values_list("pk", flat=True):
        with scope(account), connection.cursor() as cursor:
            cursor.execute(REMEMBER, {"account": account})


class Migration(migrations.Migration):
    atomic = False  # a scope is a transaction of its own
    dependencies = [("automations", "0006_refused"), ("tenancy", "0002_storefront")]
    operations = [migrations.RunPython(remember, migrations.RunPython.noop)]
