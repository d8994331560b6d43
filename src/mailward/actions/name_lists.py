"""The provider's lists of names: what isn't hosted, what is all the same, partners' names, look-alikes that were seen.

A list of abused names is shipped (``denied_names.txt``); the provider adds to it, and allows what is right all the same.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

from django.db import transaction

from mailward.actions import permission
from mailward.actions.office import Office
from mailward.actions.paging import page
from mailward.actions.rows import Listed
from mailward.model.errors import BadInput
from mailward.model.names import LikenessKind
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import NOTHING, Sentence
from mailward.standards.hostname import parse_domain
from mailward.standards.name_patterns import NamePattern, parse_list, parse_pattern
from mailward.store import records
from mailward.store.models import DeniedName, NameWatch, PartnerName, WatchedName

MOST = 5000  # patterns, and partners: each is compared with every new name
LONGEST_NOTE = 200


REASONS = {
    "money": Sentence("banks, payment and crypto services"),
    "parcels": Sentence("parcel and postal services"),
    "offices": Sentence("tax offices, courts, insurance and identity"),
    "accounts": Sentence("providers of mail, clouds and accounts"),
    "bait": Sentence("words that promise a log-in or a check"),
    "system": Sentence("names of the mail system itself"),
}
"""Why what is shipped is denied, by the headings of the list."""


@dataclass(frozen=True)
class Patterns:
    """What new names are compared with. ``allowed`` wins."""

    denied: tuple[NamePattern, ...]
    allowed: tuple[NamePattern, ...]


@dataclass(frozen=True)
class PatternRow:
    """A pattern of the list. ``shipped``: it comes with Mailward; ``added_by`` is "" then."""

    pattern: str
    allowed: bool
    reason: Sentence
    shipped: bool
    added_by: str = ""
    added_at: datetime | None = None


@dataclass(frozen=True)
class PartnerRow:
    name: str
    note: str
    added_by: str
    added_at: datetime


@dataclass(frozen=True)
class WatchedRow:
    """A registered look-alike. ``mail_hosts``: it can receive mail that was meant for ``of``."""

    id: int
    name: str
    of: str
    kind: LikenessKind
    name_servers: tuple[str, ...]
    mail_hosts: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    known: bool


@dataclass(frozen=True)
class WatchState:
    """How far the watch is: the name whose look-alikes are asked for now, and how many were asked in all."""

    guarded: str
    asked: int
    unanswered: int
    round_began_at: datetime | None
    round_ended_at: datetime | None


@cache
def shipped() -> tuple[NamePattern, ...]:
    """The list of abused names that comes with Mailward."""
    return parse_list(files("mailward.actions").joinpath("denied_names.txt").read_text(encoding="utf-8"))


def patterns() -> Patterns:
    """Everything a new name is compared with. For actions that have asked for permission."""
    own = [(NamePattern(row.pattern, row.reason), row.allowed) for row in DeniedName.objects.order_by("pattern")]
    allowed = tuple(one for one, fine in own if fine)
    lifted = {one.text for one in allowed}
    denied = (*(one for one, fine in own if not fine), *(one for one in shipped() if one.text not in lifted))
    return Patterns(denied, allowed)


def reason_of(pattern: NamePattern, *, own: bool = False) -> Sentence:
    """Why it is on the list: what the provider wrote (``own``), or what its heading means."""
    told = None if own else REASONS.get(pattern.reason)
    if told is not None:
        return told
    return Sentence("{reason}", reason=pattern.reason) if pattern.reason else NOTHING


def list_patterns(
    office: Office, actor: Actor, *, search: str = "", offset: int = 0, limit: int | None = None
) -> Listed[PatternRow]:
    """The provider's own patterns, then those that are shipped and not replaced by one of them."""
    permission.require(actor, Act.SERVER_READ)
    own = [_pattern_row(row) for row in DeniedName.objects.order_by("pattern")]
    names = {row.pattern for row in own}
    rows = own + [PatternRow(one.text, False, reason_of(one), True) for one in shipped() if one.text not in names]
    wanted = search.lower()
    found = [row for row in rows if wanted in row.pattern or wanted in str(row.reason).lower()]
    end = None if limit is None else offset + limit
    return Listed(tuple(found[offset:end]), len(found))


@transaction.atomic
def deny(office: Office, actor: Actor, pattern: str, reason: str = "") -> PatternRow:
    """Don't take in names of this pattern. Domains that are held stay."""
    return _put(office, actor, pattern, reason, allowed=False)


@transaction.atomic
def allow(office: Office, actor: Actor, pattern: str, reason: str = "") -> PatternRow:
    """Take in names of this pattern, whatever else matches them. A pattern of the shipped list is lifted by naming it."""
    return _put(office, actor, pattern, reason, allowed=True)


@transaction.atomic
def forget_pattern(office: Office, actor: Actor, pattern: str) -> None:
    """Take one of the provider's own patterns away; what is shipped counts again."""
    permission.require(actor, Act.SERVER_CHANGE)
    row = DeniedName.objects.filter(pattern=parse_pattern(pattern).text).first()
    if row is None:
        said = Sentence("there is no pattern {pattern} of your own", pattern=pattern)
        raise BadInput("pattern", said, Sentence("See: mailward names list"), code="unknown")
    row.delete()
    records.tell(actor, "name.pattern-removed", row.pattern, office.clock.now())


def list_partners(
    office: Office, actor: Actor, *, search: str = "", offset: int = 0, limit: int | None = None
) -> Listed[PartnerRow]:
    permission.require(actor, Act.SERVER_READ)
    found = PartnerName.objects.filter(name__icontains=search).order_by("name")
    rows, total = page(found, offset, limit)
    return Listed(tuple(PartnerRow(row.name, row.note, row.added_by, row.added_at) for row in rows), total)


@transaction.atomic
def add_partner(office: Office, actor: Actor, name: str, note: str = "") -> PartnerRow:
    """Guard this name: neither it nor its look-alikes are hosted for others, and its look-alikes are watched for."""
    permission.require(actor, Act.SERVER_CHANGE)
    clean = parse_domain(name, "name")
    _refuse_too_many(PartnerName.objects.count())
    if PartnerName.objects.filter(name=clean).exists():
        said = Sentence("{name} is guarded already", name=clean)
        raise BadInput("name", said, Sentence("See: mailward names partners"), code="already-held")
    now = office.clock.now()
    row = PartnerName.objects.create(name=clean, note=_note(note), added_by=actor.name, added_at=now)
    records.tell(actor, "name.partner-added", clean, now)
    return PartnerRow(row.name, row.note, row.added_by, row.added_at)


@transaction.atomic
def remove_partner(office: Office, actor: Actor, name: str) -> None:
    """Guard it no more; what was seen of its look-alikes is forgotten."""
    permission.require(actor, Act.SERVER_CHANGE)
    clean = parse_domain(name, "name")
    if not PartnerName.objects.filter(name=clean).delete()[0]:
        said = Sentence("{name} is no partner name", name=clean)
        raise BadInput("name", said, Sentence("See: mailward names partners"), code="unknown")
    WatchedName.objects.filter(of=clean).delete()
    records.tell(actor, "name.partner-removed", clean, office.clock.now())


def list_watched(
    office: Office,
    actor: Actor,
    *,
    search: str = "",
    known: bool | None = None,
    offset: int = 0,
    limit: int | None = None,
) -> Listed[WatchedRow]:
    """Registered look-alikes of hosted and partners' names, the newest first. ``known`` False: those nobody looked at."""
    permission.require(actor, Act.SERVER_READ)
    found = WatchedName.objects.order_by("known", "-first_seen", "name")
    if search:
        found = found.filter(name__icontains=search) | found.filter(of__icontains=search)
    if known is not None:
        found = found.filter(known=known)
    rows, total = page(found, offset, limit)
    return Listed(tuple(_watched(row) for row in rows), total)


def watch_state(office: Office, actor: Actor) -> WatchState:
    """How far the steward is in asking DNS."""
    permission.require(actor, Act.SERVER_READ)
    row = NameWatch.objects.first() or NameWatch()
    return WatchState(row.guarded, row.asked, row.unanswered, row.round_began_at, row.round_ended_at)


@transaction.atomic
def mark_known(office: Office, actor: Actor, watched: int, *, known: bool = True) -> WatchedRow:
    """Somebody looked at this look-alike, and it is no danger (or is one after all)."""
    permission.require(actor, Act.SERVER_CHANGE)
    row = WatchedName.objects.filter(pk=watched).first()
    if row is None:
        said = Sentence("there is no look-alike {id}", id=watched)
        raise BadInput("watched", said, Sentence("See: mailward names watched"), code="unknown")
    row.known = known
    row.save(update_fields=["known"])
    records.tell(actor, "name.look-alike-known", row.name, office.clock.now(), known=known, of=row.of)
    return _watched(row)


def _put(office: Office, actor: Actor, text: str, reason: str, *, allowed: bool) -> PatternRow:
    permission.require(actor, Act.SERVER_CHANGE)
    pattern = parse_pattern(text, reason)
    _refuse_too_many(DeniedName.objects.count())
    now = office.clock.now()
    kept = {"allowed": allowed, "reason": pattern.reason, "added_by": actor.name, "added_at": now}
    row, _ = DeniedName.objects.update_or_create(pattern=pattern.text, defaults=kept)
    records.tell(actor, "name.allowed" if allowed else "name.denied", pattern.text, now, reason=pattern.reason)
    return _pattern_row(row)


def _pattern_row(row: DeniedName) -> PatternRow:
    reason = reason_of(NamePattern(row.pattern, row.reason), own=True)
    return PatternRow(row.pattern, row.allowed, reason, False, row.added_by, row.added_at)


def _watched(row: WatchedName) -> WatchedRow:
    servers, hosts = tuple(row.name_servers), tuple(row.mail_hosts)
    kind = LikenessKind(row.kind)
    return WatchedRow(row.pk, row.name, row.of, kind, servers, hosts, row.first_seen, row.last_seen, row.known)


def _note(text: str) -> str:
    clean = " ".join(text.split())
    if len(clean) > LONGEST_NOTE or not clean.isprintable():
        raise BadInput("note", Sentence("a note has at most {most} printable characters", most=LONGEST_NOTE))
    return clean


def _refuse_too_many(held: int) -> None:
    if held >= MOST:
        said = Sentence("there are {most} of them already", most=MOST)
        raise BadInput("name", said, Sentence("Take away what is needed no more."), code="too-many")
