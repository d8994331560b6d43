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
    password = models.CharField(max_length=255)  # a Dovecot scheme string, {ARGON2ID}…; never the password itself
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
