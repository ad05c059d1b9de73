from django.db import migrations

from simplero.tenancy import grants


class Migration(migrations.Migration):
    dependencies = [("triggers", "0001_initial")]

    operations = [*grants.append_only("triggers_hookcall"), *grants.never_deleted("triggers_trigger")]
