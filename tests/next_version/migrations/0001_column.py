from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("credits", "0001_initial")]
    operations = [
        migrations.RunSQL("CREATE TABLE next_version_first (id bigint)", "DROP TABLE next_version_first"),
        migrations.RunSQL(
            "ALTER TABLE credits_wallet ADD COLUMN next_version text",
            "ALTER TABLE credits_wallet DROP COLUMN next_version",
        ),
    ]
