"""People of the panel: accounts, groups, what they are granted, invitations, and tokens for programs.

A password is kept as Django's one-way hash; a token and an invitation only as the SHA-256 of a random secret.
"""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class Accounts(BaseUserManager["Account"]):
    """What Django and allauth ask of a user's table."""

    def get_by_natural_key(self, username: str | None) -> "Account":
        return self.get(email=(username or "").lower())


class Account(AbstractBaseUser):
    """Somebody who signs in to the panel, by an e-mail address. Rights come from grants alone."""

    email = models.EmailField(max_length=254, unique=True)  # lower case
    name = models.CharField(max_length=120, blank=True)
    language = models.CharField(max_length=5, blank=True)  # "": as the browser wishes
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[Accounts] = Accounts()

    def __str__(self) -> str:
        return self.email


class Group(models.Model):
    """People who share grants. ``customer`` null: the provider's own people."""

    name = models.CharField(max_length=120)
    customer = models.ForeignKey("store.Customer", on_delete=models.CASCADE, null=True, related_name="groups")
    members = models.ManyToManyField(Account, related_name="groups")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "customer"], name="one_group_per_name", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return self.name


class RoleGrant(models.Model):
    """model.rights.Grant, given to an account or a group."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, related_name="grants")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, related_name="grants")
    role = models.CharField(max_length=20)  # model.rights.PersonRole
    customer = models.ForeignKey("store.Customer", on_delete=models.CASCADE, null=True, related_name="grants")
    domain = models.ForeignKey("store.Domain", on_delete=models.CASCADE, null=True, related_name="grants")
    mailbox = models.ForeignKey("store.Mailbox", on_delete=models.CASCADE, null=True, related_name="grants")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(account__isnull=False, group__isnull=True)
                | models.Q(account__isnull=True, group__isnull=False),
                name="a_grant_has_one_holder",
            )
        ]


class Invitation(models.Model):
    """A link that lets an account choose its first password, once."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="invitation")
    secret_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()


class ApiToken(models.Model):
    """A program's key: ``mw_<id>_<secret>``. It never allows more than its account does at the moment of use."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="tokens")
    label = models.CharField(max_length=120)
    secret_sha256 = models.CharField(max_length=64)
    acts = models.JSONField(null=True)  # model.rights.Act values; null: all that the account may
    domains = models.JSONField(null=True)  # names; null: all
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class KeptAnswer(models.Model):
    """What an idempotency key (draft-ietf-httpapi-idempotency-key-header) was answered, so that it is done once."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="kept_answers")
    key = models.CharField(max_length=255)
    request_sha256 = models.CharField(max_length=64)  # of method, path and body
    status = models.IntegerField(null=True)  # null: still being done
    body = models.BinaryField(default=b"")  # never holds a secret: an answer that has one is kept without it
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "key"], name="one_answer_per_key")]
