"""A real Pebble and a real Knot on free loopback ports, in a directory of their own, for tests of ACME orders."""

import base64
import contextlib
import http.server
import json
import os
import secrets
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import traceback
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from fakes.chains import Issued, issue
from fakes.order_world import Delivered, MemoryBook, MemoryJournal
from mailward.certificates.accounts import Accounts
from mailward.certificates.orders import Limits, OrderOutside
from mailward.certificates.solvers.dns_01 import Dns01
from mailward.certificates.solvers.http_01 import Http01
from mailward.host.acme_ca import connect
from mailward.host.clock import RealClock
from mailward.host.dns_update import Rfc2136
from mailward.host.files import RealFiles
from mailward.host.resolver import DnsResolver
from mailward.host.seals import Opener, Sealer, make_keys
from mailward.model.certificates import Challenge
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
class Lab:
    """Everything that runs, and where."""

    directory: Path
    dns_port: int
    dns: DnsResolver
    updates: Rfc2136
    acme_port: int
    management_port: int
    http_port: int
    trust: Path
    pebble_environment: dict[str, str] = field(default_factory=dict)
    pebble: subprocess.Popen | None = None
    knot: subprocess.Popen | None = None

    def ca(self, name: str = "pebble", **changes) -> CaSettings:
        return replace(
            CaSettings(name, f"https://localhost:{self.acme_port}/dir", str(self.trust), "a@lab.test"), **changes
        )

    def start_pebble(self, **environment: str) -> None:
        self.pebble_environment = environment
        with (self.directory / "pebble.log").open("ab") as log:
            self.pebble = subprocess.Popen(
                ["pebble", "-config", "pebble.json", "-dnsserver", f"127.0.0.1:{self.dns_port}"],
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
        return json.loads(self._management(f"cert-status-by-serial/{certificate.serial}"))["Status"]

    def _management(self, path: str) -> bytes:
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
                Challenge.DNS_01: Dns01(dns_updates or self.updates, resolver, lambda _zone: (resolver,), clock),
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
    (directory / "knot").mkdir()
    (directory / "tsig").write_bytes(base64.b64encode(secrets.token_bytes(32)))
    dns_port = free_port()
    made = Lab(
        directory,
        dns_port,
        DnsResolver((f"127.0.0.1:{dns_port}",), timeout=2),
        Rfc2136(f"127.0.0.1:{dns_port}", "lab", directory / "tsig", timeout=3),
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
            f"@ A 127.0.0.1\n* A 127.0.0.1\n_acme-challenge.delegated CNAME elsewhere\n"
        )
    (directory / "knot.conf").write_text(
        f"server:\n  listen: 127.0.0.1@{made.dns_port}\n  rundir: {directory}\n"
        f"  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n"
        f"log:\n  - target: stderr\n    any: warning\n"
        f"database:\n  storage: {directory}/knot\n"
        f"key:\n  - id: lab\n    algorithm: hmac-sha256\n    secret: {(directory / 'tsig').read_text()}\n"
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


class Answers(http.server.BaseHTTPRequestHandler):
    """An HTTPS server that says what it was told: path -> status, headers, body (bytes, or chunks with pauses)."""

    told: ClassVar[dict] = {}
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, headers, body = self.told.get(self.path, (404, {}, b""))
        self.send_response(status)
        self.send_header("Replay-Nonce", "bm9uY2U")
        for name, value in headers.items():
            self.send_header(name, value)
        pieces = body if isinstance(body, list) else [body]
        self.send_header("Content-Length", str(sum(map(len, pieces))))
        self.end_headers()
        for piece in pieces:
            self.wfile.write(piece)
            self.wfile.flush()
            if len(pieces) > 1:
                time.sleep(0.1)

    do_POST = do_HEAD = do_GET  # noqa: N815 - http.server's own names

    def log_message(self, *_: object) -> None: ...


@contextlib.contextmanager
def double(running, **told):
    """A CA that answers its directory properly and everything else as told: (status, headers, body) by resource."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Told", (Answers,), {"told": {}}))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(running.directory / "pebble.pem", running.directory / "pebble.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    base = f"https://localhost:{server.server_address[1]}"
    resources = {name: f"{base}/{name}" for name in ("newNonce", "newAccount", "newOrder", "revokeCert", "renewalInfo")}
    account = (201, {"Location": f"{base}/account"}, b'{"status": "valid"}')
    answers = {"dir": (200, {}, json.dumps(resources).encode()), "newNonce": (200, {}, b""), "newAccount": account} | told
    server.RequestHandlerClass.told = {f"/{name}": answer for name, answer in answers.items()}
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield running.ca("double", directory=f"{base}/dir")
    finally:
        server.shutdown()
        server.server_close()
