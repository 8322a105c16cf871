from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mail", "0006_draft")]

    operations = [
        migrations.AddField(
            model_name="deliveredpost",
            name="moved",
            field=models.DateTimeField(null=True, verbose_name="moved"),
        ),
    ]
