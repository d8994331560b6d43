"""Lineages and their history, ACME accounts and orders. Every private key in these tables is sealed to the steward."""

from django.db import models


class Lineage(models.Model):
    """A choice of certificate, with its history of versions. ``domain`` null: the server's own."""

    id = models.CharField(primary_key=True, max_length=270)
    domain = models.ForeignKey("store.Domain", on_delete=models.PROTECT, null=True, related_name="lineages")
    source = models.CharField(max_length=20)  # model.certificates.Source
    names = models.JSONField(default=list)
    challenge = models.CharField(max_length=10, blank=True)  # model.certificates.Challenge
    ca = models.CharField(max_length=60, blank=True)  # the name of the CA that is tried first; "": the instance's first
    key_type = models.CharField(max_length=10, default="p256")
    current = models.IntegerField(null=True)  # the version served where this lineage is chosen
    ends_at = models.DateTimeField(null=True, db_index=True)  # when the current version ends, so that lists find it
    renew_at = models.DateTimeField(null=True)  # when the next version is due (ARI, or two thirds with jitter)
    failures = models.IntegerField(default=0)  # orders that failed since the last success
    failure = models.JSONField(null=True)  # the last failure's sentence
    retry_at = models.DateTimeField(null=True)  # no order before this moment
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["failures"], condition=models.Q(failures__gt=0), name="lineages_that_fail")]

    def __str__(self) -> str:
        return self.id


class Version(models.Model):
    lineage = models.ForeignKey(Lineage, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField()
    chain_pem = models.BinaryField()
    sealed_key = models.BinaryField()
    sha256 = models.CharField(max_length=64, db_index=True)
    companion_chain_pem = models.BinaryField(null=True)  # the RSA companion, where the lineage has both kinds of keys
    companion_sealed_key = models.BinaryField(null=True)
    companion_sha256 = models.CharField(max_length=64, null=True, db_index=True)
    names = models.JSONField(default=list)
    issuer = models.CharField(max_length=250)
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lineage", "number"], name="one_version_per_number")]

    def __str__(self) -> str:
        return f"{self.lineage_id}.{self.number}"


class SigningRequest(models.Model):
    """A CSR made here whose answer has not been pasted yet."""

    lineage = models.OneToOneField(Lineage, on_delete=models.CASCADE, related_name="signing_request")
    csr_pem = models.BinaryField()
    sealed_key = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)


class AcmeAccount(models.Model):
    ca = models.CharField(max_length=60, unique=True)
    directory = models.URLField()
    uri = models.CharField(max_length=250, blank=True)
    sealed_key = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)


class Order(models.Model):
    """One ACME order (RFC 8555 section 7.4) as a persisted state machine; see ``certificates/orders.py``."""

    lineage = models.ForeignKey(Lineage, on_delete=models.CASCADE, related_name="orders")
    ca = models.CharField(max_length=60)
    state = models.CharField(max_length=20, db_index=True)
    names = models.JSONField(default=list)
    journal = models.JSONField(default=dict)  # what the state machine must remember: URLs, challenges, replaces; no key
    sealed_key = models.BinaryField(null=True)
    csr_pem = models.BinaryField(null=True)
    error = models.JSONField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
