"""Mailboxes and aliases: each change is one transaction in the directory, and reloads nothing."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from mailward.actions import passwords, permission
from mailward.actions.office import Asked, Office
from mailward.actions.rows import AliasRow, Listed, MailboxRow
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.runs import RunKind
from mailward.model.sentence import Sentence
from mailward.standards.hostname import parse_domain
from mailward.standards.mail_address import MailAddress, parse_address
from mailward.store import records
from mailward.store.models import Alias, AppPassword, Domain, Mailbox

LARGEST_QUOTA = 2**50  # bytes; SQLite and Dovecot count in 63 bits


def list_mailboxes(
    office: Office,
    actor: Actor,
    domain: str | None = None,
    *,
    search: str = "",
    offset: int = 0,
    limit: int | None = None,
) -> Listed[MailboxRow]:
    """The mailboxes in reach, of one domain or all, by address."""
    found = permission.mailboxes_in_reach(actor, Act.MAILBOXES_READ)
    if domain is not None:
        found = found.filter(domain=_domain_to_read(actor, domain))
    if search:
        found = found.filter(_named(search))
    apps = (
        AppPassword.objects.filter(mailbox=OuterRef("pk")).order_by().values("mailbox").annotate(n=Count("pk")).values("n")
    )
    rows = found.select_related("domain").annotate(apps=Coalesce(Subquery(apps), 0))
    rows = rows.order_by("domain__name", "local_part")[offset : None if limit is None else offset + limit]
    return Listed(tuple(_row(row, row.apps) for row in rows), found.count())


def show_mailbox(office: Office, actor: Actor, address: str) -> MailboxRow:
    box = permission.mailbox_for(actor, Act.MAILBOXES_READ, address)
    return _row(box, box.app_passwords.count())


@transaction.atomic
def add_mailbox(office: Office, actor: Actor, address: str, password: str | None = None, quota_bytes: int = 0) -> Asked:
    """A new mailbox. Without a password one is made, answered once and never stored in clear."""
    parsed, domain = _address(actor, address)
    _refuse_quota(quota_bytes)
    if Mailbox.objects.filter(domain=domain, local_part=parsed.local_part).exists():
        said = Sentence("there is a mailbox {address} already", address=parsed)
        remedy = Sentence("To change its password: mailward mailbox password {address}", address=parsed)
        raise BadInput("address", said, remedy, code="already-held")
    if Alias.objects.filter(domain=domain, local_part=parsed.local_part).exists():
        said = Sentence("there is an alias {address} already", address=parsed)
        raise BadInput("address", said, Sentence("Remove the alias first."), code="already-held")
    secret = _password(office, password, str(parsed))
    Mailbox.objects.create(
        domain=domain, local_part=parsed.local_part, sealed_password=_sealed(office, secret), quota_bytes=quota_bytes
    )
    return _asked(office, actor, "mailbox.added", str(parsed), domain, None if password is not None else secret)


@transaction.atomic
def change_password(office: Office, actor: Actor, address: str, password: str | None = None) -> Asked:
    """A new password, given or made. The old one ends with the directory's transaction, and so does who is logged in."""
    box = permission.mailbox_for(actor, Act.PASSWORDS_CHANGE, address)
    secret = _password(office, password, box.address)
    box.sealed_password = _sealed(office, secret)
    box.save(update_fields=["sealed_password"])
    shown = None if password is not None else secret
    return _asked(office, actor, "mailbox.password-changed", box.address, box.domain, shown)


@transaction.atomic
def change_quota(office: Office, actor: Actor, address: str, quota_bytes: int) -> Asked:
    """How much may lie in it; 0: no limit. Who is logged in stays so, and sees it with the next session."""
    box = permission.mailbox_for(actor, Act.MAILBOXES_CHANGE, address)
    _refuse_quota(quota_bytes)
    box.quota_bytes = quota_bytes
    box.save(update_fields=["quota_bytes"])
    return _asked(office, actor, "mailbox.quota-changed", box.address, box.domain, stay=True, quota_bytes=quota_bytes)


def disable_mailbox(office: Office, actor: Actor, address: str) -> Asked:
    """Nobody can log in to it or send as it, from this moment on; mail is still taken in for it."""
    return _switch(office, actor, address, active=False)


def enable_mailbox(office: Office, actor: Actor, address: str) -> Asked:
    """Its owner can log in again, with the same password."""
    return _switch(office, actor, address, active=True)


@transaction.atomic
def _switch(office: Office, actor: Actor, address: str, *, active: bool) -> Asked:
    box = permission.mailbox_for(actor, Act.MAILBOXES_CHANGE, address)
    box.active = active
    box.save(update_fields=["active"])
    what = "mailbox.enabled" if active else "mailbox.disabled"
    return _asked(office, actor, what, box.address, box.domain, stay=active)


@transaction.atomic
def remove_mailbox(office: Office, actor: Actor, address: str) -> Asked:
    """Nothing is accepted for it any more; its mail stays on disk."""
    box = permission.mailbox_for(actor, Act.MAILBOXES_REMOVE, address)
    shown, domain = box.address, box.domain
    box.delete()
    return _asked(office, actor, "mailbox.removed", shown, domain)


def list_aliases(
    office: Office,
    actor: Actor,
    domain: str | None = None,
    *,
    search: str = "",
    offset: int = 0,
    limit: int | None = None,
) -> Listed[AliasRow]:
    """The forwarding addresses of the domains in reach, by address."""
    found: QuerySet[Alias] = Alias.objects.filter(domain__in=permission.domains_in_reach(actor, Act.MAILBOXES_READ))
    if domain is not None:
        found = found.filter(domain=_domain_to_read(actor, domain))
    if search:
        found = found.filter(_named(search) | Q(targets__icontains=search))
    rows = found.select_related("domain").order_by("domain__name", "local_part")
    rows = rows[offset : None if limit is None else offset + limit]
    return Listed(tuple(AliasRow(row.address, tuple(row.targets)) for row in rows), found.count())


@transaction.atomic
def add_alias(office: Office, actor: Actor, address: str, targets: Sequence[str]) -> Asked:
    """Mail for ``address`` goes to ``targets``; ``@domain`` collects what no mailbox takes."""
    if address.startswith("@"):
        local, domain = "", permission.domain_for(actor, Act.MAILBOXES_CHANGE, address[1:])
    else:
        parsed, domain = _address(actor, address)
        local = parsed.local_part
    if not targets:
        raise BadInput("targets", Sentence("an alias needs at least one address to send to"))
    clean = [str(parse_address(target, "targets")) for target in targets]
    if Alias.objects.filter(domain=domain, local_part=local).exists():
        raise BadInput("address", Sentence("there is an alias {address} already", address=address), code="already-held")
    if Mailbox.objects.filter(domain=domain, local_part=local).exists():
        raise BadInput("address", Sentence("there is a mailbox {address} already", address=address), code="already-held")
    alias = Alias.objects.create(domain=domain, local_part=local, targets=clean)
    return _asked(office, actor, "alias.added", alias.address, domain)


@transaction.atomic
def remove_alias(office: Office, actor: Actor, address: str) -> Asked:
    permission.require_somewhere(actor, Act.MAILBOXES_CHANGE)
    local, _, name = address.rpartition("@")
    rows = Alias.objects.select_related("domain__customer")
    alias = rows.filter(local_part=local.lower(), domain__name=parse_domain(name, "address")).first()
    place = permission.place_of(alias.domain) if alias is not None else None
    seen = place is not None and (actor.may(Act.MAILBOXES_READ, place) or actor.may(Act.MAILBOXES_CHANGE, place))
    if alias is None or place is None or not seen:
        raise BadInput("address", Sentence("there is no alias {address}", address=address), code="unknown")
    permission.require(actor, Act.MAILBOXES_CHANGE, place)
    shown, domain = alias.address, alias.domain
    alias.delete()
    return _asked(office, actor, "alias.removed", shown, domain)


def _row(box: Mailbox, app_passwords: int) -> MailboxRow:
    return MailboxRow(box.address, box.active, box.quota_bytes, app_passwords)


def _named(search: str) -> Q:
    """An address that holds these letters; also one that is written whole."""
    local, at, domain = search.rpartition("@")
    if at:
        return Q(local_part__iendswith=local, domain__name__istartswith=domain)
    return Q(local_part__icontains=search) | Q(domain__name__icontains=search)


def _domain_to_read(actor: Actor, name: str) -> Domain:
    """The domain that a person means. Who reaches only a mailbox of it may name it, too."""
    clean = parse_domain(name, "domain")
    own = {grant.mailbox.rpartition("@")[2] for grant in actor.grants if grant.mailbox is not None}
    if clean in own and (actor.limits.domains is None or clean in actor.limits.domains):
        return Domain.objects.get(name=clean)
    return permission.domain_for(actor, Act.MAILBOXES_READ, clean)


def _address(actor: Actor, text: str) -> tuple[MailAddress, Domain]:
    parsed = parse_address(text)
    return parsed, permission.domain_for(actor, Act.MAILBOXES_CHANGE, parsed.domain)


def _refuse_quota(quota_bytes: int) -> None:
    if not 0 <= quota_bytes <= LARGEST_QUOTA:
        raise BadInput("quota", Sentence("a quota is 0 (no limit) or a number of bytes"))


def _password(office: Office, given: str | None, address: str) -> str:
    if given is None:
        return office.make_password()
    passwords.refuse_weak(office, given, (address,))
    return given


def _sealed(office: Office, secret: str) -> bytes:
    return office.seal.seal(office.hash_password(secret).encode())


def _asked(
    office: Office,
    actor: Actor,
    what: str,
    address: str,
    domain: Domain,
    secret: str | None = None,
    *,
    stay: bool = False,
    **detail: int,
) -> Asked:
    """Tell it, and ask for its publication. ``stay``: nobody who is logged in has to log in again."""
    now = office.clock.now()
    records.tell(actor, what, address, now, domain=domain.name, customer=domain.customer.name, **detail)
    request: dict[str, object] = {"domains": [], "addresses": [address]}
    if stay:
        request["stay"] = True
    run = records.ask(RunKind.DIRECTORY, address, request, actor, now, domain=domain.name)
    return Asked(run.pk, secret=secret)
