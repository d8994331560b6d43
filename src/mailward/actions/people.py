"""People of the panel: who they are, what they are granted, and closing and opening their accounts.

Inviting is in ``invitations.py``, giving roles in ``roles.py``, groups are in ``groups.py``, tokens in ``tokens.py``.
"""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Count, Q, QuerySet

from mailward.actions.office import Office
from mailward.actions.paging import page
from mailward.actions.people_reach import account_for, customer_of, keeping_a_provider, people_in_reach
from mailward.actions.people_rows import GrantRow, PersonRow
from mailward.actions.rows import Listed
from mailward.model.errors import BadInput, Forbidden
from mailward.model.people import Actor
from mailward.model.rights import RIGHTS, Act, Grant, PersonRole
from mailward.model.sentence import Sentence
from mailward.store import records
from mailward.store.models import Account, ApiToken, Invitation, RoleGrant


def actor_of(office: Office, account_id: int, came_from: str, *, is_fresh: bool) -> Actor | None:
    """The account as one who acts, with its own grants and its groups'. None when it is closed or gone."""
    account = Account.objects.filter(pk=account_id, is_active=True).first()
    return None if account is None else as_actor(account, came_from, is_fresh=is_fresh)


def as_actor(account: Account, came_from: str, *, is_fresh: bool) -> Actor:
    rows = RoleGrant.objects.filter(Q(account=account) | Q(group__members=account))
    grants = (_grant(row) for row in rows.select_related("customer", "domain", "mailbox__domain").distinct())
    return Actor(account.email, tuple(dict.fromkeys(grants)), account.pk, came_from, is_fresh=is_fresh)


def list_people(
    office: Office, actor: Actor, *, search: str = "", offset: int = 0, limit: int | None = None
) -> Listed[PersonRow]:
    """The accounts in reach, by address. ``search``: a part of the address or the name."""
    found = people_in_reach(actor, Act.PEOPLE_READ)
    if search:
        found = found.filter(Q(email__icontains=search) | Q(name__icontains=search))
    rows, total = page(with_all(found).order_by("email"), offset, limit)
    return Listed(tuple(row_of(row) for row in rows), total)


def show_person(office: Office, actor: Actor, account_id: int) -> PersonRow:
    return row_of(with_all(Account.objects.filter(pk=account_for(actor, Act.PEOPLE_READ, account_id).pk)).get())


def find_person(office: Office, actor: Actor, email: str) -> PersonRow:
    """The account of this address, in whatever case it is written."""
    row = with_all(people_in_reach(actor, Act.PEOPLE_READ)).filter(email=email.strip().lower()).first()
    if row is None:
        said = Sentence("there is no account {email}", email=email)
        raise BadInput("email", said, Sentence("See: mailward people list"), code="unknown")
    return row_of(row)


def close_account(office: Office, actor: Actor, account_id: int) -> PersonRow:
    """They are signed out everywhere, their tokens and an open invitation end, and nothing lets them in again."""
    account = account_for(actor, Act.PEOPLE_CHANGE, account_id)
    if account.pk == actor.account:
        said = Sentence("nobody closes their own account")
        raise BadInput("person", said, Sentence("Ask somebody else who may do it."), code="own-account")
    if account.is_active:
        now = office.clock.now()
        with keeping_a_provider():
            account.is_active = False
            account.save(update_fields=["is_active"])
            end_all_sessions(account)
            ApiToken.objects.filter(account=account, revoked_at=None).update(revoked_at=now)
            Invitation.objects.filter(account=account).delete()
            records.tell(actor, "person.closed", account.email, now, customer=customer_of(account))
    return fresh_row(account)


@transaction.atomic
def open_account(office: Office, actor: Actor, account_id: int) -> PersonRow:
    """They may sign in again, with the password and the roles they had; their tokens stay revoked."""
    account = account_for(actor, Act.PEOPLE_CHANGE, account_id)
    if not account.is_active:
        account.is_active = True
        account.save(update_fields=["is_active"])
        records.tell(actor, "person.opened", account.email, office.clock.now(), customer=customer_of(account))
    return fresh_row(account)


@transaction.atomic
def end_sessions(office: Office, actor: Actor, account_id: int) -> int:
    """Sign this person out everywhere; from how many sessions."""
    account = account_for(actor, Act.PEOPLE_CHANGE, account_id)
    ended = end_all_sessions(account)
    customer = customer_of(account)
    records.tell(actor, "person.signed-out", account.email, office.clock.now(), customer=customer, sessions=ended)
    return ended


@transaction.atomic
def remove_second_factors(office: Office, actor: Actor, account_id: int) -> int:
    """For somebody who lost them all: the codes, passkeys and recovery codes are gone, and so are all sessions. How many
    there were. Where a second factor is demanded, the next sign-in asks for a new one."""
    account = account_for(actor, Act.PEOPLE_CHANGE, account_id)
    require_role_change(actor, account)
    removed, _ = Authenticator.objects.filter(user=account).delete()
    end_all_sessions(account)
    customer = customer_of(account)
    records.tell(actor, "second-factor.removed", account.email, office.clock.now(), customer=customer, factors=removed)
    return int(removed)


def require_role_change(actor: Actor, account: Account) -> None:
    """What gives a way into somebody's account is as dangerous as giving a role: it asks for a fresh second factor, and a
    token that is narrowed to some acts gives no way to others."""
    account_for(actor, Act.ROLES_CHANGE, account.pk)
    allowed = actor.limits.acts
    held = as_actor(account, "", is_fresh=False).grants
    if allowed is not None and any(not RIGHTS[grant.role] <= allowed for grant in held):
        said = Sentence("{name} has no right to this ({act})", name=actor.name, act=Act.ROLES_CHANGE.value)
        raise Forbidden(said, Sentence("Ask your provider for a role that allows it."), code="forbidden")


def end_all_sessions(account: Account) -> int:
    sessions = UserSession.objects.filter(user=account)
    keys = list(sessions.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    sessions.delete()
    return len(keys)


def with_all(found: QuerySet[Account]) -> QuerySet[Account]:
    """With what a row shows, in a number of queries that doesn't grow with the rows."""
    factors = Count("authenticator", filter=~Q(authenticator__type=Authenticator.Type.RECOVERY_CODES), distinct=True)
    grants = ("customer", "domain", "mailbox__domain")
    return (
        found.annotate(factors=factors)
        .select_related("invitation")
        .prefetch_related(*(f"grants__{one}" for one in grants), *(f"groups__grants__{one}" for one in grants))
    )


def fresh_row(account: Account) -> PersonRow:
    return row_of(with_all(Account.objects.filter(pk=account.pk)).get())


def row_of(row: Account) -> PersonRow:
    """``row`` comes from ``with_all``."""
    invitation: Invitation | None = getattr(row, "invitation", None)
    own = [grant_row(grant) for grant in row.grants.all()]
    shared = [grant_row(grant, group.name) for group in row.groups.all() for grant in group.grants.all()]
    return PersonRow(
        id=row.pk,
        email=row.email,
        name=row.name,
        language=row.language,
        active=row.is_active,
        has_password=row.has_usable_password(),
        invited_until=invitation.expires_at if invitation else None,
        created_at=row.created_at,
        last_login=row.last_login,
        second_factors=vars(row)["factors"],
        grants=(*own, *shared),
        groups=tuple(sorted(group.name for group in row.groups.all())),
    )


def grant_row(row: RoleGrant, group: str = "") -> GrantRow:
    grant = _grant(row)
    return GrantRow(row.pk, grant.role, grant.customer, grant.domain, grant.mailbox, group)


def _grant(row: RoleGrant) -> Grant:
    return Grant(
        PersonRole(row.role),
        row.customer.name if row.customer else None,
        row.domain.name if row.domain else None,
        row.mailbox.address if row.mailbox else None,
    )
