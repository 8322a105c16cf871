"""The one box for everyone, and hot rows with room to be updated in place."""

from django.db import migrations


def make_everyone(apps, schema_editor):
    box = apps.get_model("mail", "Box").objects.create(name="everyone", kind="everyone")
    apps.get_model("mail", "BoxCounter").objects.create(box=box)


class Migration(migrations.Migration):
    dependencies = [("mail", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE mail_boxcounter SET (fillfactor = 50);"
            "ALTER TABLE mail_subscription SET (fillfactor = 80);",
            "ALTER TABLE mail_boxcounter RESET (fillfactor);"
            "ALTER TABLE mail_subscription RESET (fillfactor);",
        ),
        migrations.RunPython(make_everyone, migrations.RunPython.noop),
    ]
