"""What changed in a box since a state, by index; made without locking the large tables."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("mail", "0003_api")]

    operations = [
        AddIndexConcurrently(
            model_name="deliveredpost",
            index=models.Index(fields=["box", "modseq"], name="delivered_by_modseq"),
        ),
        AddIndexConcurrently(
            model_name="tombstone",
            index=models.Index(fields=["box", "modseq"], name="tombstone_by_modseq"),
        ),
    ]
