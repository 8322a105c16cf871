import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mail", "0002_hot_rows")]

    operations = [
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("read_only", models.BooleanField(default=False, verbose_name="read only")),
                ("created", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                (
                    "expires",
                    models.DateTimeField(blank=True, null=True, verbose_name="expires"),
                ),
                ("last_used", models.DateTimeField(null=True, verbose_name="last used")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"verbose_name": "API token", "verbose_name_plural": "API tokens"},
        ),
        migrations.AddField(
            model_name="submission",
            name="fingerprint",
            field=models.CharField(blank=True, max_length=64, db_default=""),
        ),
    ]
