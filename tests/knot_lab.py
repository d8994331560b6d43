"""A Knot of the test's own with the configuration that Mailward renders: primary, secondary, keys that live for seconds."""

import base64
import contextlib
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import dns.dnssec
import dns.message
import dns.name
import dns.query
import dns.rdatatype
import dns.rrset

from mailward.daemons import knot
from mailward.daemons.secrets import TSIG_NAME, knot_tsig, steward_tsig, tsig_file
from mailward.daemons.zone import zone_file
from mailward.host.dns_update import Rfc2136
from mailward.host.resolver import DnsResolver
from mailward.host.zone_rfc2136 import Rfc2136Home
from mailward.model.desired import DesiredState
from mailward.model.dns import Record
from mailward.model.layout import Layout
from mailward.model.settings import Settings
from mailward.steward.new_instance import demo


def free_port(address: str = "127.0.0.1") -> int:
    """A port that is free for UDP and TCP."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((address, 0))
            with contextlib.suppress(OSError):
                udp.bind((address, tcp.getsockname()[1]))
                return int(tcp.getsockname()[1])


def until(true: Callable[[], object], what: str, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.03)


class KnotLab:
    """``settings`` say where it listens. ``edit`` changes the rendered text (lifetimes that no host would have)."""

    def __init__(self, root: Path, settings: Settings, edit: Callable[[str], str] = str) -> None:
        self.layout, self.settings, self._edit = Layout(root), settings, edit
        self.server = f"127.0.0.1:{settings.dns_port}"
        self._process: subprocess.Popen[bytes] | None = None
        for path in (self.layout.secrets, self.layout.current / "knot", self.layout.zones):
            path.mkdir(parents=True)
        for path in (self.layout.run / "knot", self.layout.state / "knot", self.layout.log / "knot"):
            path.mkdir(parents=True)
        secret = base64.b64encode(secrets.token_bytes(32))
        steward_tsig(self.layout).write_bytes(secret)
        knot_tsig(self.layout).write_text(tsig_file(secret.decode()))
        knot.catalog_path(self.layout).write_text(knot.catalog_file())
        self.configure()
        for path in (root, *root.rglob("*")):
            shutil.chown(path, "knot", "knot")
            path.chmod(0o750 if path.is_dir() else 0o640)

    def configure(self) -> None:
        (rendered,) = knot.KNOT.render(DesiredState(self.settings), self.layout)
        (self.layout.current / "knot" / "knot.conf").write_text(self._edit(rendered.content.decode()))

    @property
    def updates(self) -> Rfc2136:
        return Rfc2136(self.server, TSIG_NAME, steward_tsig(self.layout))

    @property
    def home(self) -> Rfc2136Home:
        return Rfc2136Home(self.server, self.updates)

    @property
    def resolver(self) -> DnsResolver:
        return DnsResolver((self.server,), timeout=2)

    def put_zone(self, zone: str, records: Sequence[Record] = ()) -> None:
        path = knot.zone_path(self.layout, zone)
        path.write_text(zone_file(zone, records, (self.settings.hostname,)))
        shutil.chown(path, "knot", "knot")
        path.chmod(0o640)
        member = knot.membership(zone)
        self.updates.add(member.zone, member.name, member.rdtype, member.value, member.ttl)
        until(lambda: self.resolver.query(zone, "SOA").records, f"{zone} served")

    def start(self) -> None:
        conf = str(self.layout.current / "knot" / "knot.conf")
        self._process = subprocess.Popen(
            ["/usr/sbin/knotd", "-c", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(lambda: self.knotc("status").returncode == 0, "knotd up")
        until(lambda: self.resolver.query(knot.CATALOG, "SOA").rcode != "TIMEOUT", "knotd answers")

    def knotc(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(knot.knotc(self.layout, *words), capture_output=True, text=True, check=False)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=20)
            self._process = None

    def signed(self, name: str, rdtype: str, zone: str) -> bool:
        """Whether the answer is there and its signature holds with the zone's own keys."""
        return signed(self.settings.dns_port, name, rdtype, zone)


def signed(port: int, name: str, rdtype: str, zone: str, address: str = "127.0.0.1") -> bool:
    def ask(what: str, kind: str) -> list[dns.rrset.RRset]:
        query = dns.message.make_query(what, kind, want_dnssec=True)
        return list(dns.query.tcp(query, address, port=port, timeout=3).answer)

    apex = dns.name.from_text(zone)
    keys = [one for one in ask(zone, "DNSKEY") if one.rdtype == dns.rdatatype.DNSKEY]
    found = ask(name, rdtype)
    sets = [one for one in found if one.rdtype == dns.rdatatype.from_text(rdtype)]
    marks = [one for one in found if one.rdtype == dns.rdatatype.RRSIG]
    if not (keys and sets and marks):
        return False
    dns.dnssec.validate(sets[0], marks[0], {apex: keys[0]})
    return True


@contextlib.contextmanager
def knot_lab(settings: Settings | None = None, edit: Callable[[str], str] = str) -> Iterator[KnotLab]:
    """A primary with an empty catalog, on a free port."""
    settings = settings or replace(demo(ipv6=False), dns_port=free_port(), addresses=("127.0.0.1",))
    with tempfile.TemporaryDirectory(prefix="knot-lab-") as directory:
        lab = KnotLab(Path(directory) / "i", settings, edit)
        Path(directory).chmod(0o755)
        lab.start()
        try:
            yield lab
        finally:
            lab.end(signal.SIGKILL)
