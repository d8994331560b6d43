"""Tokens by which programs act for a person: ``mw_<number>_<secret>``. A token never allows more than its owner may at the
moment of use, and what it was narrowed to. Its secret is answered once; the store keeps its SHA-256."""

import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction

from mailward.actions.office import Office
from mailward.actions.people import as_actor
from mailward.actions.people_rows import TokenMade, TokenRow
from mailward.actions.permission import domains_in_reach
from mailward.model.errors import BadInput, Forbidden, NeedsSecondFactor
from mailward.model.people import Actor, Limits
from mailward.model.rights import DANGEROUS, Act
from mailward.model.sentence import Sentence
from mailward.standards.hostname import parse_domain
from mailward.store import records
from mailward.store.models import Account, ApiToken

LONGEST_DAYS = 366
LONGEST_LABEL = 120
_ACTS = {act.value: act for act in Act}
USE_WRITTEN_EVERY = timedelta(minutes=1)
_TOKEN = re.compile(r"mw_([1-9][0-9]{0,17})_([A-Za-z0-9_-]{43})", re.ASCII)


def list_tokens(office: Office, actor: Actor, *, everybody: bool = False) -> tuple[TokenRow, ...]:
    """One's own, the newest first; ``everybody``: all of the host's, which only who may change people there may see."""
    rows = ApiToken.objects.select_related("account").order_by("-id")
    if everybody:
        _require_host(actor)
    else:
        rows = rows.filter(account=_owner(actor))
    now = office.clock.now()
    return tuple(_row(row, now) for row in rows)


@transaction.atomic
def create_token(
    office: Office,
    actor: Actor,
    label: str,
    acts: Sequence[str] | None = None,
    domains: Sequence[str] | None = None,
    days: int = 90,
    *,
    owner: int | None = None,
) -> TokenMade:
    """A new token. ``acts`` None: all that its owner may; ``domains`` None: all. A token that allows a dangerous act asks
    for a fresh second factor now, since none is asked when it is used. ``owner``: for the command line, whose it is.

    Who acts by a token makes none that allows more.
    """
    account = _account_for_token(actor, owner)
    narrowed = _acts(actor, acts)
    held = _domains(actor, domains)
    if (narrowed is None or DANGEROUS & narrowed) and not actor.is_fresh:
        said = Sentence("a token that allows dangerous acts asks for your second factor, shown just now")
        raise NeedsSecondFactor(said, Sentence("Confirm it is you, then ask again."), code="needs-second-factor")
    if not 1 <= days <= LONGEST_DAYS:
        raise BadInput("days", Sentence("a token lives for 1 to {most} days", most=LONGEST_DAYS), code="token-days")
    now = office.clock.now()
    secret = secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        account=account,
        label=_label(label),
        secret_sha256=_digest(secret),
        acts=None if narrowed is None else sorted(narrowed),
        domains=held,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    acts_told = "all" if narrowed is None else sorted(narrowed)
    records.tell(actor, "token.created", account.email, now, token=row.pk, label=row.label, acts=acts_told, domains=held)
    return TokenMade(_row(row, now), f"mw_{row.pk}_{secret}")


@transaction.atomic
def revoke_token(office: Office, actor: Actor, token_id: int) -> TokenRow:
    """It opens nothing from now on. One's own; who may change people on the host revokes anybody's."""
    rows = ApiToken.objects.select_related("account").filter(pk=token_id)
    if not actor.may(Act.PEOPLE_CHANGE):
        rows = rows.filter(account=actor.account)
    row = rows.first()
    if row is None:
        raise BadInput("token", Sentence("there is no token {id}", id=token_id), code="unknown")
    now = office.clock.now()
    if row.revoked_at is None:
        row.revoked_at = now
        row.save(update_fields=["revoked_at"])
        records.tell(actor, "token.revoked", row.account.email, now, token=row.pk, label=row.label)
    return _row(row, now)


def actor_of_token(office: Office, text: str, came_from: str) -> Actor | None:
    """Whom this token lets act, or None: unknown, wrong, revoked, expired, or its owner's account is closed."""
    form = _TOKEN.fullmatch(text)
    if form is None:
        return None
    row = ApiToken.objects.select_related("account").filter(pk=int(form[1])).first()
    kept = row.secret_sha256 if row is not None else "0" * 64
    if not hmac.compare_digest(_digest(form[2]), kept) or row is None:
        return None
    now = office.clock.now()
    if row.revoked_at is not None or row.expires_at <= now or not row.account.is_active:
        return None
    if row.last_used_at is None or now - row.last_used_at >= USE_WRITTEN_EVERY or row.last_used_at > now:
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)
    whole = as_actor(row.account, came_from, is_fresh=True)  # its acts were confirmed when it was made
    acts = None if row.acts is None else frozenset(_ACTS[one] for one in row.acts if one in _ACTS)
    domains = None if row.domains is None else frozenset(row.domains)
    return Actor(whole.name, whole.grants, whole.account, came_from, Limits(acts, domains), is_fresh=True)


def _owner(actor: Actor) -> int:
    if actor.account is None:
        said = Sentence("{name} has no account, and so no tokens", name=actor.name)
        raise BadInput("token", said, Sentence("Name the person: --for ADDRESS"), code="no-account")
    return actor.account


def _account_for_token(actor: Actor, owner: int | None) -> Account:
    if actor.account is None and owner is not None:  # root's command line
        _require_host(actor)
        account = Account.objects.filter(pk=owner, is_active=True).first()
    else:
        account = Account.objects.filter(pk=_owner(actor), is_active=True).first()
        if owner is not None and owner != actor.account:
            said = Sentence("a token is made by the person for whom it acts")
            raise Forbidden(said, Sentence("Ask them to make it."), code="forbidden")
    if account is None:
        raise BadInput("person", Sentence("there is no open account {id}", id=owner or "–"), code="unknown")
    return account


def _require_host(actor: Actor) -> None:
    if not actor.may(Act.PEOPLE_CHANGE):
        said = Sentence("{name} has no right to this ({act})", name=actor.name, act=Act.PEOPLE_CHANGE.value)
        raise Forbidden(said, Sentence("Ask your provider for a role that allows it."), code="forbidden")


def _acts(actor: Actor, wanted: Sequence[str] | None) -> frozenset[Act] | None:
    """As wanted; what the owner may not do is refused, so that nobody believes a token allows it."""
    if wanted is None:
        return actor.limits.acts
    unknown = [one for one in wanted if one not in _ACTS]
    if unknown or not wanted:
        said = Sentence("{act} is no act that a token can allow", act=", ".join(unknown) or "–")
        raise BadInput("acts", said, Sentence("Known are: {acts}", acts=", ".join(_ACTS)), code="unknown-act")
    acts = frozenset(Act(one) for one in wanted)
    beyond = sorted(act.value for act in acts if not actor.may_somewhere(act))
    if beyond:
        said = Sentence("{name} has no right to this ({act})", name=actor.name, act=", ".join(beyond))
        raise BadInput("acts", said, Sentence("Leave it out."), code="beyond-rights")
    return acts


def _domains(actor: Actor, wanted: Sequence[str] | None) -> list[str] | None:
    if wanted is None:
        return None if actor.limits.domains is None else sorted(actor.limits.domains)
    names = sorted({parse_domain(one, "domains") for one in wanted})
    held = set(domains_in_reach(actor, Act.DOMAINS_READ).filter(name__in=names).values_list("name", flat=True))
    missing = [one for one in names if one not in held]
    if missing or not names:
        said = Sentence("{domain} is not held here", domain=", ".join(missing) or "–")
        raise BadInput("domains", said, Sentence("Name domains that you can see, or none."), code="unknown")
    return names


def _label(label: str) -> str:
    clean = " ".join(label.split())
    if not clean or len(clean) > LONGEST_LABEL or not clean.isprintable():
        said = Sentence("a label has 1 to {most} characters, none of them invisible", most=LONGEST_LABEL)
        raise BadInput("label", said, Sentence("Say what program will use it."))
    return clean


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _row(row: ApiToken, now: datetime) -> TokenRow:
    acts = None if row.acts is None else tuple(row.acts)
    domains = None if row.domains is None else tuple(row.domains)
    is_usable = row.revoked_at is None and row.expires_at > now and row.account.is_active
    return TokenRow(
        row.pk, row.account.email, row.label, acts, domains, row.created_at, row.expires_at, row.last_used_at,
        row.revoked_at, is_usable,
    )  # fmt: skip
