"""Two certificates per version, one of each kind of key; and findings about each."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0001_first")]

    operations = [
        migrations.AddField("version", "companion_chain_pem", models.BinaryField(null=True)),
        migrations.AddField("version", "companion_sealed_key", models.BinaryField(null=True)),
        migrations.AddField("version", "companion_sha256", models.CharField(db_index=True, max_length=64, null=True)),
        migrations.AddField("finding", "rsa_only", models.BooleanField(default=False)),
        migrations.RemoveConstraint("finding", "one_finding_per_door"),
        migrations.AddConstraint(
            "finding",
            models.UniqueConstraint(
                fields=("domain", "name", "door", "port", "address", "rsa_only"), name="one_finding_per_look"
            ),
        ),
    ]
