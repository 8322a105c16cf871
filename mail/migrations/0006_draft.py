import django.db.models.deletion
import mail.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0005_submission_answer"),
    ]

    operations = [
        migrations.CreateModel(
            name="Draft",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=mail.models.new_post_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("to", models.TextField(blank=True, verbose_name="to")),
                ("cc", models.TextField(blank=True, verbose_name="cc")),
                ("bcc", models.TextField(blank=True, verbose_name="bcc")),
                ("subject", models.TextField(blank=True, verbose_name="subject")),
                ("body", models.TextField(blank=True, verbose_name="body")),
                (
                    "content_type",
                    models.CharField(
                        choices=[("text/markdown", "Markdown"), ("text/plain", "plain text")],
                        default="text/markdown",
                        max_length=13,
                        verbose_name="content type",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("new", "new post"),
                            ("reply", "answer"),
                            ("forward", "forwarded post"),
                        ],
                        default="new",
                        max_length=7,
                        verbose_name="kind",
                    ),
                ),
                ("in_reply_to", models.UUIDField(blank=True, null=True)),
                ("created", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated", models.DateTimeField(verbose_name="updated")),
                ("version", models.PositiveIntegerField(default=1)),
                ("undone", models.UUIDField(blank=True, null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="drafts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "draft",
                "verbose_name_plural": "drafts",
                "indexes": [models.Index(fields=["owner", "-updated"], name="draft_by_owner")],
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "undone"), name="draft_undone_once")
                ],
            },
        ),
    ]
