"""Proofs of control, the deny list, partners' names, and look-alikes seen in DNS. What is held already counts as proven."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0004_dns"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeniedName",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("pattern", models.CharField(max_length=253, unique=True)),
                ("allowed", models.BooleanField(default=False)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("added_by", models.CharField(max_length=254)),
                ("added_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="NameWatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("guarded", models.CharField(blank=True, max_length=253)),
                ("position", models.IntegerField(default=0)),
                ("round_began_at", models.DateTimeField(null=True)),
                ("round_ended_at", models.DateTimeField(null=True)),
                ("asked", models.BigIntegerField(default=0)),
                ("unanswered", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="PartnerName",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=253, unique=True)),
                ("note", models.CharField(blank=True, max_length=200)),
                ("added_by", models.CharField(max_length=254)),
                ("added_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ControlProof",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token", models.CharField(max_length=64)),
                ("asked_at", models.DateTimeField()),
                ("proven_at", models.DateTimeField(db_index=True, null=True)),
                ("how", models.CharField(blank=True, max_length=10)),
                ("looked_at", models.DateTimeField(null=True)),
                ("look_at", models.DateTimeField(db_index=True)),
                ("seen", models.JSONField(default=list)),
                ("what", models.JSONField(null=True)),
                (
                    "domain",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="control", to="store.domain"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="NameForm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("form", models.CharField(max_length=253)),
                ("ending", models.CharField(max_length=253)),
                (
                    "domain",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="forms", to="store.domain"),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["form", "ending"], name="names_by_their_looks")],
            },
        ),
        migrations.CreateModel(
            name="WatchedName",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=253)),
                ("of", models.CharField(db_index=True, max_length=253)),
                ("kind", models.CharField(max_length=12)),
                ("name_servers", models.JSONField(default=list)),
                ("mail_hosts", models.JSONField(default=list)),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
                ("known", models.BooleanField(default=False)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("name", "of"), name="one_row_per_look_alike")],
            },
        ),
    ]
