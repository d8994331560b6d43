"""Making the host and the office of an instance out of the real machine."""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cache
from hashlib import sha256
from logging.handlers import WatchedFileHandler
from pathlib import Path

import structlog

from mailward.actions.office import Office
from mailward.bootstrap import zone_places
from mailward.certificates.suffixes import SHORT_LIST, Suffixes, parse_suffixes
from mailward.daemons import dovecot
from mailward.daemons.limits import REPORT_BYTES
from mailward.daemons.secrets import TSIG_NAME, pebble_certificate, steward_tsig
from mailward.daemons.users import PANEL
from mailward.flow.ground import Ground
from mailward.host import acme_ca, breached_passwords, log_files, log_lines, reach
from mailward.host.appending import append_line
from mailward.host.clock import RealClock
from mailward.host.directory import Directory
from mailward.host.dns_update import Rfc2136
from mailward.host.files import RealFiles
from mailward.host.http_client import RealHttpClient
from mailward.host.lock import StewardLock
from mailward.host.passwords import hash_app_password, hash_password, make_password
from mailward.host.processes import RealProcesses
from mailward.host.public_suffixes import public_suffixes
from mailward.host.report_drop import RealReportDrop
from mailward.host.resolver import DnsResolver
from mailward.host.seals import Opener, Sealer, make_keys
from mailward.host.sni_map import SniMap
from mailward.host.supervisor import Supervisord
from mailward.host.tls_dialer import AsyncioTlsDialer
from mailward.model.acme import AcmeCa
from mailward.model.errors import NotPossible
from mailward.model.layout import Layout
from mailward.model.outside import Resolver
from mailward.model.sentence import Sentence
from mailward.model.settings import CaSettings, Settings
from mailward.steward.host import Host
from mailward.steward.settings_file import parse_settings
from mailward.store import place

LOCK_PATIENCE = 900.0  # seconds that a command waits for another one that changes the same host


def read_settings(layout: Layout) -> Settings:
    """What mailward.toml says. NotPossible when there is no instance here."""
    try:
        text = layout.settings.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotPossible(
            Sentence("there is no Mailward instance in {path}", path=layout.root),
            Sentence("Make one with: ./mailward up (or name another directory with --instance)"),
            code="no-instance",
        ) from None
    return parse_settings(text)


def log_to(path: Path) -> None:
    """What the steward has to say goes to a file, as JSON lines; every process of an instance appends to the same one.

    A file that was moved aside is opened anew (logging.handlers.WatchedFileHandler).
    """
    logger = logging.getLogger("mailward")
    logger.handlers = [WatchedFileHandler(path, encoding="utf-8", delay=True)]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=lambda *_names: logger,
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def use_store(layout: Layout, settings: Settings) -> None:
    """Tell Django which store this process uses, before any table is touched. NotPossible when the instance's tables were
    made elsewhere: an empty store would have every domain taken away."""
    kept = _told(layout) or ("" if layout.store.exists() else None)
    if kept is not None and kept != (settings.store or ""):
        where = kept or layout.store
        said = Sentence("the tables of this instance are in {place}, and mailward.toml says otherwise", place=where)
        remedy = Sentence("Correct store in mailward.toml. Tables are moved as docs/production.md says.")
        raise NotPossible(said, remedy, code="another-store")
    if settings.store is None:
        place.use(layout.store)
    else:
        place.use_postgresql(settings.store)


def remember_store(layout: Layout, settings: Settings, files: RealFiles) -> None:
    """Write down where the tables were made, when that is not in the instance."""
    if settings.store is not None and _told(layout) != settings.store:
        files.write(layout.store_elsewhere, f"{settings.store}\n".encode(), mode=0o644)


def _told(layout: Layout) -> str:
    try:
        return layout.store_elsewhere.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""


def make_seal_keys(layout: Layout, files: RealFiles) -> None:
    """The steward's pair, once. The private half is root's alone."""
    key, public = layout.secrets / "steward.key", layout.secrets / "steward.pub"
    if files.exists(key) and files.exists(public):
        return
    made = make_keys()
    files.write(key, made.private, mode=0o600)
    files.write(public, made.public, mode=0o644)


def make_host(layout: Layout, settings: Settings) -> Host:
    """The real machine, as the steward is handed it. Opens nothing but files."""
    files, processes, clock = RealFiles(layout.root), RealProcesses(), RealClock()
    ground = Ground(
        layout=layout,
        files=files,
        processes=processes,
        supervisor=Supervisord(layout, clock=clock),
        sni=SniMap(layout.sni_map, processes),
        clock=clock,
    )
    return Host(
        settings=settings,
        ground=ground,
        directory=Directory(layout.directory),
        seal=Sealer(files.read(layout.secrets / "steward.pub")),
        unseal=Opener(files.read(layout.secrets / "steward.key")),
        dialer=AsyncioTlsDialer(),
        resolver=DnsResolver(settings.asked),
        unchecked=DnsResolver(settings.asked, unchecked=True),
        authoritative=_authoritative(settings),
        dns=Rfc2136(f"127.0.0.1:{settings.dns_port}", TSIG_NAME, steward_tsig(layout)),
        homes=lambda home, secret: zone_places.place(home, secret, settings, layout),
        own_dns=lambda: zone_places.own(settings),
        copies=lambda: zone_places.secondaries(settings),
        http=RealHttpClient(layout.trust_file(settings.trust)),
        management=RealHttpClient(pebble_certificate(layout)),
        connect=_connect(layout),
        lock=locks(layout),
        rotate_logs=lambda: log_files.rotate(layout.log),
        logins=lambda: [
            line
            for name in (dovecot.NAME, dovecot.STARTTLS_NAME)
            for line in log_lines.new_lines(layout.log / f"{name}.log", layout.state / f"{name}.read")
        ],
        anchor=lambda line: append_line(layout.anchors, line, PANEL),
        reports=RealReportDrop(layout.reports, REPORT_BYTES + 65536),  # Postfix adds fields
        suffixes=_suffixes,
        renew=lambda: make_host(layout, read_settings(layout)),
    )


def make_office(layout: Layout, settings: Settings) -> Office:
    """What actions are handed: nothing that could touch the host."""
    return Office(
        layout=layout,
        settings=settings,
        clock=RealClock(),
        seal=Sealer(RealFiles(layout.root).read(layout.secrets / "steward.pub")),
        hash_password=hash_password,
        make_password=make_password,
        hash_app_password=hash_app_password,
        is_breached=breached_passwords.breached(_breached_file(layout, settings)),
        trust_roots=lambda: layout.trust_file(settings.trust).read_bytes(),
        suffixes=_suffixes,
    )


@cache
def _suffixes() -> Suffixes:
    """Debian's list, else the short one; read once."""
    text = public_suffixes()
    return parse_suffixes(text) if text else SHORT_LIST


def _breached_file(layout: Layout, settings: Settings) -> Path | None:
    return layout.root / settings.breached_passwords if settings.breached_passwords else None


def _connect(layout: Layout) -> Callable[[CaSettings, bytes, str], AcmeCa]:
    """Files that a CA's settings name are looked for in the instance."""

    def connect(ca: CaSettings, key_pem: bytes, account_uri: str) -> AcmeCa:
        trust = str(layout.root / ca.trust) if ca.trust else None
        hmac_file = str(layout.root / ca.eab_hmac_file) if ca.eab_hmac_file else None
        return acme_ca.connect(replace(ca, trust=trust, eab_hmac_file=hmac_file), key_pem, account_uri)

    return connect


def _authoritative(settings: Settings) -> Callable[[str], Sequence[Resolver]]:
    """A zone's own name servers by their NS records; in a demo the only one there is."""
    if settings.demo is not None:
        here = DnsResolver((f"127.0.0.1:{settings.dns_port}",))
        return lambda _zone: [here]
    resolver = DnsResolver(settings.asked)

    def servers(zone: str) -> Sequence[Resolver]:
        names = resolver.query(zone, "NS").records
        found = [[a for rdtype in ("A", "AAAA") for a in resolver.query(name, rdtype).records] for name in names]
        # Where there is no way to IPv6, a server's IPv6 address says nothing about the server.
        addresses = [a for of_one in found for a in ([a for a in of_one if reach.has_route(a)] or of_one)]
        return [DnsResolver((f"[{a}]:53" if ":" in a else f"{a}:53",)) for a in addresses]

    return servers


def locks(layout: Layout) -> Callable[[str], AbstractContextManager[None]]:
    """The named locks of an instance (steward.host.Host.lock); its directories must be there."""

    def held(name: str) -> AbstractContextManager[None]:
        path = layout.lock if name == "host" else layout.run / f"order-{sha256(name.encode()).hexdigest()[:16]}.lock"
        return StewardLock(path).held(timeout=LOCK_PATIENCE)

    return held
