from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("routes", "0003_versions_of_entities")]

    operations = [
        migrations.RenameField("incoming", "kind", "type"),
        migrations.RenameField("outgoing", "kind", "type"),
    ]
