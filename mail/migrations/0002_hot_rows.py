"""Hot rows with room to be updated in place (HOT): their pages are filled by half."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("mail", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE mail_boxcounter SET (fillfactor = 50);"
            "ALTER TABLE mail_subscription SET (fillfactor = 80);",
            "ALTER TABLE mail_boxcounter RESET (fillfactor);"
            "ALTER TABLE mail_subscription RESET (fillfactor);",
        ),
    ]
