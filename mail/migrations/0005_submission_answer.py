from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mail", "0004_changes")]

    operations = [
        migrations.AddField(
            model_name="submission", name="answer", field=models.JSONField(null=True)
        ),
    ]
