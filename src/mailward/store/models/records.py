"""What happened: runs and their steps, what was last found at each door, and who did what."""

from django.db import models


class Run(models.Model):
    """Something asked of the steward: waiting, running, or ended. ``request`` is what a restart needs to go on."""

    kind = models.CharField(max_length=20)  # model.runs.RunKind
    state = models.CharField(max_length=12, db_index=True)  # model.runs.RunState
    subject = models.CharField(max_length=253)
    request = models.JSONField(default=dict)
    asked_by = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    what = models.JSONField(null=True)  # a sentence
    remedy = models.JSONField(null=True)
    plan = models.JSONField(default=list)  # the changes: path, kind, sentence, masked diff
    generation = models.IntegerField(null=True)
    previous = models.IntegerField(null=True)

    class Meta:
        ordering = ["-id"]


class RunStep(models.Model):
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    step = models.CharField(max_length=10)  # model.runs.Step
    started_at = models.DateTimeField()
    seconds = models.FloatField(null=True)  # null: it never ended
    note = models.JSONField(null=True)

    class Meta:
        ordering = ["id"]


class Finding(models.Model):
    """The latest look at one door under one name at one address. Older looks are replaced."""

    domain = models.CharField(max_length=253, db_index=True)
    name = models.CharField(max_length=253)
    door = models.CharField(max_length=12)
    port = models.IntegerField()
    address = models.CharField(max_length=45)
    tls = models.CharField(max_length=10)
    sni = models.CharField(max_length=253, null=True)
    verdict = models.CharField(max_length=15, db_index=True)
    code = models.CharField(max_length=40)
    reason = models.JSONField()
    remedy = models.JSONField()
    served_sha256 = models.CharField(max_length=64, null=True)
    wanted_sha256 = models.CharField(max_length=64, null=True)
    not_after = models.DateTimeField(null=True)
    protocol = models.CharField(max_length=10, null=True)
    also = models.JSONField(default=list)
    rsa_only = models.BooleanField(default=False)
    checked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["domain", "name", "door", "port", "address", "rsa_only"], name="one_finding_per_look"
            )
        ]


class Event(models.Model):
    """Who did what, when. Written in the transaction of the change itself."""

    at = models.DateTimeField()
    who = models.CharField(max_length=120)
    what = models.CharField(max_length=60)  # a stable word: domain.added, certificate.chosen …
    subject = models.CharField(max_length=253)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
