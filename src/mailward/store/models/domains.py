"""Who owns what: customers, domains, mailboxes, aliases, and the server's own choices of certificate."""

from django.db import models


class Customer(models.Model):
    name = models.CharField(max_length=120, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Domain(models.Model):
    """A domain for which mail is delivered here. The chosen lineages are always the last *proven* choice."""

    name = models.CharField(max_length=253, unique=True)  # an A-label name (RFC 5890), lower case, no trailing dot
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="domains")
    webmail_lineage = models.ForeignKey(
        "store.Lineage", on_delete=models.PROTECT, null=True, blank=True, related_name="webmail_domains"
    )
    mail_lineage = models.ForeignKey(
        "store.Lineage", on_delete=models.PROTECT, null=True, blank=True, related_name="mail_domains"
    )
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Mailbox(models.Model):
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, related_name="mailboxes")
    local_part = models.CharField(max_length=64)
    password = models.CharField(max_length=255, blank=True)  # before 0.2: the hash in clear; sealed at the next ``up``
    sealed_password = models.BinaryField(default=b"")  # a Dovecot scheme string, {ARGON2ID}…, sealed to the steward
    quota_bytes = models.BigIntegerField(default=0)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["domain", "local_part"], name="one_mailbox_per_address")]

    @property
    def address(self) -> str:
        return f"{self.local_part}@{self.domain.name}"

    def __str__(self) -> str:
        return self.address


class AppPassword(models.Model):
    """A password that a program made for one mailbox: it opens the named protocols alone. Shown once, kept sealed."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="app_passwords")
    label = models.CharField(max_length=120)
    selector = models.CharField(max_length=8, unique=True)  # its first characters, by which Dovecot finds it
    sealed_hash = models.BinaryField()
    protocols = models.JSONField(default=list)  # imap, pop3, submission, sieve
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    last_used_from = models.CharField(max_length=45, blank=True)

    def __str__(self) -> str:
        return f"{self.label} of {self.mailbox.address}"


class Alias(models.Model):
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, related_name="aliases")
    local_part = models.CharField(max_length=64, blank=True)  # "" collects what no mailbox takes (catch-all)
    targets = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["domain", "local_part"], name="one_alias_per_address")]

    @property
    def address(self) -> str:
        return f"{self.local_part}@{self.domain.name}"

    def __str__(self) -> str:
        return self.address


class ServerChoice(models.Model):
    """One row: the server-wide certificate (mail) and the panel's (web). Always the last proven choice."""

    mail_lineage = models.ForeignKey("store.Lineage", on_delete=models.PROTECT, null=True, related_name="+")
    panel_lineage = models.ForeignKey("store.Lineage", on_delete=models.PROTECT, null=True, related_name="+")
