"""A real Pebble and a real Knot on free loopback ports, in a directory of their own, for tests of ACME orders."""

import base64
import contextlib
import http.server
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import traceback
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.tsigkeyring
import dns.update
from fakes.chains import Issued, issue

from mailward.certificates.accounts import Account, Accounts
from mailward.certificates.orders import Limits, OrderOutside, OrderRecord
from mailward.certificates.solvers.dns_01 import Dns01
from mailward.certificates.solvers.http_01 import Http01
from mailward.host.acme_ca import connect
from mailward.host.clock import RealClock
from mailward.host.files import RealFiles
from mailward.host.seals import Opener, Sealer, make_keys
from mailward.model.certificates import Challenge, KeyedChain
from mailward.model.errors import NotPossible
from mailward.model.outside import DnsAnswer
from mailward.model.sentence import Sentence
from mailward.model.settings import CaSettings

ZONES = ("lab.test", "other.test")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def poll(look, seconds: float = 10.0, what: str = "it"):
    """What ``look`` gives once it is true; an AssertionError after ``seconds``."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"{what} did not come within {seconds} s"
        time.sleep(0.01)
    return found


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


@dataclass
class LabDns:
    """Questions and updates to the lab's Knot, by dnspython: a stand-in that knows only what these tests need."""

    port: int
    secret: str

    def query(self, name: str, rdtype: str) -> DnsAnswer:
        try:
            said = dns.query.udp(dns.message.make_query(name, rdtype), "127.0.0.1", 2, self.port)
        except dns.exception.Timeout:
            return DnsAnswer(name, rdtype, "TIMEOUT", (), "lab")
        records = [item.to_text() for rrset in said.answer for item in rrset if rrset.rdtype == dns.rdatatype.from_text(rdtype)]
        return DnsAnswer(name, rdtype, dns.rcode.to_text(said.rcode()), tuple(records), "lab")

    def add(self, zone: str, name: str, rdtype: str, value: str, ttl: int) -> None:
        self._send(zone, lambda update: update.add(name + ".", ttl, rdtype, value))

    def remove(self, zone: str, name: str, rdtype: str, value: str) -> None:
        self._send(zone, lambda update: update.delete(name + ".", rdtype, value))

    def replace(self, zone: str, name: str, rdtype: str, values: Sequence[str], ttl: int) -> None:
        self._send(zone, lambda update: update.replace(name + ".", ttl, rdtype, *values))

    def _send(self, zone: str, change) -> None:
        keyring = dns.tsigkeyring.from_text({"lab": self.secret})
        update = dns.update.UpdateMessage(zone, keyring=keyring, keyalgorithm=dns.tsig.HMAC_SHA256)
        change(update)
        try:
            answer = dns.query.tcp(update, "127.0.0.1", 3, self.port)
        except (OSError, dns.exception.DNSException) as trouble:
            raise NotPossible(Sentence("the name server does not answer"), code="dns-update-failed") from trouble
        if answer.rcode() != dns.rcode.NOERROR:
            rcode = dns.rcode.to_text(answer.rcode())
            raise NotPossible(Sentence("the name server refused: {rcode}", rcode=rcode), code="dns-update-failed")


@dataclass
class MemoryJournal:
    """Records and accounts in memory, as a store would keep them."""

    records: dict[int, OrderRecord] = field(default_factory=dict)
    states: list[tuple[int, str]] = field(default_factory=list)

    def save(self, record: OrderRecord) -> None:
        self.records[record.id] = record
        self.states.append((record.id, record.state.value))

    def knows(self, ca: str, order_url: str) -> bool:
        return any(one.ca == ca and one.journal.order_url == order_url for one in self.records.values())


@dataclass
class MemoryBook:
    accounts: dict[str, Account] = field(default_factory=dict)

    def load(self, ca: str) -> Account | None:
        return self.accounts.get(ca)

    def save(self, account: Account) -> None:
        self.accounts[account.ca] = account


@dataclass
class Delivered:
    """Takes certificates over, once each."""

    found: dict[str, KeyedChain] = field(default_factory=dict)
    times: int = 0

    def __call__(self, record: OrderRecord, material: KeyedChain) -> None:
        self.times += 1
        self.found[material.certificate.sha256] = material

    @property
    def only(self) -> KeyedChain:
        (material,) = self.found.values()
        return material


@dataclass
class Lab:
    """Everything that runs, and where."""

    directory: Path
    dns: LabDns
    acme_port: int
    management_port: int
    http_port: int
    trust: Path
    pebble_environment: dict[str, str] = field(default_factory=dict)
    pebble: subprocess.Popen | None = None
    knot: subprocess.Popen | None = None

    def ca(self, name: str = "pebble", **changes) -> CaSettings:
        return replace(CaSettings(name, f"https://localhost:{self.acme_port}/dir", str(self.trust), "a@lab.test"), **changes)

    def start_pebble(self, **environment: str) -> None:
        self.pebble_environment = environment
        with (self.directory / "pebble.log").open("ab") as log:
            self.pebble = subprocess.Popen(
                ["pebble", "-config", "pebble.json", "-dnsserver", f"127.0.0.1:{self.dns.port}"],
                cwd=self.directory,
                env={**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}
                | environment,
                stdout=log,
                stderr=log,
            )
        poll(lambda: _listens(self.acme_port) and _listens(self.management_port), what="Pebble")

    def stop_pebble(self) -> None:
        _stop(self.pebble)

    def restart_pebble(self, **environment: str) -> None:
        """A new Pebble: it has forgotten every account and order, and has a new root."""
        self.stop_pebble()
        self.start_pebble(**environment)

    def start_knot(self) -> None:
        with (self.directory / "knot.log").open("ab") as log:
            self.knot = subprocess.Popen(["knotd", "-c", self.directory / "knot.conf"], stdout=log, stderr=log)
        poll(lambda: self.dns.query(ZONES[0], "SOA").records, what="Knot")

    def root(self) -> bytes:
        """The root that this run of Pebble issues under."""
        return self._management("roots/0")

    def status_of(self, certificate) -> str:
        """Valid or Revoked, as Pebble's management says."""
        return json.loads(self._management(f"cert-status-by-serial/{certificate.serial:0>2}"))["Status"]

    def _management(self, path: str) -> bytes:
        import ssl

        context = ssl.create_default_context(cafile=str(self.trust))
        with urllib.request.urlopen(f"https://localhost:{self.management_port}/{path}", context=context) as answer:
            return answer.read()

    def outside(self, *cas: CaSettings, book=None, journal=None, dns_updates=None, limits=None, seals=None) -> OrderOutside:
        """An OrderOutside over the real parts; ``.deliver`` is a Delivered, ``.journal`` a MemoryJournal."""
        cas = cas or (self.ca(),)
        keys = seals or make_keys()
        seal, unseal, clock = Sealer(keys.public), Opener(keys.private), RealClock()
        resolver = self.dns
        files = RealFiles(self.directory)
        return OrderOutside(
            journal=journal or MemoryJournal(),
            accounts=Accounts({ca.name: ca for ca in cas}, connect, book or MemoryBook(), seal, unseal),
            solvers={
                Challenge.DNS_01: Dns01(dns_updates or self.dns, resolver, lambda _zone: (resolver,), clock),
                Challenge.HTTP_01: Http01(files, self.directory / "challenges", clock),
            },
            clock=clock,
            seal=seal,
            unseal=unseal,
            deliver=Delivered(),
            mishap=lambda _record, trouble: traceback.print_exception(trouble),
            limits=limits or Limits(visible=5, validation=20, issuance=20, total=60, first_pause=0.05),
        )

    def order_urls(self, outside: OrderOutside, ca: str = "pebble") -> tuple[str, ...]:
        return outside.accounts.registered(ca).orders() or ()


def _stop(process: subprocess.Popen | None) -> None:
    if process is not None and process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


@contextlib.contextmanager
def lab(eab: dict[str, str] | None = None, certificate_seconds: int = 90 * 86400, **environment: str) -> Iterator[Lab]:
    """A running lab, gone with everything in it afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="mailward-test-"))
    directory.chmod(0o755)
    (directory / "challenges").mkdir()
    made = Lab(
        directory,
        LabDns(free_port(), base64.b64encode(secrets.token_bytes(32)).decode()),
        free_port(),
        free_port(),
        free_port(),
        directory / "trust.pem",
    )
    try:
        _write_pebble(made, eab, certificate_seconds)
        _write_knot(made)
        made.start_knot()
        made.start_pebble(**environment)
        yield made
    finally:
        _stop(made.pebble)
        _stop(made.knot)
        shutil.rmtree(directory, ignore_errors=True)


def _write_pebble(made: Lab, eab: dict[str, str] | None, certificate_seconds: int) -> None:
    now = datetime.now(UTC)
    root: Issued = issue("Lab HTTPS Root", ca=True, after=now - timedelta(days=1), until=now + timedelta(days=30))
    leaf = issue("localhost", root, ("localhost",), after=now - timedelta(days=1), until=now + timedelta(days=30))
    made.trust.write_bytes(root.pem)
    (made.directory / "pebble.pem").write_bytes(leaf.pem)
    (made.directory / "pebble.key").write_bytes(leaf.key_pem)
    settings = {
        "listenAddress": f"127.0.0.1:{made.acme_port}",
        "managementListenAddress": f"127.0.0.1:{made.management_port}",
        "certificate": "pebble.pem",
        "privateKey": "pebble.key",
        "httpPort": made.http_port,
        "tlsPort": free_port(),
        "ocspResponderURL": "",
        "externalAccountBindingRequired": bool(eab),
        "externalAccountMACKeys": eab or {},
        "certificateValidityPeriod": certificate_seconds,
    }
    (made.directory / "pebble.json").write_text(json.dumps({"pebble": settings}))


def _write_knot(made: Lab) -> None:
    directory = made.directory
    zones = "".join(f"  - domain: {zone}\n    file: {directory}/{zone}.zone\n    acl: lab\n" for zone in ZONES)
    for zone in ZONES:
        (directory / f"{zone}.zone").write_text(
            f"$ORIGIN {zone}.\n$TTL 30\n@ SOA ns.{zone}. root.{zone}. 1 60 60 60 30\n@ NS ns\nns A 127.0.0.1\n"
            f"@ A 127.0.0.1\n* A 127.0.0.1\n_acme-challenge.delegated CNAME delegated.{ZONES[1]}.\n"
        )
    (directory / "knot.conf").write_text(
        f"server:\n  listen: 127.0.0.1@{made.dns.port}\n  rundir: {directory}\n"
        f"  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n"
        f"log:\n  - target: stderr\n    any: warning\n"
        f"database:\n  storage: {directory}/knot\n"
        f"key:\n  - id: lab\n    algorithm: hmac-sha256\n    secret: {made.dns.secret}\n"
        f"acl:\n  - id: lab\n    key: lab\n    action: update\n"
        f"template:\n  - id: default\n    storage: {directory}/knot\n    zonefile-sync: -1\n"
        f"    zonefile-load: difference-no-serial\n    journal-content: all\n"
        f"zone:\n{zones}"
    )


@contextlib.contextmanager
def challenge_server(made: Lab) -> Iterator[None]:
    """What nginx does for HTTP-01: the files of one directory under /.well-known/acme-challenge/, on the lab's port."""

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            prefix = "/.well-known/acme-challenge/"
            file = made.directory / "challenges" / Path(self.path).name
            found = self.path.startswith(prefix) and file.is_file()
            self.send_response(200 if found else 404)
            self.end_headers()
            if found:
                self.wfile.write(file.read_bytes())

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", made.http_port), Server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
