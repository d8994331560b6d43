"""Inviting people: an account without a password, and a link by which its owner, and nobody else, chooses one.

The link's secret is answered once; the store keeps its SHA-256. It works for seven days, once. A new link can be made for
everybody in reach, also for who forgot their password: until it is used, the old password goes on working.
"""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from mailward.actions.office import Office
from mailward.actions.passwords import refuse_weak
from mailward.actions.people import end_all_sessions, fresh_row, require_role_change
from mailward.actions.people_reach import account_for, customer_of, people_in_reach
from mailward.actions.people_rows import Invited, Invitee, PersonRow
from mailward.actions.permission import require
from mailward.actions.roles import give, may_give
from mailward.model.errors import BadInput, NotPossible
from mailward.model.people import Actor
from mailward.model.rights import Act, Grant
from mailward.model.sentence import Sentence
from mailward.store import records
from mailward.store.models import Account, ApiToken, Invitation
from mailward.words import LANGUAGES

VALID = timedelta(days=7)
LONGEST_NAME = 120


@transaction.atomic
def invite(office: Office, actor: Actor, email: str, name: str, language: str, grant: Grant) -> Invited:
    """A new account with its first role, and the secret of its link. ``language`` "": as their browser wishes."""
    tied = may_give(actor, grant)
    require(actor, Act.PEOPLE_CHANGE, tied.place)
    clean = _new_address(actor, email)
    account = Account(email=clean, name=_name(name), language=_language(language), password=make_password(None))
    account.save()
    now = office.clock.now()
    records.tell(actor, "person.invited", clean, now, customer=tied.place.customer or "", role=grant.role.value)
    give(office, actor, account, tied)
    return _made(account, actor, now)


@transaction.atomic
def renew_invitation(office: Office, actor: Actor, account_id: int) -> Invited:
    """A new link; an earlier one ends. It is a way into that account, so it asks for what giving a role asks for."""
    account = account_for(actor, Act.PEOPLE_CHANGE, account_id)
    require_role_change(actor, account)
    if not account.is_active:
        said = Sentence("the account {email} is closed", email=account.email)
        raise BadInput("person", said, Sentence("Open it first."), code="closed")
    now = office.clock.now()
    records.tell(actor, "person.link-made", account.email, now, customer=customer_of(account))
    return _made(account, actor, now)


def invitation_for(office: Office, secret: str) -> Invitee:
    """Whom this link is for. Raises BadInput, the same for a used, an old and an invented one."""
    row = _valid(office, secret)
    return Invitee(row.account.email, row.account.name, row.account.language, row.invited_by, row.expires_at)


def accept_invitation(office: Office, secret: str, password: str, came_from: str) -> int:
    """The owner's own password; the link ends, and so does every session. The account's number."""
    with transaction.atomic():
        row = _valid(office, secret)
        account = row.account
        refuse_weak(office, password, (account.email, account.name))
        account.set_password(password)
        account.save(update_fields=["password"])
        row.delete()
        end_all_sessions(account)
        _end_tokens(office, account)
        actor = Actor(account.email, (), account.pk, came_from)
        records.tell(actor, "person.password-chosen", account.email, office.clock.now(), customer=customer_of(account))
    return account.pk


def _end_tokens(office: Office, account: Account) -> None:
    """Whoever had the password before may have made them."""
    ApiToken.objects.filter(account=account, revoked_at=None).update(revoked_at=office.clock.now())


@transaction.atomic
def reset_password(
    office: Office, actor: Actor, account_id: int, password: str | None = None
) -> tuple[PersonRow, str | None]:
    """A new password from the root shell, given or made (then answered once). All sessions end."""
    if actor.account is not None:
        said = Sentence("a password is set for somebody else at the server's own command line alone")
        raise NotPossible(said, Sentence("Make a new link for them instead."), code="command-line-only")
    account = account_for(actor, Act.PEOPLE_CHANGE, account_id)
    require_role_change(actor, account)
    if password is not None:
        refuse_weak(office, password, (account.email, account.name))
    made = office.make_password() if password is None else None
    account.set_password(password or made)
    account.save(update_fields=["password"])
    Invitation.objects.filter(account=account).delete()
    end_all_sessions(account)
    _end_tokens(office, account)
    records.tell(actor, "person.password-reset", account.email, office.clock.now(), customer=customer_of(account))
    return fresh_row(account), made


def _made(account: Account, actor: Actor, now: datetime) -> Invited:
    secret = secrets.token_urlsafe(32)
    expires_at = now + VALID
    Invitation.objects.filter(account=account).delete()
    Invitation.objects.create(
        account=account, secret_sha256=_digest(secret), invited_by=actor.name, created_at=now, expires_at=expires_at
    )
    return Invited(fresh_row(account), expires_at, secret)


def _valid(office: Office, secret: str) -> Invitation:
    rows = Invitation.objects.select_related("account").filter(account__is_active=True, expires_at__gt=office.clock.now())
    row = rows.filter(secret_sha256=_digest(secret)).first()
    if row is None:
        said = Sentence("this link can't be used: it was used already, or is older than {days} days", days=VALID.days)
        raise BadInput("invitation", said, Sentence("Ask whoever invited you for a new one."), code="unknown")
    return row


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def _new_address(actor: Actor, email: str) -> str:
    clean = email.strip().lower()
    try:
        validate_email(clean)
    except ValidationError:
        said = Sentence("{email} is not a mail address", email=email[:254])
        raise BadInput("email", said, Sentence("Write it like anna@example.com."), code="address-form") from None
    if len(clean) > 254:
        raise BadInput(
            "email", Sentence("This address has more than {most} characters.", most=254), code="address-too-long"
        )
    if Account.objects.filter(email=clean).exists():
        if people_in_reach(actor, Act.PEOPLE_CHANGE).filter(email=clean).exists():
            said = Sentence("there is an account {email} already", email=clean)
            raise BadInput("email", said, Sentence("Give it another role instead."), code="already-held")
        said = Sentence("{email} can't be invited by you", email=clean)
        raise BadInput("email", said, Sentence("Ask your provider, or use another address."), code="not-invitable")
    return clean


def _name(name: str) -> str:
    clean = " ".join(name.split())
    if len(clean) > LONGEST_NAME or not all(one.isprintable() for one in clean):
        said = Sentence("a name has at most {most} characters, none of them invisible", most=LONGEST_NAME)
        raise BadInput("name", said)
    return clean


def _language(language: str) -> str:
    if language and language not in LANGUAGES:
        said = Sentence("{language} is not a language that Mailward speaks", language=language)
        raise BadInput("language", said, Sentence("Choose one of: {languages}", languages=", ".join(LANGUAGES)))
    return language
