"""What happened: runs and their steps, what was last found at each door, and who did what."""

from django.db import models


class Run(models.Model):
    """Something asked of the steward: waiting, running, or ended. ``request`` is what a restart needs to go on."""

    kind = models.CharField(max_length=20)  # model.runs.RunKind
    state = models.CharField(max_length=12, db_index=True)  # model.runs.RunState
    subject = models.CharField(max_length=253)
    request = models.JSONField(default=dict)
    asked_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    what = models.JSONField(null=True)  # a sentence
    remedy = models.JSONField(null=True)
    plan = models.JSONField(default=list)  # the changes: path, kind, sentence, masked diff
    generation = models.IntegerField(null=True)
    previous = models.IntegerField(null=True)
    answer = models.JSONField(null=True)  # what a run that only looks has found
    domain = models.CharField(max_length=253, blank=True, db_index=True)  # whose it is; "": the host's

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["subject", "kind"], name="runs_of_a_subject"),
            models.Index(fields=["finished_at"], name="runs_by_end"),
        ]


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


class DomainState(models.Model):
    """How a domain (or "server") stood when its oldest finding was made: see ``store/states.py``."""

    domain = models.CharField(max_length=253, unique=True)
    web = models.CharField(max_length=15)  # model.verdict.Verdict, the worst of webmail's doors
    mail = models.CharField(max_length=15)
    verdict = models.CharField(max_length=15, db_index=True)
    checked_at = models.DateTimeField(db_index=True)


class Event(models.Model):
    """Who did what, when, from where. Written in the transaction of the change itself, and chained: each row's hash holds
    the one before it, so that nothing can be changed or taken out unseen (``store/chain.py``)."""

    at = models.DateTimeField()
    who = models.CharField(max_length=254)
    what = models.CharField(max_length=60, db_index=True)  # a stable word: domain.added, certificate.chosen …
    subject = models.CharField(max_length=320)
    detail = models.JSONField(default=dict)
    came_from = models.CharField(max_length=45, blank=True)  # an IP address; "": the machine itself
    domain = models.CharField(max_length=253, blank=True, db_index=True)  # whose it is; "": the host's
    customer = models.CharField(max_length=120, blank=True, db_index=True)
    previous = models.CharField(max_length=64, blank=True)  # the hash of the row before; "": the first
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-id"]
