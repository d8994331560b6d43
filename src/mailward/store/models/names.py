"""Who may hold which name: proof of control, the provider's deny list, partners' names, and look-alikes seen in DNS."""

from django.db import models

from mailward.store.models.domains import Domain


class ControlProof(models.Model):
    """Whether whoever added a domain has shown that it is theirs. No row: the provider took it in, which needs no proof.

    While ``proven_at`` is null, mail for the domain isn't taken here (docs/decisions/proof-of-control.md).
    """

    domain = models.OneToOneField(Domain, on_delete=models.CASCADE, related_name="control")
    token = models.CharField(max_length=64)  # what the TXT record must hold; no secret
    asked_at = models.DateTimeField()
    proven_at = models.DateTimeField(null=True, db_index=True)
    how = models.CharField(max_length=10, blank=True)  # model.names.ProofBy
    looked_at = models.DateTimeField(null=True)
    look_at = models.DateTimeField(db_index=True)  # when the steward looks next
    seen = models.JSONField(default=list)  # what each name server said at the last look
    what = models.JSONField(null=True)  # a sentence: what the last look found

    def __str__(self) -> str:
        return self.domain.name


class DeniedName(models.Model):
    """A pattern (standards/name_patterns.py) of the provider's: names that aren't hosted, or (``allowed``) that are all the
    same."""

    pattern = models.CharField(max_length=253, unique=True)
    allowed = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, blank=True)
    added_by = models.CharField(max_length=254)
    added_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.pattern


class PartnerName(models.Model):
    """A name that is hosted elsewhere and guarded here: its look-alikes aren't hosted for others, and are watched."""

    name = models.CharField(max_length=253, unique=True)
    note = models.CharField(max_length=200, blank=True)
    added_by = models.CharField(max_length=254)
    added_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class NameForm(models.Model):
    """What a hosted domain looks like (standards/look_alikes.py): new names are compared with 50,000 as with ten."""

    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, related_name="forms")
    form = models.CharField(max_length=253)
    ending = models.CharField(max_length=253)

    class Meta:
        indexes = [models.Index(fields=["form", "ending"], name="names_by_their_looks")]

    def __str__(self) -> str:
        return f"{self.form} {self.ending}"


class WatchedName(models.Model):
    """A look-alike of a guarded name that somebody has registered."""

    name = models.CharField(max_length=253)
    of = models.CharField(max_length=253, db_index=True)  # the guarded name
    kind = models.CharField(max_length=12)  # model.names.LikenessKind
    name_servers = models.JSONField(default=list)
    mail_hosts = models.JSONField(default=list)  # it can receive mail that was meant for the other one
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    known = models.BooleanField(default=False)  # somebody looked at it, and it is no danger

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "of"], name="one_row_per_look_alike")]

    def __str__(self) -> str:
        return self.name


class NameWatch(models.Model):
    """One row: how far the steward is in asking DNS for look-alikes. It goes around without end."""

    guarded = models.CharField(max_length=253, blank=True)  # the name whose look-alikes are asked for now
    position = models.IntegerField(default=0)  # how many of them were asked
    round_began_at = models.DateTimeField(null=True)
    round_ended_at = models.DateTimeField(null=True)
    asked = models.BigIntegerField(default=0)
    unanswered = models.BigIntegerField(default=0)  # nobody knows: neither registered nor free
