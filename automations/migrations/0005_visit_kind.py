from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("automations", "0004_at_step")]

    operations = [migrations.AlterField("visit", "kind", models.CharField(max_length=20))]
