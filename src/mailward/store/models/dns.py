"""DNS: where zones live, what domains wish to publish, what was published, keys, and what checks found."""

from django.db import models

from mailward.store.models.domains import Domain


class Zone(models.Model):
    """Where a zone lives (model.dns.HomeKind), and how it is changed there. No row: here."""

    name = models.CharField(max_length=253, unique=True)  # a hosted domain, or the one that the server's own name lies in
    home = models.CharField(max_length=10, default="here")
    provider = models.CharField(max_length=60, blank=True)  # "rfc2136", "powerdns", or a name that dns-lexicon knows
    options = models.JSONField(default=dict)  # addresses, account names: nothing secret
    sealed_secret = models.BinaryField(default=b"")  # the API's token or the TSIG secret, sealed to the steward
    changed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class DomainDns(models.Model):
    """A domain's own wishes (model.dns.DnsWish). No row: the defaults."""

    domain = models.OneToOneField(Domain, on_delete=models.CASCADE, related_name="dns")
    spf_terms = models.JSONField(default=list)
    dmarc = models.CharField(max_length=12, default="quarantine")
    dmarc_testing = models.BooleanField(default=False)
    mta_sts = models.CharField(max_length=10, default="off")
    mta_sts_id = models.CharField(max_length=32, blank=True)
    mta_sts_since = models.DateTimeField(null=True)
    tls_rpt = models.BooleanField(default=True)
    caa = models.JSONField(default=list)
    tls_in = models.BooleanField(default=False)  # mail for this domain is taken by TLS alone
    tls_out = models.BooleanField(default=False)  # mail from this domain leaves by TLS alone


class TlsDestination(models.Model):
    """How mail for another domain must leave (Postfix' words: encrypt, secure, verify, dane, dane-only)."""

    name = models.CharField(max_length=253, unique=True)
    level = models.CharField(max_length=12, default="encrypt")


class PublishedRecord(models.Model):
    """What Mailward put into DNS last: it may change that, and nothing else without asking."""

    zone = models.CharField(max_length=253, db_index=True)
    name = models.CharField(max_length=253)
    rdtype = models.CharField(max_length=10)
    values = models.JSONField(default=list)  # as model.dns.Record has them
    ttl = models.IntegerField(default=3600)
    published_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)  # at all authoritative servers

    class Meta:
        constraints = [models.UniqueConstraint(fields=["zone", "name", "rdtype"], name="one_set_per_name_and_type")]


class DkimKey(models.Model):
    """A selector of a domain (model.dns.DkimSelector)."""

    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, related_name="dkim_keys")
    selector = models.CharField(max_length=63)
    algorithm = models.CharField(max_length=10)
    state = models.CharField(max_length=10, db_index=True)
    record = models.TextField()
    sealed_key = models.BinaryField(default=b"")  # PEM, sealed to the steward; empty once it is gone
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["domain", "selector"], name="one_key_per_selector")]


class TlsaKey(models.Model):
    """A hash in the TLSA set of a door's name (model.dns.TlsaHash), and the key that isn't in a certificate yet."""

    name = models.CharField(max_length=253, db_index=True)
    lineage = models.ForeignKey("store.Lineage", on_delete=models.SET_NULL, null=True, related_name="tlsa_keys")
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=10)
    kind = models.CharField(max_length=10, blank=True)  # model.settings.KeyType of the key made ahead
    sealed_key = models.BinaryField(null=True)  # PEM of a key made ahead; null once a version of the lineage holds it
    seen_at = models.DateTimeField(null=True)  # since when all authoritative servers show it
    with_first = models.BooleanField(default=False)  # published with the name's first set: no cache holds one without it
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "sha256"], name="one_hash_per_door_name")]


class Check(models.Model):
    """What the latest check of a domain found (model.checks.CheckFinding). Older ones are replaced."""

    domain = models.CharField(max_length=253, db_index=True)
    mechanism = models.CharField(max_length=15)
    subject = models.CharField(max_length=300)
    verdict = models.CharField(max_length=15, db_index=True)
    code = models.CharField(max_length=40)
    found = models.JSONField()  # the whole finding (store/values.py)
    checked_at = models.DateTimeField()


class DomainBoard(models.Model):
    """One line of the board of all domains (model.checks.Board), for lists of many thousands."""

    domain = models.CharField(max_length=253, unique=True)
    verdicts = models.JSONField(default=dict)
    six = models.CharField(max_length=15, db_index=True)  # the worst of the six; unknown when one wasn't looked at
    worst = models.CharField(max_length=15, db_index=True)
    checked_at = models.DateTimeField(db_index=True)
