"""DNS: what a name server says is an answer, and updates change exactly one value. The fake, and a real Knot of our own."""

import base64
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import pytest

from fakes.told_resolver import MemoryDnsUpdates, ToldResolver
from mailward.host.dns_update import Rfc2136
from mailward.host.ports import free_port
from mailward.host.resolver import DnsResolver, said, server_of
from mailward.model.errors import NotPossible
from mailward.model.outside import DnsUpdates, Resolver

ZONE = """$ORIGIN a.test.
@ 3600 SOA ns hostmaster 1 3600 600 86400 60
@ 3600 NS ns
ns 3600 A 127.0.0.1
mail 300 A 192.0.2.1
mail 300 AAAA 2001:db8::1
www 300 CNAME mail
child 300 NS ns.elsewhere.test.
child 300 NS ns.child.a.test.
big 300 TXT {big}
"""
KNOT = """
server:
    rundir: "{directory}"
    listen: 127.0.0.1@{port}
log:
  - target: stderr
    any: warning
key:
  - id: ours
    algorithm: hmac-sha256
    secret: {secret}
acl:
  - id: updates
    key: ours
    action: update
database:
    storage: "{directory}"
zone:
  - domain: a.test
    file: "{directory}/a.test.zone"
    acl: updates
    zonefile-load: difference-no-serial
    zonefile-sync: -1
    journal-content: all
"""
SECRET = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


@dataclass
class Dns:
    """A zone a.test, and the way to change it."""

    resolver: Resolver
    updates: DnsUpdates
    directory: Path
    server: str


@pytest.fixture(scope="module")
def knot() -> Iterator[Dns]:
    with tempfile.TemporaryDirectory(prefix="mailward-test-") as name:
        directory = Path(name)
        port = free_port(kind="udp")
        (directory / "a.test.zone").write_text(ZONE.format(big=" ".join(['"' + "x" * 250 + '"'] * 12)))
        (directory / "knot.conf").write_text(KNOT.format(directory=directory, port=port, secret=SECRET))
        (directory / "tsig").write_text(SECRET + "\n")
        (directory / "wrong").write_text(base64.b64encode(b"x" * 32).decode())
        server = f"127.0.0.1:{port}"
        with (directory / "log").open("w") as log:
            process = subprocess.Popen(["knotd", "-c", str(directory / "knot.conf")], stderr=log, stdout=log)
        try:
            resolver = DnsResolver((server,))
            deadline = time.monotonic() + 20
            while resolver.query("mail.a.test", "A").rcode != "NOERROR":
                assert time.monotonic() < deadline and process.poll() is None, (directory / "log").read_text()
                time.sleep(0.05)
            yield Dns(resolver, Rfc2136(server, "ours", directory / "tsig"), directory, server)
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(params=["told", pytest.param("knot", marks=pytest.mark.real)])
def place(request: pytest.FixtureRequest) -> Dns:
    if request.param == "knot":
        made: Dns = request.getfixturevalue("knot")
        return made
    resolver = ToldResolver({("mail.a.test", "A"): ["192.0.2.1"], ("mail.a.test", "AAAA"): ["2001:db8::1"]})
    return Dns(resolver, MemoryDnsUpdates(resolver), Path("/none"), "told")


def test_answers(place: Dns) -> None:
    """Records come as text; a missing name and a missing type are told apart; a trailing dot and capitals don't matter."""
    found = place.resolver.query("mail.a.test", "A")
    assert (found.rcode, found.records, found.rdtype) == ("NOERROR", ("192.0.2.1",), "A")
    assert place.resolver.query("MAIL.a.test.", "AAAA").records == ("2001:db8::1",)
    assert (place.resolver.query("mail.a.test", "MX").rcode, place.resolver.query("mail.a.test", "MX").records) == (
        "NOERROR",
        (),
    )
    assert place.resolver.query("none.a.test", "A").rcode == "NXDOMAIN"


def test_two_values_at_one_name(place: Dns) -> None:
    """Two orders add their values beside each other; removing one leaves the other; removing again is no error."""
    name = "_acme-challenge.a.test"
    place.updates.add("a.test", name, "TXT", "one", 60)
    place.updates.add("a.test", name, "TXT", "two", 60)
    place.updates.add("a.test", name, "TXT", "two", 60)
    assert {text.strip('"') for text in place.resolver.query(name, "TXT").records} == {"one", "two"}
    place.updates.remove("a.test", name, "TXT", "one")
    place.updates.remove("a.test", name, "TXT", "one")
    assert [text.strip('"') for text in place.resolver.query(name, "TXT").records] == ["two"]
    place.updates.replace("a.test", name, "TXT", ["three", "four"], 60)
    assert {text.strip('"') for text in place.resolver.query(name, "TXT").records} == {"three", "four"}
    place.updates.replace("a.test", name, "TXT", [], 60)
    assert place.resolver.query(name, "TXT").records == ()


@pytest.mark.real
def test_a_parent_says_to_whom_it_has_delegated(knot: Dns) -> None:
    """A referral answers the question for a child's name servers, and no other: what isn't delegated has none."""
    assert knot.resolver.query("child.a.test", "NS").records == ("ns.child.a.test.", "ns.elsewhere.test.")
    assert knot.resolver.query("mail.a.test", "NS").records == ()
    assert knot.resolver.query("below.child.a.test", "NS").records == ()
    assert knot.resolver.query("child.a.test", "TXT").records == ()


@pytest.mark.real
def test_every_kind_of_value_arrives_as_meant(knot: Dns) -> None:
    """TXT with spaces, quotes, backslashes, semicolons, UTF-8 and more than 255 bytes; SRV, TLSA, CAA, MX."""
    long = "v=DKIM1; k=rsa; p=" + "A" * 400
    for value in ("v=spf1 +a +mx ~all", 'say "hi"', "back\\slash", "semi;colon", "ü", long):
        knot.updates.replace("a.test", "txt.a.test", "TXT", [value], 60)
        (record,) = knot.resolver.query("txt.a.test", "TXT").records
        parsed = dns.message.from_text(f"id 1\n;QUESTION\nx. IN TXT\n;ANSWER\nx. 1 IN TXT {record}\n")
        assert b"".join(parsed.answer[0][0].strings) == value.encode()
    for rdtype, value in (
        ("SRV", "0 1 993 mail.a.test."),
        ("TLSA", "3 1 1 " + "ab" * 32),
        ("CAA", '0 issue "letsencrypt.org"'),
        ("MX", "10 mail.a.test."),
        ("A", "192.0.2.7"),
    ):
        knot.updates.replace("a.test", "other.a.test", rdtype, [value], 60)
        assert knot.resolver.query("other.a.test", rdtype).records == (value,)


@pytest.mark.real
def test_answers_that_need_tcp_and_aliases(knot: Dns) -> None:
    """3 KB of TXT come whole; an alias' target is found beside it."""
    assert len(knot.resolver.query("big.a.test", "TXT").records[0]) > 3000
    assert knot.resolver.query("www.a.test", "CNAME").records == ("mail.a.test.",)
    followed = knot.resolver.query("www.a.test", "A")
    assert (followed.records, followed.alias, followed.ttl) == (("192.0.2.1",), "mail.a.test.", 300)
    assert not followed.authentic


@pytest.mark.real
def test_refusals_say_why(knot: Dns) -> None:
    """A wrong key, an unknown key and a foreign zone are NotPossible with the server's reason, and no secret in it."""
    wrong = Rfc2136(knot.server, "ours", knot.directory / "wrong")
    unknown = Rfc2136(knot.server, "theirs", knot.directory / "tsig")
    for updates, zone in ((wrong, "a.test"), (unknown, "a.test"), (knot.updates, "b.test")):
        with pytest.raises(NotPossible, match="did not take an update") as caught:
            updates.add(zone, f"x.{zone}", "TXT", "x", 60)
        assert caught.value.code == "dns-refused"
        assert SECRET not in str(caught.value)
    assert knot.resolver.query("x.a.test", "TXT").rcode == "NXDOMAIN"
    with pytest.raises(NotPossible):
        knot.updates.add("a.test", "a..test", "TXT", "x", 60)
    with pytest.raises(NotPossible):
        knot.updates.add("a.test", "x.a.test", "A", "not an address", 60)
    with pytest.raises(NotPossible, match="missing-file"):
        Rfc2136(knot.server, "ours", knot.directory / "missing-file").add("a.test", "x.a.test", "TXT", "x", 60)


def test_silence_is_an_answer_and_bounded() -> None:
    """A server that never answers is TIMEOUT within the time given; an update to it, and to a closed port, says so."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent, socket.create_server(("127.0.0.1", 0)) as deaf:
        silent.bind(("127.0.0.1", 0))
        started = time.monotonic()
        answer = DnsResolver((f"127.0.0.1:{silent.getsockname()[1]}",), timeout=0.4).query("a.test", "A")
        assert (answer.rcode, answer.records) == ("TIMEOUT", ())
        assert time.monotonic() - started < 2
        with tempfile.NamedTemporaryFile() as key:
            key.write(SECRET.encode())
            key.flush()
            updates = Rfc2136(f"127.0.0.1:{deaf.getsockname()[1]}", "ours", Path(key.name), timeout=0.3)
            with pytest.raises(NotPossible) as caught:
                updates.add("a.test", "a.test", "TXT", "x", 60)
            assert caught.value.code == "dns-timeout"
            deaf.close()
            with pytest.raises(NotPossible) as caught:
                updates.add("a.test", "a.test", "TXT", "x", 60)
            assert caught.value.code == "dns-unreachable"


def test_servfail_is_told_and_the_next_server_is_asked() -> None:
    """SERVFAIL of all is SERVFAIL; when another server knows, its answer counts; names that are none are not asked."""
    with answering(dns.rcode.SERVFAIL) as failing, answering(dns.rcode.NXDOMAIN) as knowing:
        assert DnsResolver((failing,), timeout=2).query("a.test", "A").rcode == "SERVFAIL"
        assert DnsResolver((failing, knowing), timeout=2).query("a.test", "A").rcode == "NXDOMAIN"
        for name in ("a" * 64 + ".test", "a..test", "\udcff"):
            assert DnsResolver((knowing,)).query(name, "A").rcode == "FORMERR"
        assert DnsResolver((knowing,)).query("a.test", "NO-SUCH-TYPE").rcode == "FORMERR"


def test_only_a_resolver_here_vouches_for_what_it_says() -> None:
    """AD is believed from loopback; nobody vouches without it, and a question that nobody answered has no age."""
    with answering(dns.rcode.NOERROR, dns.flags.AD) as validating, answering(dns.rcode.NOERROR) as plain:
        vouched = DnsResolver((validating,), timeout=2).query("a.test", "A")
        assert vouched.authentic and vouched.ttl is None and vouched.alias is None
        assert not DnsResolver((plain,), timeout=2).query("a.test", "A").authentic
    message = dns.message.from_text("id 1\nflags QR AD\n;QUESTION\na.test. IN A\n;ANSWER\na.test. 7 IN A 192.0.2.1\n")
    assert said("a.test", "A", message, ("127.0.0.53", 53)).authentic
    assert not said("a.test", "A", message, ("192.0.2.53", 53)).authentic
    assert said("a.test", "A", message, ("192.0.2.53", 53)).ttl == 7


class answering:  # noqa: N801 - read as a word in a with statement
    """A name server that answers everything with one rcode."""

    def __init__(self, rcode: dns.rcode.Rcode, flags: int = 0) -> None:
        self._rcode = rcode
        self._flags = flags
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def __enter__(self) -> str:
        self._socket.bind(("127.0.0.1", 0))
        threading.Thread(target=self._answer, daemon=True).start()
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def _answer(self) -> None:
        try:
            while True:
                data, peer = self._socket.recvfrom(4096)
                answer = dns.message.make_response(dns.message.from_wire(data))
                answer.set_rcode(self._rcode)
                answer.flags |= self._flags
                self._socket.sendto(answer.to_wire(), peer)
        except OSError:
            pass

    def __exit__(self, *_error: object) -> None:
        self._socket.close()


def test_name_servers_are_addresses() -> None:
    """IPv4, IPv6 with and without port; everything else is refused with how to write it."""
    assert server_of("127.0.0.1:2053") == ("127.0.0.1", 2053)
    assert server_of("127.0.0.1") == ("127.0.0.1", 53)
    assert server_of("[::1]:2053") == ("::1", 2053)
    assert server_of("::1") == ("::1", 53)
    for wrong in ("ns.example.com", "127.0.0.1:x", "127.0.0.1:0", "[::1", "", "1.2.3.4:99999"):
        with pytest.raises(NotPossible):
            server_of(wrong)


def test_the_system_without_name_servers(tmp_path: Path) -> None:
    """With an empty or missing resolv.conf nobody can be asked: TIMEOUT, not an exception."""
    assert DnsResolver(resolv_conf=tmp_path / "none", timeout=0.2).query("a.test", "A").rcode == "TIMEOUT"
