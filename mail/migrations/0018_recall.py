import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0017_names"),
    ]

    operations = [
        migrations.CreateModel(
            name="Recall",
            fields=[
                ("post", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="+", serialize=False, to="mail.post")),
                ("fence", models.BigIntegerField(null=True)),
                ("created", models.DateTimeField(auto_now_add=True)),
            ],
        ),
    ]
