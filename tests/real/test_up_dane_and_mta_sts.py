"""DANE and MTA-STS on a real host: the served key is in the TLSA set at every moment, and policies can be fetched."""

import hashlib
import http.client
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.exception
import dns.message
import dns.query
import dns.rdatatype
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from demo_host import DemoHost
from inside import inside, started
from mailward.model.dns import MtaStsMode
from mailward.model.doors import Door
from mailward.standards.mta_sts import Mode, parse_policy
from mailward.steward.new_instance import DEMO_HOSTNAME

pytestmark = pytest.mark.real

ALPHA = "alpha.localhost"
ADVANCE = """
from mailward.steward import dns_day
from mailward.steward.steward import Steward
from mailward.store import records
from mailward.store.dns import Zones
known = Zones(mailward.host.settings)
for zone in known.all():
    dns_day.advance(mailward.host, zone, known)
    if dns_day.is_due(mailward.host, zone, known):
        Steward(mailward.host).take(dns_day.ask(mailward.host, zone).pk, QUIET)
print(json.dumps("done"))
"""


def answered(host: DemoHost, name: str, rdtype: str) -> list[str]:
    """What the authoritative server says now."""
    question = dns.message.make_query(name, rdtype)
    answer, _ = dns.query.udp_with_fallback(question, "127.0.0.1", port=host.base + 53, timeout=5)
    wanted = dns.rdatatype.from_text(rdtype)
    return [record.to_text() for rrset in answer.answer if rrset.rdtype == wanted for record in rrset]


def served_key(host: DemoHost) -> str:
    """SHA-256 of the key that port 25 shows to who asks for the server by its name."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with smtplib.SMTP("127.0.0.1", host.port(Door.SMTP), timeout=10) as door:
        door._host = DEMO_HOSTNAME  # type: ignore[attr-defined]  # the name that STARTTLS asks for
        door.starttls(context=context)
        assert isinstance(door.sock, ssl.SSLSocket)
        der = door.sock.getpeercert(binary_form=True)
    assert der is not None
    key = x509.load_der_x509_certificate(der).public_key()
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


@dataclass
class Prober:
    """Asks for the TLSA set, then meets the door, every 100 ms. ``missed``: a key that wasn't in the set of that moment, or
    in the one before (which a cache may hold)."""

    host: DemoHost
    count: int = 0
    keys: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        before: set[str] | None = None
        while not self._over.wait(0.1):
            try:
                there = {text.split()[-1] for text in answered(self.host, f"_25._tcp.{DEMO_HOSTNAME}", "TLSA")}
                key = served_key(self.host)
            except (OSError, smtplib.SMTPException, dns.exception.DNSException) as trouble:
                self.missed.append(repr(trouble))
                continue
            self.count += 1
            if key not in self.keys:
                self.keys.append(key)
            if key not in there or (before is not None and key not in before):
                self.missed.append(key)
            before = there

    @contextmanager
    def probing(self) -> Iterator["Prober"]:
        thread = threading.Thread(target=self.run)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()


@pytest.fixture(scope="module")
def host(demo_host: DemoHost) -> Iterator[DemoHost]:
    """The demo host with its TLSA set published; afterwards with its self-signed certificate again."""
    for _ in range(3):
        inside(demo_host, ADVANCE)
        time.sleep(1)
    yield demo_host
    demo_host.run("secure", "server", "--mail", "self-signed", "--panel", "self-signed")


def test_the_served_key_is_in_dns_through_every_roll_over(host: DemoHost) -> None:
    """From the self-signed certificate to a CA's, renewed, killed in the middle of the next renewal and taken up again: a
    prober never meets a key that isn't in the set."""
    before = served_key(host)
    with Prober(host).probing() as prober:
        host.run("secure", "server")
        host.run("certificate", "renew", "server-san")
        renewal = started(host, "mailward.carry_out(orders.renew(mailward.office, ME, 'server-san').run_id, QUIET)")
        time.sleep(2.5)
        renewal.kill()
        renewal.communicate()
        asked = {"kind": "order", "subject": "server-san"}
        until = time.monotonic() + 60
        while time.monotonic() < until:
            rows = [row for row in host.json("runs") if {key: row[key] for key in asked} == asked]
            if rows and rows[0]["state"] not in ("waiting", "running"):
                break
            time.sleep(0.5)
    assert rows[0]["state"] == "done"
    assert prober.missed == []
    assert prober.keys[0] == before
    assert len(prober.keys) >= 3
    assert prober.count > 50


def fetched(host: DemoHost, domain: str) -> tuple[int, str, bytes]:
    """The policy as a sender fetches it: over HTTPS, the certificate verified against the demo's roots."""
    name = f"mta-sts.{domain}"
    context = ssl.create_default_context(cafile=str(host.layout.tls / "demo-roots.pem"))
    with socket.create_connection(("127.0.0.1", host.port(Door.HTTPS)), timeout=10) as plain:
        connection = http.client.HTTPSConnection(name, host.port(Door.HTTPS), context=context)
        connection.sock = context.wrap_socket(plain, server_hostname=name)
        connection.request("GET", "/.well-known/mta-sts.txt")
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()


def wish(host: DemoHost, mode: MtaStsMode) -> None:
    """By the command, and one of the minute's rounds."""
    host.run("dns", "set", ALPHA, "--mta-sts", mode.value)
    inside(host, ADVANCE)


def line(host: DemoHost) -> str:
    """The board's code for the policy."""
    rows = host.json("check", ALPHA, check=False)
    (found,) = [row for row in rows if (row["domain"], row["mechanism"]) == (ALPHA, "mta_sts")]
    return str(found["code"])


def test_a_policy_is_fetched_tested_and_enforced(host: DemoHost) -> None:
    """Over verified HTTPS, under the domain's own certificate; enforced after a green check, with a new id in DNS; gone by
    way of none."""
    assert host.json("secure", "server")["state"] == "done"
    wish(host, MtaStsMode.ENFORCE)
    status, kind, body = fetched(host, ALPHA)
    assert (status, kind.partition(";")[0], parse_policy(body).mode) == (200, "text/plain", Mode.TESTING)
    assert parse_policy(body).allows(DEMO_HOSTNAME)
    first = answered(host, f"_mta-sts.{ALPHA}", "TXT")
    assert line(host) == "mta-sts-testing"
    inside(host, ADVANCE)
    assert parse_policy(fetched(host, ALPHA)[2]).mode is Mode.ENFORCE
    second = answered(host, f"_mta-sts.{ALPHA}", "TXT")
    assert first != second
    assert line(host) == "mta-sts-pass"
    wish(host, MtaStsMode.OFF)
    assert parse_policy(fetched(host, ALPHA)[2]).mode is Mode.NONE
    assert answered(host, f"_mta-sts.{ALPHA}", "TXT") not in (first, second, [])
