"""What the trash is emptied by; made without locking the large table."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("mail", "0007_moved")]

    operations = [
        # What is in a trash already is taken to have been put there now.
        migrations.RunSQL(
            "UPDATE mail_deliveredpost d SET moved = statement_timestamp() FROM mail_box b"
            " WHERE b.id = d.box_id AND b.kind = 'folder' AND b.name LIKE '%:trash'"
            " AND d.moved IS NULL",
            migrations.RunSQL.noop,
        ),
        AddIndexConcurrently(
            model_name="deliveredpost",
            index=models.Index(
                fields=["box", "moved"],
                condition=models.Q(moved__isnull=False),
                name="delivered_by_moved",
            ),
        ),
    ]
