"""Doors that are wrong in each way, really opened on loopback, really dialled, and judged: what verify would say."""

import contextlib
import socket
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fakes.chains import Issued, authority, issue
from fakes.still_clock import StillClock
from fakes.tls_doors import Conversation, door, server_context
from mailward.audit.probes.doors import observe_doors
from mailward.audit.rules.chain import ChainJudge, TrustRoots
from mailward.audit.rules.doors import judge_door
from mailward.host.tls_dialer import AsyncioTlsDialer
from mailward.model.doors import Door
from mailward.model.findings import DoorFinding, DoorQuestion
from mailward.model.verdict import Verdict

pytestmark = pytest.mark.real

TODAY = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
CA = authority(after=TODAY - 365 * DAY, until=TODAY + 365 * DAY)
NAME = "mail.alpha.test"


def leaf(*names: str, after=TODAY - DAY, until=TODAY + 89 * DAY, by=None) -> Issued:
    return issue(names[0] if names else NAME, by or CA.intermediate, names or (NAME,), after=after, until=until)


GOOD = leaf()


def look(opened, at: Door, *, timeout=3.0, **changes) -> DoorFinding:
    """One question, dialled and judged as verify does it, attempts and all."""
    question = DoorQuestion("alpha.test", NAME, at, opened.port, "127.0.0.1", NAME, None)
    asked = [replace(question, **changes)]
    (seen,) = observe_doors(asked, AsyncioTlsDialer(), StillClock(TODAY), timeout=timeout)
    return judge_door(seen, ChainJudge(TrustRoots.from_pem(CA.root.pem)), "mx.host.test")


def web(talk: Conversation) -> None:
    talk.secure()
    talk.end()


def goodbye(talk: Conversation) -> None:
    """Answers the last word, so that nobody waits for it."""
    talk.hear()
    talk.say(b"bye\r\n")


def imaps(talk: Conversation) -> None:
    talk.secure()
    talk.say(b"* OK hi\r\n")
    goodbye(talk)


def smtp(offers: bytes = b"250-mx\r\n250 STARTTLS\r\n", *, keeps: bool = False):
    """A mail server; ``keeps`` has the fault of CVE-2011-0411."""

    def behave(talk: Conversation) -> None:
        talk.say(b"220 mx ESMTP\r\n")
        talk.hear()
        talk.say(offers)
        rest = talk.hear().partition(b"\r\n")[2]
        talk.say(b"220 go\r\n")
        talk.secure()
        if keeps and rest:
            talk.say(b"250 injected\r\n")
        goodbye(talk)

    return behave


@pytest.mark.parametrize(
    ("chain", "code", "verdict"),
    [
        ((GOOD, CA.intermediate), "ok", Verdict.PASS),
        ((issue(NAME, names=(NAME,), after=TODAY - DAY, until=TODAY + 89 * DAY),), "self-signed", Verdict.FAIL),
        ((leaf("mail.beta.test"), CA.intermediate), "name-mismatch", Verdict.FAIL),
        ((leaf(after=TODAY - 9 * DAY, until=TODAY - DAY), CA.intermediate), "expired", Verdict.FAIL),
        ((leaf(after=TODAY + DAY), CA.intermediate), "not-yet-valid", Verdict.FAIL),
        ((leaf(after=TODAY - 80 * DAY, until=TODAY + 10 * DAY), CA.intermediate), "expires-soon", Verdict.WARN),
        ((GOOD,), "incomplete-chain", Verdict.FAIL),
        ((GOOD, CA.root, CA.intermediate), "wrong-order", Verdict.WARN),
        ((leaf(by=CA.stranger), CA.stranger, CA.stranger_root), "untrusted-root", Verdict.FAIL),
    ],
)
def test_chains_that_are_really_served(tmp_path, chain, code, verdict):
    """Each chain, served by a real TLS server and dialled for real, gets its code over HTTPS and IMAPS alike."""
    context = server_context(tmp_path, *chain)
    with door(context, web) as opened:
        found = look(opened, Door.HTTPS)
        assert (found.code, found.verdict, found.served_sha256) == (code, verdict, chain[0].sha256)
        assert found.protocol == "TLSv1.3"
        assert opened.names[0] == NAME
    with door(context, imaps) as opened:
        assert look(opened, Door.IMAPS).code == code


def test_the_certificate_that_was_not_chosen(tmp_path):
    """A valid certificate that isn't the chosen one is red at a real door, and the chosen one is green."""
    with door(server_context(tmp_path, GOOD, CA.intermediate), imaps) as opened:
        assert look(opened, Door.IMAPS, wanted_sha256="0" * 64).code == "not-what-was-chosen"
        assert look(opened, Door.IMAPS, wanted_sha256=GOOD.sha256).code == "ok"


def test_a_real_door_of_a_mail_server(tmp_path):
    """A good STARTTLS door passes with all attempts made on it."""
    with door(server_context(tmp_path, GOOD, CA.intermediate), smtp()) as opened:
        assert look(opened, Door.SUBMISSION).code == "ok"
        assert sum(b"STARTTLS\r\nNOOP" in said for said in opened.said) == 1


@pytest.mark.parametrize(
    ("behave", "code"),
    [
        (smtp(keeps=True), "starttls-injection"),
        (smtp(b"250-mx\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n"), "clear-login"),
        (smtp(b"250-mx\r\n250 SIZE 1\r\n"), "starttls-missing"),
        (lambda talk: talk.say(b"hello?\r\n"), "protocol-error"),
    ],
)
def test_doors_of_mail_servers_that_are_wrong(tmp_path, behave, code):
    """Injection, log-in in clear, stripped STARTTLS and nonsense are each seen at a real door."""
    with door(server_context(tmp_path, GOOD, CA.intermediate), behave) as opened:
        found = look(opened, Door.SUBMISSION)
    assert (found.code, found.verdict) == (code, Verdict.FAIL)


IMAP = (b"* OK hi\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS%s\r\na1 OK\r\n", b"a2 OK\r\n")
POP3 = (b"+OK hi\r\n", b"+OK\r\nSTLS\r\n%s.\r\n", b"+OK\r\n")
SIEVE = (b'"STARTTLS"\r\n"SASL" "%s"\r\nOK\r\n', b"OK\r\n")


@pytest.mark.parametrize(
    ("at", "said", "offered"),
    [
        (Door.IMAP, [line % b" LOGINDISABLED" if b"%s" in line else line for line in IMAP], False),
        (Door.IMAP, [line % b"" if b"%s" in line else line for line in IMAP], True),
        (Door.IMAP, [line % b" LOGINDISABLED AUTH=PLAIN" if b"%s" in line else line for line in IMAP], True),
        (Door.POP3, [line % b"" if b"%s" in line else line for line in POP3], False),
        (Door.POP3, [line % b"USER\r\n" if b"%s" in line else line for line in POP3], True),
        (Door.POP3, [line % b"SASL PLAIN\r\n" if b"%s" in line else line for line in POP3], True),
        (Door.SIEVE, [line % b"" if b"%s" in line else line for line in SIEVE], False),
        (Door.SIEVE, [line % b"PLAIN LOGIN" if b"%s" in line else line for line in SIEVE], True),
    ],
)
def test_log_ins_in_clear_are_seen_in_every_protocol(tmp_path, at, said, offered):
    """IMAP, POP3 and ManageSieve each have their own way to offer a password in clear; each is recognised."""

    def behave(talk: Conversation) -> None:
        talk.say(said[0])
        for line in said[1:]:
            talk.hear()
            talk.say(line)
        talk.secure()
        talk.say(said[0] if at is Door.SIEVE else b"")
        goodbye(talk)

    with door(server_context(tmp_path, GOOD, CA.intermediate), behave) as opened:
        found = look(opened, at)
    assert found.code == ("clear-login" if offered else "ok"), found


def test_old_tls_is_seen(tmp_path):
    """A real server that still takes TLS 1.1 fails at IMAPS and is warned about at port 25."""
    old = server_context(tmp_path, GOOD, CA.intermediate)
    with contextlib.suppress(DeprecationWarning):
        old.minimum_version = ssl.TLSVersion.TLSv1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with door(old, imaps) as opened:
        found = look(opened, Door.IMAPS)
        assert (found.code, found.verdict, found.protocol) == ("old-protocol", Verdict.FAIL, "TLSv1.3")
    with door(old, smtp()) as opened:
        assert look(opened, Door.SMTP).verdict is Verdict.WARN


def test_closed_and_silent_doors(tmp_path):
    """A closed door is red, a silent one is unknown; neither is green."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = type("Closed", (), {"port": listener.getsockname()[1]})
    found = look(closed, Door.IMAPS)
    assert (found.code, found.verdict) == ("refused", Verdict.FAIL)
    with door(server_context(tmp_path, GOOD), lambda talk: talk.end()) as opened:
        found = look(opened, Door.SMTP, timeout=0.4)
        assert (found.code, found.verdict) == ("timeout", Verdict.UNKNOWN)
