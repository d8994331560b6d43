"""The Protocols of the outside world. ``host/`` implements them for real; tests hand in fakes. One contract suite
runs over both, so that a fake never promises what the real thing does not do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from mailward.model.doors import Tls


class Files(Protocol):
    """Files as the steward changes them: every write is atomic (temporary file, fsync, rename, fsync of the directory)."""

    def read(self, path: Path) -> bytes: ...
    def exists(self, path: Path) -> bool: ...
    def write(
        self,
        path: Path,
        content: bytes,
        *,
        mode: int = 0o644,
        owner: str = "root",
        group: str = "root",
        settled: bool = False,
    ) -> None:
        """``settled`` sets the time of change back: Postfix' tools wait two seconds for a main.cf that has just changed."""
        ...

    def link(self, path: Path, target: str) -> None:
        """Make ``path`` a symbolic link to ``target``, replacing what is there in one step."""
        ...

    def target(self, path: Path) -> str | None:
        """Where the symbolic link ``path`` points, unresolved; None when there is no such link."""
        ...

    def make_directory(self, path: Path, *, mode: int = 0o755, owner: str = "root", group: str = "root") -> None: ...
    def put_right(self, path: Path, *, mode: int, owner: str = "root", group: str = "root") -> None:
        """Give an existing file its mode and owner without opening it; a missing one is no error."""
        ...

    def names(self, path: Path) -> list[str]:
        """The sorted names in a directory; of a missing one: none."""
        ...

    def remove(self, path: Path) -> None:
        """Remove a file or link; a missing one is no error."""
        ...

    def remove_tree(self, path: Path) -> None: ...


class PublishedFiles(Protocol):
    """Files that another process publishes, as those see them who only read."""

    def mark(self, path: Path) -> tuple[int, ...] | None:
        """Another value whenever another file is there; None where there is none, or none that this process may see."""
        ...

    def read(self, path: Path, most: int) -> bytes:
        """At most ``most`` bytes of it. Raises NotPossible, with the path and the system's reason."""
        ...


@dataclass(frozen=True)
class Completed:
    """A program that ended. ``output`` is stdout then stderr, decoded, at most 64 KiB."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return (self.stdout + self.stderr).strip()


class Processes(Protocol):
    """Programs run to their end. Raises NotPossible when the program is missing or the time runs out."""

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes | None = None,
        timeout: float = 60,
        environment: Mapping[str, str] | None = None,
    ) -> Completed: ...


class Supervisor(Protocol):
    """The keeper of the daemons (supervisord's XML-RPC socket in ``run/``)."""

    def states(self) -> Mapping[str, str]:
        """Program name -> RUNNING, STARTING, BACKOFF, FATAL, STOPPED, EXITED…; {} when no supervisor runs."""
        ...

    def start(self, program: str) -> None: ...
    def stop(self, program: str) -> None: ...
    def restart(self, program: str) -> None: ...
    def signal(self, program: str, name: str) -> None: ...
    def update(self) -> None:
        """Re-read the supervisor's own configuration: start what is new, restart what changed, stop what is gone.
        When no supervisor runs, start it."""
        ...

    def end_leftovers(self, timeout: float = 20) -> None:
        """End the instance's daemons that no supervisor keeps any more, since it was killed. One runs: nothing is done."""
        ...

    def shutdown(self, timeout: float = 60) -> None:
        """Stop every program and the supervisor itself; when it returns, nothing of them runs. None runs: fine."""
        ...


class Clock(Protocol):
    """Time, so that tests can move it. ``now`` is aware and in UTC."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


class Seal(Protocol):
    """Closes a secret so that only the steward can open it. The panel has this half."""

    def seal(self, secret: bytes) -> bytes: ...


class Unseal(Protocol):
    """Opens what was sealed. Only the steward has this half."""

    def unseal(self, sealed: bytes) -> bytes: ...


@dataclass(frozen=True)
class DnsAnswer:
    """What a name server said. ``rcode`` is "NOERROR", "NXDOMAIN", "SERVFAIL", "TIMEOUT", …; records as text.

    ``authentic``: a resolver on this machine validated it with DNSSEC (AD; what comes over a network proves nothing).
    ``ttl``: seconds, the smallest of what was answered; None when nothing was. ``alias``: the target of the CNAME at the
    asked name (absolute, as DNS writes it), when there is one. ``signatures``: the RRSIG records over ``records``, where
    the resolver was asked for them (``host.resolver``, ``unchecked``)."""

    name: str
    rdtype: str
    rcode: str
    records: tuple[str, ...]
    server: str
    authentic: bool = False
    ttl: int | None = None
    alias: str | None = None
    signatures: tuple[str, ...] = ()


class Resolver(Protocol):
    """Questions to DNS. Never raises for what DNS says: a time-out is an answer with rcode TIMEOUT."""

    def query(self, name: str, rdtype: str) -> DnsAnswer: ...


class DnsUpdates(Protocol):
    """Dynamic updates (RFC 2136) with TSIG to the zone's primary. Raises NotPossible with the server's reason."""

    def add(self, zone: str, name: str, rdtype: str, value: str, ttl: int) -> None:
        """Add one value beside those that are there (two ACME orders may need one name at once)."""
        ...

    def remove(self, zone: str, name: str, rdtype: str, value: str) -> None:
        """Take this one value away; the others stay."""
        ...

    def replace(self, zone: str, name: str, rdtype: str, values: Sequence[str], ttl: int) -> None: ...


@dataclass(frozen=True)
class DialTarget:
    """One TLS connection to make. ``protocol`` is http, imap, pop3, smtp or sieve; ``sni`` None sends no name."""

    protocol: str
    tls: Tls
    address: str
    port: int
    sni: str | None
    timeout: float = 10.0
    probe_injection: bool = False  # also try the STARTTLS command injection (CVE-2011-0411) on this connection
    old_protocol: bool = False  # offer nothing newer than TLS 1.1: a good door refuses
    below_modern: bool = False  # offer nothing newer than TLS 1.2: a door with the modern profile refuses
    rsa_only: bool = False  # be a client that knows no ECDSA: only what has an RSA key is good for it
    probe_clear: bool = False  # on a STARTTLS door: before STARTTLS, look whether a log-in is offered in clear text


@dataclass(frozen=True)
class Dialled:
    """What a TLS connection found. ``trouble`` None means that the handshake was completed.

    ``trouble`` is one of: refused, timeout, unreachable, starttls-missing, protocol-error, handshake-failed.
    ``chain`` is DER, leaf first, exactly as served. ``injected`` is True when a command sent in clear was answered
    inside TLS.
    """

    target: DialTarget
    trouble: str | None
    detail: str
    chain: tuple[bytes, ...] = ()
    version: str | None = None
    cipher: str | None = None
    injected: bool = False
    seconds: float = 0.0
    clear_login: bool | None = None  # whether a log-in was offered before STARTTLS; None: nobody could see (probe_clear)


class TlsDialer(Protocol):
    """Makes many TLS connections at once, without judging what is served. The answers come in the targets' order."""

    def dial(self, targets: Sequence[DialTarget]) -> list[Dialled]: ...


@dataclass(frozen=True)
class HttpAnswer:
    """An HTTPS answer; ``trouble`` as in Dialled, ``status`` 0 when there was none. Bodies are cut at 256 KiB."""

    url: str
    status: int
    content_type: str
    body: bytes
    trouble: str | None = None


class HttpClient(Protocol):
    """Fetches a URL at a given address (no DNS of its own), trusting what ``trust`` says."""

    def fetch(self, url: str, *, address: str, port: int, method: str = "GET", body: bytes | None = None) -> HttpAnswer: ...


class SniTable(Protocol):
    """Postfix's table of certificates by name. Names are exact (``a.test``) or wildcards (``*.a.test``)."""

    def create(self) -> None:
        """Make the empty table where there is none, closed to everybody but root."""
        ...

    def put(self, entries: Mapping[str, Path]) -> None:
        """Serve the PEM file (key first, then chain) for each name, from the next connection on."""
        ...

    def remove(self, names: Iterable[str]) -> None:
        """Let these names fall back to the server-wide certificate; missing ones are no error."""
        ...

    def held(self, names: Iterable[str]) -> Mapping[str, bytes]:
        """The PEM, with its private key, that the table holds for each of these names; the others are left out."""
        ...


class ReportDrop(Protocol):
    """Messages with reports that Postfix kept for the steward (``Layout.reports``), and those it couldn't use. Whoever
    took over the user that writes them must gain nothing: names and files are looked at with that in mind."""

    def waiting(self, most: int) -> Sequence[str]:
        """The names of the oldest ones."""
        ...

    def read(self, name: str) -> bytes | None:
        """The message; None for what is no plain file, too large, or gone."""
        ...

    def remove(self, name: str) -> None:
        """A missing one is no error."""
        ...

    def put_aside(self, name: str) -> None:
        """Keep it where a person may look at it; of those only the newest hundred."""
        ...

    def aside(self) -> int:
        """How many were put aside and are still there."""
        ...
