"""People and groups by how their names begin; made without locking the tables."""

from django.contrib.postgres.indexes import OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("mail", "0008_by_moved")]

    operations = [
        AddIndexConcurrently(
            model_name="box",
            index=models.Index(
                models.F("kind"),
                OpClass(Lower("name"), "text_pattern_ops"),
                condition=~models.Q(kind="folder"),
                name="box_by_beginning",
            ),
        ),
        AddIndexConcurrently(
            model_name="user",
            index=models.Index(
                OpClass(
                    Lower(
                        models.Func(
                            *("first_name", models.Value(" "), "last_name"),
                            template="(%(expressions)s)",
                            arg_joiner=" || ",
                        )
                    ),
                    "text_pattern_ops",
                ),
                name="user_by_full_name",
            ),
        ),
        AddIndexConcurrently(
            model_name="user",
            index=models.Index(
                OpClass(Lower("last_name"), "text_pattern_ops"), name="user_by_last_name"
            ),
        ),
    ]
