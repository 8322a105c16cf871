import django.db.models.deletion
from django.db import migrations, models

# A box that failed has its error beside the array, by its id. What is still due is due at once.
# What was recalled meanwhile is not told apart: the submissions of that time do not say it.
COPY = """
INSERT INTO mail_submissionrecipient
    (submission_id, box_id, state, attempts, next_attempt_at, code, detail)
SELECT s.id, r.box_id,
       CASE WHEN e.error IS NOT NULL OR s.attempts = 0
            THEN CASE s.state WHEN 'accepted' THEN 'pending'
                              WHEN 'failed' THEN 'failed' ELSE 'delivered' END
            ELSE 'delivered' END,
       least(s.attempts, 32767),
       CASE WHEN s.state = 'accepted' AND (e.error IS NOT NULL OR s.attempts = 0)
            THEN coalesce(s.next_attempt_at, s.send_at) END,
       CASE WHEN e.error IS NULL THEN '' WHEN s.state = 'failed' THEN 'gone'
            ELSE 'unavailable' END,
       coalesce(e.error, '')
FROM mail_submission s
CROSS JOIN LATERAL (SELECT DISTINCT unnest(s.recipients || s.sent_box) AS box_id) r
LEFT JOIN LATERAL (SELECT s.errors ->> r.box_id::text AS error) e ON true
WHERE r.box_id IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0018_recall"),
    ]

    operations = [
        migrations.CreateModel(
            name="SubmissionRecipient",
            fields=[
                ("pk", models.CompositePrimaryKey("submission_id", "box_id", blank=True, editable=False, primary_key=True, serialize=False)),
                ("submission", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="recipients", to="mail.submission")),
                ("box", models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="mail.box")),
                ("state", models.CharField(choices=[("pending", "pending"), ("delivered", "delivered"), ("failed", "failed"), ("withdrawn", "recalled before it was delivered")], default="pending", max_length=9)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField(null=True)),
                ("code", models.CharField(blank=True, choices=[("unavailable", "The box cannot take the post now. It is tried again."), ("gone", "There is no such box any more.")], max_length=11)),
                ("detail", models.TextField(blank=True)),
            ],
            options={
                "indexes": [models.Index(condition=models.Q(("state", "pending")), fields=["next_attempt_at"], name="recipient_pending")],
            },
        ),
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
    ]
