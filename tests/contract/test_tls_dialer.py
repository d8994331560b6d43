"""The dialer against doors that behave well, badly, or not at all. Real TLS on loopback, scripted protocols."""

import socket
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fakes.tls_doors import Conversation, Paper, door, issue, server_context
from mailward.certificates import make
from mailward.host.tls_dialer import AsyncioTlsDialer
from mailward.model.doors import Tls
from mailward.model.outside import Dialled, DialTarget
from mailward.model.settings import KeyType

ROOT = issue("Root", ca=True)
MIDDLE = issue("Intermediate", ROOT, ca=True)
LEAF = issue("mail.a.test", MIDDLE)

SMTP = (b"220 mx ESMTP\r\n", b"250-mx\r\n250-SIZE 1\r\n250 STARTTLS\r\n", b"220 go\r\n")
IMAP = (b"* OK [CAPABILITY IMAP4rev1] hi\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK done\r\n", b"a2 OK go\r\n")
POP3 = (b"+OK hi\r\n", b"+OK\r\nTOP\r\nSTLS\r\n.\r\n", b"+OK go\r\n")
CAPABILITIES = b'"IMPLEMENTATION" "x"\r\n"STARTTLS"\r\nOK "hi"\r\n'
GREETINGS = {"smtp": SMTP[0], "imap": IMAP[0], "pop3": POP3[0], "sieve": CAPABILITIES}


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    return server_context(tmp_path, LEAF, MIDDLE)


def dial(
    port: int, protocol: str = "smtp", tls: Tls = Tls.STARTTLS, sni: str | None = "mail.a.test", **more: object
) -> Dialled:
    target = DialTarget(protocol, tls, "127.0.0.1", port, sni, **{"timeout": 5.0, **more})  # type: ignore[arg-type]
    (dialled,) = AsyncioTlsDialer().dial([target])
    assert dialled.target == target
    return dialled


def starttls(*answers: bytes) -> Callable[[Conversation], None]:
    """Greets, answers each command, turns TLS on after the last, then listens to the end."""

    def behave(talk: Conversation) -> None:
        talk.say(answers[0])
        for answer in answers[1:]:
            talk.hear()
            talk.say(answer)
        talk.secure()
        talk.end()

    return behave


def sieve(talk: Conversation) -> None:
    talk.say(CAPABILITIES)
    talk.hear()
    talk.say(b'OK "go"\r\n')
    talk.secure()
    talk.say(CAPABILITIES)
    talk.end()


@pytest.mark.parametrize(
    ("protocol", "behave", "goodbye"),
    [
        ("smtp", starttls(*SMTP), b"QUIT\r\n"),
        ("imap", starttls(*IMAP), b"a9 LOGOUT\r\n"),
        ("pop3", starttls(*POP3), b"QUIT\r\n"),
        ("sieve", sieve, b"LOGOUT\r\n"),
    ],
)
def test_starttls_of_every_protocol(
    context: ssl.SSLContext, protocol: str, behave: Callable[[Conversation], None], goodbye: bytes
) -> None:
    """Each protocol's STARTTLS leads to the chain exactly as served, with version, cipher and the name that was asked for;
    nothing but the protocol's own words is said, and the end is polite."""
    with door(context, behave) as opened:
        found = dial(opened.port, protocol)
    assert (found.trouble, found.detail) == (None, "")
    assert found.chain == (LEAF.der, MIDDLE.der)
    assert (found.version, opened.names, found.injected) == ("TLSv1.3", ["mail.a.test"], False)
    assert found.cipher and found.cipher.startswith("TLS_")
    assert 0 < found.seconds < 5
    assert goodbye in opened.said
    if protocol == "smtp":
        assert opened.said[:2] == [b"EHLO [127.0.0.1]\r\n", b"STARTTLS\r\n"]


@pytest.mark.parametrize("protocol", ["http", "smtp", "imap", "pop3", "sieve"])
def test_implicit_tls(context: ssl.SSLContext, protocol: str) -> None:
    """From the first byte, with a greeting inside TLS where the protocol has one."""

    def behave(talk: Conversation) -> None:
        talk.secure()
        talk.say(GREETINGS.get(protocol, b""))
        talk.end()

    with door(context, behave) as opened:
        found = dial(opened.port, protocol, Tls.IMPLICIT)
    assert (found.trouble, found.chain) == (None, (LEAF.der, MIDDLE.der))


def test_a_door_whose_daemon_is_dead_is_no_open_door(context: ssl.SSLContext) -> None:
    """TLS alone is not enough: when nobody greets inside, that is trouble, and what was served is still told."""
    with door(context, Conversation.secure) as opened:
        found = dial(opened.port, "imap", Tls.IMPLICIT)
    assert (found.trouble, found.chain) == ("protocol-error", (LEAF.der, MIDDLE.der))
    assert "greeting inside TLS" in found.detail


@pytest.mark.parametrize(
    ("sni", "seen"),
    [
        (None, None),
        ("", None),
        ("mail.a.test", "mail.a.test"),
        ("müller.test", "xn--mller-kva.test"),
        ("_x.a.test", "_x.a.test"),
        ("a.test.", "a.test"),
    ],
)
def test_names_are_sent_as_asked(context: ssl.SSLContext, sni: str | None, seen: str | None) -> None:
    """No name sends none, IDNs go as A-labels, underscores are fine."""
    with door(context, Conversation.secure) as opened:
        assert dial(opened.port, "http", Tls.IMPLICIT, sni).trouble is None
    assert opened.names == [seen]


@pytest.mark.parametrize("sni", ["a" * 64 + ".test", ".a.test", "a..test", "a b\x00", "ä" * 70])
def test_names_that_can_not_be_sent_are_trouble_not_crashes(context: ssl.SSLContext, sni: str) -> None:
    """A name that TLS can't carry gives an answer, and the other targets of the same call get theirs."""
    with door(context, Conversation.secure) as opened:
        odd = DialTarget("http", Tls.IMPLICIT, "127.0.0.1", opened.port, sni)
        good = DialTarget("http", Tls.IMPLICIT, "127.0.0.1", opened.port, "a.test")
        found = AsyncioTlsDialer().dial([odd, good])
    assert found[0].trouble in (None, "handshake-failed")
    assert found[1].trouble is None


def test_no_tls_at_all_on_the_other_side() -> None:
    """A door that answers a TLS hello in clear, and one that hangs up, have failed the handshake."""
    plain = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for behave in (lambda talk: talk.say(b"220 I speak no TLS here\r\n"), lambda talk: talk.hear()):
        with door(plain, behave) as opened:
            assert dial(opened.port, "smtp", Tls.IMPLICIT).trouble == "handshake-failed"


@pytest.mark.parametrize(
    ("protocol", "answers"),
    [
        ("smtp", (SMTP[0], b"250-mx\r\n250 SIZE 1\r\n")),
        ("smtp", (SMTP[0], b"250-STARTTLS\r\n250 SIZE 1\r\n")),  # the first line is a name, not an offer
        ("smtp", (SMTP[0], SMTP[1], b"454 TLS not available\r\n")),
        ("imap", (IMAP[0], b"* CAPABILITY IMAP4rev1\r\na1 OK done\r\n")),
        ("imap", (IMAP[0], IMAP[1], b"a2 BAD no\r\n")),
        ("pop3", (POP3[0], b"+OK\r\nTOP\r\n.\r\n")),
        ("pop3", (POP3[0], b"-ERR no CAPA\r\n")),
        ("pop3", (POP3[0], POP3[1], b"-ERR\r\n")),
        ("sieve", (b'"SIEVE" "x"\r\nOK "hi"\r\n',)),
        ("sieve", (CAPABILITIES, b'NO "not now"\r\n')),
    ],
)
def test_starttls_that_is_stripped_or_refused(context: ssl.SSLContext, protocol: str, answers: tuple[bytes, ...]) -> None:
    """A missing offer and a refusal are starttls-missing: never a fall-back to clear text."""
    with door(context, starttls(*answers)) as opened:
        found = dial(opened.port, protocol)
    assert (found.trouble, found.chain) == ("starttls-missing", ())


@pytest.mark.parametrize(
    ("protocol", "greeting"),
    [
        ("smtp", b"554 go away\r\n"),
        ("smtp", b"\x00\xff garbage\r\n"),
        ("smtp", b"x" * 300_000),
        ("smtp", b"220-and\r\n" * 200),
        ("smtp", b""),
        ("imap", b"* BYE too many\r\n"),
        ("pop3", b"-ERR no\r\n"),
        ("sieve", b"220 wrong door\r\n"),
        ("sieve", b'"X" "Y"\r\n' * 200),
    ],
)
def test_doors_that_talk_nonsense(context: ssl.SSLContext, protocol: str, greeting: bytes) -> None:
    """What is not the protocol, never ends, or ends too soon is protocol-error, within bounds."""
    with door(context, lambda talk: talk.say(greeting)) as opened:
        found = dial(opened.port, protocol)
    assert found.trouble == "protocol-error", found
    assert len(found.detail) < 400


def test_nobody_and_nowhere(context: ssl.SSLContext) -> None:
    """A closed port is refused, a missing address unreachable."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert dial(port).trouble == "refused"
    (nowhere,) = AsyncioTlsDialer().dial([DialTarget("smtp", Tls.STARTTLS, "no-such-host.invalid", 25, None, 5.0)])
    assert nowhere.trouble in ("unreachable", "timeout")


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
def test_a_door_that_says_nothing(context: ssl.SSLContext, tls: Tls) -> None:
    """The time-out holds for the whole dial, and says while doing what."""
    started = time.monotonic()
    with door(context, lambda talk: talk.end()) as opened:
        found = dial(opened.port, tls=tls, timeout=0.3)
    assert found.trouble == "timeout"
    assert ("handshake" if tls is Tls.IMPLICIT else "STARTTLS") in found.detail
    assert time.monotonic() - started < 3


def test_a_door_that_trickles_is_cut_off(context: ssl.SSLContext) -> None:
    """One byte now and then doesn't keep the dialer for longer than the time-out."""

    def trickle(talk: Conversation) -> None:
        for _ in range(100):
            talk.say(b"2")
            time.sleep(0.05)

    started = time.monotonic()
    with door(context, trickle) as opened:
        assert dial(opened.port, timeout=0.3).trouble == "timeout"
    assert time.monotonic() - started < 3


def injectable(talk: Conversation, *, buffered_across: bool, answers_in_clear: bool = False) -> None:
    """A server with (or without) the fault of CVE-2011-0411: it keeps what came after STARTTLS for inside TLS."""
    talk.say(SMTP[0])
    talk.hear()
    talk.say(SMTP[1])
    rest = talk.hear().partition(b"\r\n")[2]
    talk.say(SMTP[2] + (b"250 in clear\r\n" if answers_in_clear and rest else b""))
    talk.secure()
    if buffered_across and rest:
        talk.say(b"250 injected command done\r\n")
    talk.end()


@pytest.mark.parametrize(("vulnerable", "in_clear"), [(True, False), (False, False), (False, True)])
def test_the_injection_probe(context: ssl.SSLContext, vulnerable: bool, in_clear: bool) -> None:
    """An injected command that is answered inside TLS is seen; one that is dropped, or answered in clear, is not blamed."""
    with door(context, lambda talk: injectable(talk, buffered_across=vulnerable, answers_in_clear=in_clear)) as opened:
        found = dial(opened.port, probe_injection=True)
    assert b"STARTTLS\r\nNOOP\r\n" in opened.said
    assert (found.trouble, found.injected) == (None, vulnerable)


def test_old_protocols_are_told_apart(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    """A door that still takes TLS 1.1 completes the old handshake and says so; a good one refuses it."""
    old = server_context(tmp_path, LEAF, MIDDLE)
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with door(old, Conversation.secure) as opened:
        found = dial(opened.port, "http", Tls.IMPLICIT, old_protocol=True)
        modern = dial(opened.port, "http", Tls.IMPLICIT)
    assert (found.trouble, found.version) == (None, "TLSv1.1")
    assert modern.version == "TLSv1.3"
    good = server_context(tmp_path, LEAF, MIDDLE)
    with door(good, Conversation.secure) as opened:
        assert dial(opened.port, "http", Tls.IMPLICIT, old_protocol=True).trouble == "handshake-failed"


def test_a_client_without_ecdsa_sees_the_rsa_certificate_or_none(tmp_path: Path) -> None:
    """With both kinds of keys each client is shown the one it knows; with ECDSA alone, who doesn't know it is refused."""
    other = by_rsa("mail.a.test", tmp_path / "rsa.pem")
    with door(server_context(tmp_path, LEAF, MIDDLE), Conversation.secure) as opened:
        for protocol in ("http", "imap"):
            assert dial(opened.port, protocol, Tls.IMPLICIT, rsa_only=True).trouble == "handshake-failed"
    both = server_context(tmp_path, LEAF, MIDDLE)
    both.load_cert_chain(tmp_path / "rsa.pem")
    with door(both, Conversation.secure) as opened:
        assert dial(opened.port, "http", Tls.IMPLICIT).chain[0] == LEAF.der
        found = dial(opened.port, "http", Tls.IMPLICIT, rsa_only=True)
    assert (found.trouble, found.chain) == (None, (other,))


def by_rsa(name: str, file: Path) -> bytes:
    """A self-signed certificate with an RSA key, written with its key; its DER."""
    made = make.self_signed((name,), datetime.now(UTC), KeyType.RSA2048)
    file.write_bytes(made.pem)
    return ssl.PEM_cert_to_DER_cert(made.chain_pem.decode())


def test_chains_are_reported_as_they_are(tmp_path: Path) -> None:
    """A chain in the wrong order, a missing intermediate and a root that was sent along are all seen as sent."""
    for chain in ((LEAF,), (LEAF, ROOT, MIDDLE), (LEAF, MIDDLE, ROOT), (ROOT,)):
        with door(server_context(tmp_path, *chain), Conversation.secure) as opened:
            assert dial(opened.port, "http", Tls.IMPLICIT).chain == tuple(paper.der for paper in chain)


def test_hundreds_at_once_and_in_order(context: ssl.SSLContext) -> None:
    """200 doors are answered in the targets' order, and one that hangs delays nobody but itself."""

    def hang(talk: Conversation) -> None:
        talk.end()

    with door(context, Conversation.secure) as opened, door(context, hang) as hanging:
        targets = [
            DialTarget("http", Tls.IMPLICIT, "127.0.0.1", opened.port if number else hanging.port, f"n{number}.test", 2.0)
            for number in range(200)
        ]
        found = AsyncioTlsDialer().dial(targets)
    assert [dialled.target for dialled in found] == targets
    assert found[0].trouble == "timeout"
    assert {dialled.trouble for dialled in found[1:]} == {None}


def test_ipv6(context: ssl.SSLContext) -> None:
    """Doors on ::1 are dialled as well, with the IPv6 address literal as our name."""
    with door(context, starttls(*SMTP), host="::1") as opened:
        target = DialTarget("smtp", Tls.STARTTLS, "::1", opened.port, "a.test", 5.0)
        (found,) = AsyncioTlsDialer().dial([target])
    assert found.trouble is None
    assert opened.said[0] == b"EHLO [IPv6:::1]\r\n"


def test_a_weak_certificate_is_seen_not_refused(tmp_path: Path) -> None:
    """What is served is to be judged elsewhere: even a self-signed certificate without names is reported."""
    alone: Paper = issue("x")
    with door(server_context(tmp_path, alone), Conversation.secure) as opened:
        found = dial(opened.port, "http", Tls.IMPLICIT)
    assert (found.trouble, found.chain) == (None, (alone.der,))


def test_a_door_below_the_modern_profile_is_told_apart(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    """Offered nothing newer than TLS 1.2, a door of the intermediate profile answers, and one of the modern refuses."""
    with door(server_context(tmp_path, LEAF, MIDDLE), Conversation.secure) as opened:
        found = dial(opened.port, "http", Tls.IMPLICIT, below_modern=True)
    assert (found.trouble, found.version) == (None, "TLSv1.2")
    modern = server_context(tmp_path, LEAF, MIDDLE)
    modern.minimum_version = ssl.TLSVersion.TLSv1_3
    with door(modern, Conversation.secure) as opened:
        assert dial(opened.port, "http", Tls.IMPLICIT, below_modern=True).trouble == "handshake-failed"
