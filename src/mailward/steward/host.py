"""Everything outside that the steward may touch, as one value: bootstrap makes it, tests make another."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from mailward.certificates.suffixes import SHORT_LIST, Suffixes
from mailward.flow.ground import Ground
from mailward.model.acme import AcmeConnect
from mailward.model.errors import NotPossible
from mailward.model.layout import Layout
from mailward.model.outside import (
    Clock,
    DnsUpdates,
    Files,
    HttpClient,
    Processes,
    ReportDrop,
    Resolver,
    Seal,
    TlsDialer,
    Unseal,
)
from mailward.model.sentence import Sentence
from mailward.model.settings import Settings
from mailward.model.tables import DirectoryChange, DirectoryRow
from mailward.model.zones import ZoneHome
from mailward.store.dns import Home


class DirectoryRows(Protocol):
    @property
    def rows(self) -> tuple[DirectoryRow, ...]: ...


class DirectoryTables(Protocol):
    """The published directory of mailboxes."""

    def create(self) -> None: ...
    def read_all(self) -> DirectoryRows: ...
    def apply(self, change: DirectoryChange) -> None: ...


def no_home(home: Home, _secret: bytes) -> ZoneHome:
    """Nobody has said how zones are changed (tests)."""
    raise NotPossible(Sentence("The zone {zone} can't be changed from here", zone=home.zone), code="no-home")


@dataclass(frozen=True)
class Host:
    """One mail host. ``settings`` were read when it was opened; ``fresh`` reads them again."""

    settings: Settings
    ground: Ground
    directory: DirectoryTables
    seal: Seal
    unseal: Unseal
    dialer: TlsDialer
    resolver: Resolver
    authoritative: Callable[[str], Sequence[Resolver]]  # a zone's own name servers, each asked by itself
    dns: DnsUpdates
    http: HttpClient
    management: HttpClient  # trusts the demo CA's own HTTPS
    connect: AcmeConnect
    lock: Callable[[str], AbstractContextManager[None]]
    """Holds the named lock of this instance: "host" to change the host, "order …" to work on one lineage's order."""

    homes: Callable[[Home, bytes], ZoneHome] = no_home
    """The place where a zone is changed, with the opened secret for it."""
    own_dns: Callable[[], Sequence[Resolver]] = tuple
    """This host's own name server, asked directly."""
    copies: Callable[[], Sequence[Resolver]] = tuple
    """The secondaries of the zones served here (mailward.toml), each asked by itself."""

    unchecked: Resolver | None = None
    """Asks as ``resolver`` does, and has nothing checked (DNSSEC), so that a broken chain can be seen. None: nobody."""

    rotate_logs: Callable[[], Sequence[object]] = tuple
    """Moves logs aside that have grown too large; what was moved. The default moves nothing."""
    anchor: Callable[[bytes], None] | None = None
    """Adds a line to the anchors of the record of activity (``Layout.anchors``); None: nobody anchors (tests)."""
    logins: Callable[[], Sequence[bytes]] = tuple
    """What Dovecot has logged since this was asked last. The default is a Dovecot to which nobody logs in."""
    suffixes: Callable[[], Suffixes] = lambda: SHORT_LIST
    """Under which names people register theirs."""
    reports: ReportDrop | None = None
    """What other servers reported; None: nobody keeps reports (tests)."""
    renew: "Callable[[], Host] | None" = None
    """Opens the host again with mailward.toml as it stands now; None: the settings never change (tests)."""

    def fresh(self) -> "Host":
        """This host with the settings of this moment. Raises BadInput for a mailward.toml that is wrong."""
        return self.renew() if self.renew is not None else self

    @property
    def layout(self) -> Layout:
        return self.ground.layout

    @property
    def files(self) -> Files:
        return self.ground.files

    @property
    def processes(self) -> Processes:
        return self.ground.processes

    @property
    def clock(self) -> Clock:
        return self.ground.clock
