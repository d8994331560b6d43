"""The mail server's own settings: shown, and asked to be changed. The steward checks, applies, proves, or puts back."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from mailward.actions import permission
from mailward.actions.lineages import certificate_row
from mailward.actions.office import Asked, Office
from mailward.actions.rows import CertificateRow
from mailward.model.doors import Door, Tls
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER, STALE_AFTER
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.runs import RunKind
from mailward.model.sentence import Sentence
from mailward.model.server_wish import ServerWish, refuse_unfit
from mailward.model.settings import KNOWN_CAS, KeyType, SecondFactor, TlsProfile
from mailward.model.verdict import Verdict, worst
from mailward.store import records, values
from mailward.store.models import Finding, ServerChoice


@dataclass(frozen=True)
class DoorRow:
    """A door of the server. ``port`` None: closed. ``verdict``: the worst of the latest looks at it."""

    door: Door
    port: int | None
    tls: Tls
    may_close: bool
    verdict: Verdict
    checked_at: datetime | None


@dataclass(frozen=True)
class CaRow:
    name: str
    directory: str
    contact: str


@dataclass(frozen=True)
class ServerView:
    hostname: str
    addresses: tuple[str, ...]
    is_demo: bool
    sends_to_world: bool
    doors: tuple[DoorRow, ...]
    tls_profile: TlsProfile
    key_type: KeyType
    may_use_both_keys: bool
    cas: tuple[CaRow, ...]
    known_cas: tuple[str, ...]  # that could be added
    second_factor: SecondFactor
    mail_certificate: CertificateRow | None  # the server-wide one
    panel_certificate: CertificateRow | None


def show_server(office: Office, actor: Actor) -> ServerView:
    """What the server is, how its doors stand, and what may be changed."""
    permission.require(actor, Act.SERVER_READ)
    settings = office.settings
    choice = ServerChoice.objects.select_related("mail_lineage", "panel_lineage").first()
    mail, panel = (choice.mail_lineage, choice.panel_lineage) if choice else (None, None)
    return ServerView(
        hostname=settings.hostname,
        addresses=settings.addresses,
        is_demo=settings.demo is not None,
        sends_to_world=settings.outbound,
        doors=_doors(office),
        tls_profile=settings.tls_profile,
        key_type=settings.key_type,
        may_use_both_keys=settings.rsa,
        cas=tuple(CaRow(ca.name, ca.directory, ca.contact or "") for ca in settings.cas),
        known_cas=tuple(name for name in KNOWN_CAS if name not in {ca.name for ca in settings.cas}),
        second_factor=settings.second_factor,
        mail_certificate=certificate_row(mail) if mail else None,
        panel_certificate=certificate_row(panel) if panel else None,
    )


def _doors(office: Office) -> tuple[DoorRow, ...]:
    limit = office.clock.now() - STALE_AFTER
    seen: dict[str, list[tuple[Verdict, datetime]]] = {}
    for door, verdict, at in Finding.objects.filter(domain=SERVER).values_list("door", "verdict", "checked_at"):
        seen.setdefault(door, []).append((Verdict(verdict) if at >= limit else Verdict.UNKNOWN, at))
    rows = []
    for door in Door:
        looks = seen.get(door.value, []) if office.settings.is_open(door) else []
        rows.append(
            DoorRow(
                door,
                office.settings.ports.get(door),
                door.kind.tls,
                not door.kind.always_open,
                worst([verdict for verdict, _ in looks]),
                min((at for _, at in looks), default=None),
            )
        )
    return tuple(rows)


@transaction.atomic
def change_server(office: Office, actor: Actor, wish: ServerWish) -> Asked:
    """Ask for other settings. The run says whether they were proven; if not, mailward.toml stays as it was."""
    permission.require(actor, Act.SERVER_CHANGE)
    if wish == ServerWish():
        raise BadInput("settings", Sentence("nothing was asked to be changed"), code="nothing-named")
    refuse_unfit(office.settings, wish)
    now = office.clock.now()
    kept = values.freeze(wish)
    records.tell(actor, "server.changed", SERVER, now, **{name: value for name, value in kept.items() if value is not None})
    return Asked(records.ask(RunKind.CONFIGURATION, SERVER, {"settings": kept}, actor, now).pk)
