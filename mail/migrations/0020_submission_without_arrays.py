from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0019_submission_recipients"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="submission", name="submission_pending"),
        migrations.RemoveField(model_name="submission", name="errors"),
        migrations.RemoveField(model_name="submission", name="last_error"),
        migrations.RemoveField(model_name="submission", name="next_attempt_at"),
        migrations.RemoveField(model_name="submission", name="recipients"),
    ]
