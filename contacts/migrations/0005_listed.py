from django.db import migrations, models

LISTED = models.Q(("erased_at__isnull", True), ("merged_into__isnull", True))


class Migration(migrations.Migration):
    dependencies = [("contacts", "0004_merge_and_erase")]

    operations = [
        migrations.RemoveIndex(model_name="contact", name="contact_by_name"),
        migrations.RemoveIndex(model_name="contact", name="contact_by_added"),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["account", "name_key", "id"], name="contact_by_name", condition=LISTED),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["account", "created_at", "id"], name="contact_by_added", condition=LISTED),
        ),
    ]
