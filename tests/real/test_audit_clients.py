"""What mail clients find and say, through real HTTPS, real handshakes and a host whose doors are really open."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from fakes.chains import authority, issue
from fakes.still_clock import StillClock
from fakes.tls_doors import Conversation, door, server_context
from fakes.told_resolver import ToldResolver
from mailward.audit.clients import discover
from mailward.audit.rules.chain import ChainJudge, TrustRoots
from mailward.audit.rules.clients import MailClient
from mailward.host.http_client import RealHttpClient
from mailward.host.tls_dialer import AsyncioTlsDialer
from mailward.model.doors import Door
from mailward.model.settings import InternalPorts, Settings
from mailward.model.verdict import Verdict
from mailward.standards import autoconfig, autodiscover, mobileconfig
from mailward.standards.mail_settings import settings_of

pytestmark = pytest.mark.real

TODAY = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
CA = authority(after=TODAY - 365 * DAY, until=TODAY + 365 * DAY)
SPAN = {"after": TODAY - DAY, "until": TODAY + 80 * DAY}
ALPHA = issue("alpha", CA.intermediate, ("alpha.test", "*.alpha.test"), **SPAN)
SELF_SIGNED = issue("mx", names=("mx.host.test",), **SPAN)


def web(documents):
    """A web server that answers by path."""

    def behave(talk: Conversation) -> None:
        talk.secure()
        request = talk.hear()
        if not request:  # Somebody who only wanted to see the certificate.
            return
        body = documents.get(request.split(b" ")[1].split(b"?")[0].decode())
        status = b"200 OK" if body else b"404 Not Found"
        talk.say(
            b"HTTP/1.1 "
            + status
            + b"\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body or b"")
            + (body or b"")
        )

    return behave


def greets(greeting: bytes):
    def behave(talk: Conversation) -> None:
        talk.secure()
        talk.say(greeting)
        talk.hear()
        talk.say(b"bye\r\n")

    return behave


def submission(talk: Conversation) -> None:
    talk.say(b"220 mx\r\n")
    talk.hear()
    talk.say(b"250-mx\r\n250 STARTTLS\r\n")
    talk.hear()
    talk.say(b"220 go\r\n")
    talk.secure()
    talk.hear()
    talk.say(b"221 bye\r\n")


def look(tmp_path, *chain, announced):
    """Open every door with ``chain``, publish settings that announce a host, and ask as a client would."""
    context = server_context(tmp_path, *chain)
    documents: dict[str, bytes] = {}
    with ExitStack() as stack:
        behave = {
            Door.HTTPS: web(documents),
            Door.IMAPS: greets(b"* OK hi\r\n"),
            Door.SUBMISSIONS: greets(b"220 mx\r\n"),
            Door.SUBMISSION: submission,
        }
        ports = {at: stack.enter_context(door(context, how)).port for at, how in behave.items()}
        settings = Settings("mx.host.test", ports, 80, 53, InternalPorts(1, 2, 3, 4, 5), ("127.0.0.1",), ())
        said = settings_of(settings, "alpha.test", announced)
        documents["/mail/config-v1.1.xml"] = autoconfig.make(said)
        documents["/autodiscover/autodiscover.xml"] = autodiscover.make(said)
        documents["/mailward.mobileconfig"] = mobileconfig.make(said)
        names = ("alpha.test", "mail.alpha.test", "autoconfig.alpha.test", "autodiscover.alpha.test", "mx.host.test")
        trust = tmp_path / "roots.pem"
        trust.write_bytes(CA.root.pem)
        return discover(
            "anna@alpha.test",
            settings,
            lambda _role, _name: chain[0].sha256,
            ChainJudge(TrustRoots.from_pem(CA.root.pem)),
            ToldResolver({(name, "A"): ["127.0.0.1"] for name in names}),
            RealHttpClient(trust, timeout=3),
            AsyncioTlsDialer(),
            StillClock(TODAY),
        )


def test_a_secured_domain_through_real_connections(tmp_path):
    """Over real HTTPS and TLS, every client finds its settings and connects without a warning; clear text is refused."""
    report = look(tmp_path, ALPHA, CA.intermediate, announced="mail.alpha.test")
    assert report.verdict is Verdict.PASS, report
    assert all(client.steps[-1].taken.outcome == "found" for client in report.clients)
    assert {server.code for client in report.clients for server in client.servers} == {"ok"}
    assert {c.code for c in report.clear_text} == {"clear-refused", "clear-closed"}


def test_the_self_signed_server_through_real_connections(tmp_path):
    """With the server's self-signed certificate, HTTPS discovery fails, guessing finds the doors, people are warned."""
    report = look(tmp_path, SELF_SIGNED, announced="mail.alpha.test")
    thunderbird = next(client for client in report.clients if client.client is MailClient.THUNDERBIRD)
    assert [step.taken.outcome for step in thunderbird.steps] == [
        "handshake-failed",
        "handshake-failed",
        "not-tried",
        "found",
    ]
    assert thunderbird.steps[0].finding.code == "self-signed"
    assert all("Add Security Exception" in str(server.warnings[0]) for server in thunderbird.servers)
    assert report.verdict is Verdict.FAIL
    assert any("mailward secure alpha.test" in str(way) for way in report.ways_out)
