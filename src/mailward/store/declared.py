"""Declared state: rows -> the model's values. What is read here is what the steward brings about."""

import re
from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256

from mailward.certificates.selection import belongs
from mailward.model.certificates import Challenge, Source
from mailward.model.certificates import Lineage as LineageValue
from mailward.model.desired import DesiredState, LocalName
from mailward.model.doors import Door, Role
from mailward.model.outside import Unseal
from mailward.model.settings import Settings
from mailward.model.tables import (
    DirectoryAlias,
    DirectoryAppPassword,
    DirectoryChange,
    DirectoryDomain,
    DirectoryMailbox,
    DirectoryRow,
    DirectoryTlsDestination,
    Served,
)
from mailward.store import control
from mailward.store.lineages import with_companion
from mailward.store.models import (
    Alias,
    AppPassword,
    Domain,
    DomainDns,
    Lineage,
    Mailbox,
    ServerChoice,
    TlsDestination,
    Version,
)

_NAME = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")
_LEVELS = frozenset({"encrypt", "verify", "secure", "dane-only"})
STARTTLS_DOORS = (Door.IMAP, Door.POP3, Door.SIEVE)


def desired_state(settings: Settings) -> DesiredState:
    """What the next generation is rendered from."""
    if not any(settings.is_open(door) for door in STARTTLS_DOORS):
        return DesiredState(settings)
    domains = Domain.objects.exclude(mail_lineage=None).select_related("webmail_lineage", "mail_lineage")
    served = [s for s in served_by_domains(domains, settings.hostname, all_names()) if s.role is Role.MAIL]
    pairs = set(with_companion()) if settings.rsa else set()
    blocks = sorted(
        (LocalName(s.lineage, s.version, s.names, (s.lineage, s.version) in pairs) for s in served),
        key=lambda block: block.names,
    )
    own = [s for s in served_by_server(settings.hostname) if s.role is Role.MAIL and s.default] if pairs else []
    return DesiredState(settings, tuple(blocks), default_companion=any((s.lineage, s.version) in pairs for s in own))


def all_names() -> frozenset[str]:
    """Every domain that is held: handed to ``served_by_domains``, so that it doesn't ask for each."""
    return frozenset(Domain.objects.values_list("name", flat=True))


def served_by_domains(domains: Iterable[Domain], hostname: str = "", held: Collection[str] | None = None) -> list[Served]:
    """What each of these domains has chosen, as names under which it is found."""
    found: list[Served] = []
    for domain in domains:
        for role, lineage in ((Role.WEB, domain.webmail_lineage), (Role.MAIL, domain.mail_lineage)):
            if lineage is not None and lineage.current is not None:
                found.append(served(role, domain.name, lineage, hostname=hostname, held=held))
    return found


def served(
    role: Role,
    domain: str,
    lineage: Lineage,
    version: int | None = None,
    *,
    hostname: str = "",
    held: Collection[str] | None = None,
) -> Served:
    """``lineage`` (at ``version``, or the current one) for ``domain``: the names it covers at or under the domain.

    Each name answers for one alone: the server's own name for the server, and a name under a domain that is held by
    itself (sub.a.test beside a.test) for that one, though this certificate may cover it, too. What a certificate calls a
    name and is none (people upload what they like) answers for nothing: links and tables are made of these.
    """
    number, names = lineage.current, lineage.names
    if version is not None:
        number, names = version, Version.objects.get(lineage=lineage, number=version).names
    assert number is not None, f"{lineage.pk} has no version to serve"
    own = [name for name in names if belongs(name, domain) and name != hostname and _NAME.fullmatch(name)]
    above = {name: _between(name, domain) for name in own}
    asked = {parent for parents in above.values() for parent in parents}
    others = asked.intersection(held) if held is not None else _held_among(asked)
    return Served(role, tuple(sorted(name for name in own if not others.intersection(above[name]))), lineage.pk, number)


def _between(name: str, domain: str) -> tuple[str, ...]:
    """``name`` and what lies between it and ``domain``, all of which may be domains of their own."""
    labels = name.removeprefix("*.").removesuffix(domain).rstrip(".").split(".")
    return tuple(f"{'.'.join(labels[i:])}.{domain}" for i in range(len(labels))) if labels != [""] else ()


def _held_among(names: Collection[str]) -> set[str]:
    return set(Domain.objects.filter(name__in=names).values_list("name", flat=True)) if names else set()


def served_by_server(hostname: str) -> list[Served]:
    """The server-wide certificate and the panel's, each also under the server's own name."""
    choice = ServerChoice.objects.select_related("mail_lineage", "panel_lineage").get()
    found = []
    for role, lineage in ((Role.WEB, choice.panel_lineage), (Role.MAIL, choice.mail_lineage)):
        if lineage is not None and lineage.current is not None:
            found.append(Served(role, (hostname,), lineage.pk, lineage.current, default=True))
    return found


def lineage_value(row: Lineage) -> LineageValue:
    return LineageValue(
        id=row.pk,
        owner=row.domain.name if row.domain else "",
        source=Source(row.source),
        names=tuple(row.names),
        current=row.current,
        challenge=Challenge(row.challenge) if row.challenge else None,
        ca=row.ca or None,
    )


class Opened:
    """Passwords in the form that Dovecot checks. What lies open in ``there`` (what is published now) isn't opened again:
    a host may have many thousands, and each costs a tenth of a millisecond."""

    def __init__(self, unseal: Unseal, there: Iterable[DirectoryRow] = ()) -> None:
        self._unseal = unseal
        rows = [row for row in there if isinstance(row, DirectoryMailbox | DirectoryAppPassword)]
        self._known = {row.mark: row.password for row in rows if row.mark}

    def password(self, sealed: bytes) -> tuple[str, str]:
        """The password's scheme string, and the mark of what it was opened from."""
        mark = sha256(sealed).hexdigest()
        known = self._known.get(mark)
        return known if known is not None else self._unseal.unseal(sealed).decode(), mark


def directory_change(
    unseal: Unseal, domains: Sequence[str] = (), addresses: Sequence[str] = (), destinations: Sequence[str] = ()
) -> DirectoryChange:
    """The rows of the directory for these domains, addresses and destinations (other domains that TLS is demanded of) as
    they are declared now; the others are removed. Of a domain whose control nobody has shown there are none: mail for it
    goes where DNS says, and nobody logs in."""
    opened = Opened(unseal)
    waiting = control.unproven({*domains, *(address.rpartition("@")[2] for address in addresses)})
    demanded = {one.name: one for one in TlsDestination.objects.filter(name__in=destinations)}
    domain_rows = {d.name: d for d in Domain.objects.filter(name__in=set(domains) - waiting).select_related("dns")}
    boxes, aliases = {}, {}
    for address in addresses:
        local, _, name = address.rpartition("@")
        if name in waiting:
            continue
        for box in Mailbox.objects.filter(local_part=local, domain__name=name).select_related("domain"):
            boxes[address] = box
        for alias in Alias.objects.filter(local_part=local, domain__name=name).select_related("domain"):
            aliases[address] = alias
    apps = AppPassword.objects.filter(mailbox__in=boxes.values()).select_related("mailbox__domain").order_by("selector")
    return DirectoryChange(
        put=(
            *(_domain(d) for d in domain_rows.values()),
            *(_mailbox(box, opened) for box in boxes.values()),
            *(_alias(alias) for alias in aliases.values()),
            *(_app_password(app, opened) for app in apps),
            *(_destination(one) for one in demanded.values()),
        ),
        remove_domains=tuple(d for d in domains if d not in domain_rows),
        remove_mailboxes=tuple(a for a in addresses if a not in boxes),
        remove_aliases=tuple(a for a in addresses if a not in aliases),
        remove_tls_destinations=tuple(name for name in destinations if name not in demanded),
        forget_app_passwords=tuple(boxes),
    )


def whole_directory(unseal: Unseal, there: Iterable[DirectoryRow] = ()) -> DirectoryChange:
    """Every row, for an instance that has none yet or whose directory was lost. ``there``: what is published now."""
    opened = Opened(unseal, there)
    waiting = control.waiting()
    apps = AppPassword.objects.exclude(mailbox__domain__in=waiting).select_related("mailbox__domain")
    boxes = Mailbox.objects.exclude(domain__in=waiting).values_list(*_COLUMNS)
    aliases = Alias.objects.exclude(domain__in=waiting).select_related("domain")
    return DirectoryChange(
        put=(
            *(_domain(d) for d in Domain.objects.exclude(pk__in=waiting).select_related("dns")),
            *(_destination(one) for one in TlsDestination.objects.all()),
            *(_published(opened, *row) for row in boxes.iterator(5000)),
            *(_alias(alias) for alias in aliases),
            *(_app_password(app, opened) for app in apps),
        )
    )


_COLUMNS = ("local_part", "domain__name", "sealed_password", "password", "quota_bytes", "active")


def _domain(row: Domain) -> DirectoryDomain:
    wishes: DomainDns | None = getattr(row, "dns", None)  # no row: the defaults
    return DirectoryDomain(
        row.name,
        row.active,
        tls_in=wishes is not None and wishes.tls_in,
        tls_out=wishes is not None and wishes.tls_out,
    )


def _destination(row: TlsDestination) -> DirectoryTlsDestination:
    """Postfix takes the level as it stands, with whatever is said behind it: what isn't one of ours demands the most."""
    return DirectoryTlsDestination(row.name, row.level if row.level in _LEVELS else "secure")


def _mailbox(box: Mailbox, opened: Opened) -> DirectoryMailbox:
    sealed = bytes(box.sealed_password)
    return _published(opened, box.local_part, box.domain.name, sealed, box.password, box.quota_bytes, box.active)


def _published(
    opened: Opened, local_part: str, domain: str, sealed: bytes, old: str, quota_bytes: int, active: bool
) -> DirectoryMailbox:
    """``old``: the hash of an older store, which lies open until the next ``up``."""
    password, mark = opened.password(bytes(sealed)) if sealed else (old, "")
    return DirectoryMailbox(f"{local_part}@{domain}", domain, password, quota_bytes, active, mark)


def _app_password(app: AppPassword, opened: Opened) -> DirectoryAppPassword:
    password, mark = opened.password(bytes(app.sealed_hash))
    return DirectoryAppPassword(app.mailbox.address, app.selector, password, tuple(app.protocols), mark)


def _alias(alias: Alias) -> DirectoryAlias:
    return DirectoryAlias(alias.address, alias.domain.name, tuple(alias.targets))
