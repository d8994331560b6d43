"""The HTTP client: one address, the right names, trouble instead of exceptions."""

import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.tls_doors import Conversation, door, issue, server_context
from mailward.host.http_client import RealHttpClient
from mailward.model.errors import NotPossible

ROOT = issue("Root", ca=True)
LEAF = issue("www.a.test", ROOT)


def answer(*replies: bytes, tls: bool = True) -> Callable[[Conversation], None]:
    """Answers the n-th connection with the n-th reply (the last one for all that follow)."""
    left = list(replies)

    def behave(talk: Conversation) -> None:
        if tls:
            talk.secure()
        talk.hear()
        talk.say(left.pop(0) if len(left) > 1 else left[0])

    return behave


def reply(body: bytes = b"hello", status: str = "200 OK", more: str = "Content-Type: text/xml\r\n") -> bytes:
    return f"HTTP/1.1 {status}\r\n{more}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    return server_context(tmp_path, LEAF, ROOT)


@pytest.fixture
def client(tmp_path: Path) -> RealHttpClient:
    (tmp_path / "root.pem").write_bytes(ROOT.pem)
    return RealHttpClient(tmp_path / "root.pem", timeout=3)


def test_fetch_at_an_address(context: ssl.SSLContext, client: RealHttpClient) -> None:
    """The name goes into SNI and Host, the address is the one given, the certificate is verified."""
    with door(context, answer(reply())) as opened:
        got = client.fetch("https://www.a.test/x?y=1", address="127.0.0.1", port=opened.port)
    assert (got.status, got.content_type, got.body, got.trouble) == (200, "text/xml", b"hello", None)
    assert opened.names == ["www.a.test"]
    assert opened.said[0].startswith(b"GET /x?y=1 HTTP/1.1\r\n")
    assert b"Host: www.a.test\r\n" in opened.said[0]


def test_post_and_plain(context: ssl.SSLContext, client: RealHttpClient) -> None:
    """A body is sent; http:// is spoken in clear; the Host header has the URL's port when it names one."""
    with door(context, answer(reply(status="404 Not Found"), tls=False)) as opened:
        got = client.fetch(
            f"http://a.test:{opened.port}/", address="127.0.0.1", port=opened.port, method="POST", body=b"<x/>"
        )
    assert (got.status, got.trouble) == (404, None)
    assert opened.said[0].startswith(b"POST / ")
    assert f"Host: a.test:{opened.port}\r\n".encode() in opened.said[0]


def test_untrusted_wrong_name_refused_silent(context: ssl.SSLContext, client: RealHttpClient) -> None:
    """Each trouble has its word."""
    with door(context, answer(reply())) as opened:
        assert client.fetch("https://other.test/", address="127.0.0.1", port=opened.port).trouble == "handshake-failed"
        system = RealHttpClient(timeout=3)
        assert system.fetch("https://www.a.test/", address="127.0.0.1", port=opened.port).trouble == "handshake-failed"
    assert client.fetch("https://www.a.test/", address="127.0.0.1", port=opened.port).trouble == "refused"
    for behave, trouble in ((answer(b"garbage\r\n\r\n"), "protocol-error"), (answer(b""), "protocol-error")):
        with door(context, behave) as opened:
            got = client.fetch("https://www.a.test/", address="127.0.0.1", port=opened.port)
        assert (got.trouble, got.status) == (trouble, 0)
    started = time.monotonic()
    with door(context, lambda talk: talk.end()) as opened:
        quick = RealHttpClient(timeout=0.3)
        assert quick.fetch("http://www.a.test/", address="127.0.0.1", port=opened.port).trouble == "timeout"
    assert time.monotonic() - started < 3
    for url in ("ftp://a.test/", "https:///", "not a url", "https://[::1", "https://" + "a" * 64 + ".test/"):
        assert client.fetch(url, address="127.0.0.1", port=1).trouble in ("protocol-error", "refused")


def test_redirects_within_the_host(context: ssl.SSLContext, client: RealHttpClient) -> None:
    """At most three are followed, and none to another host."""
    for target, hops, status in (
        ("/next", 1, 200),
        ("https://www.a.test/next", 1, 200),
        ("https://evil.test/", 1, 302),
        ("/x", 9, 302),
    ):
        moved = reply(b"", "302 Found", f"Location: {target}\r\n")
        with door(context, answer(*[moved] * hops, reply())) as opened:
            got = client.fetch("https://www.a.test/", address="127.0.0.1", port=opened.port)
        assert got.status == status
        assert len([said for said in opened.said if said.startswith(b"GET")]) <= 4


def test_bodies_are_cut(context: ssl.SSLContext, client: RealHttpClient) -> None:
    """No more than 256 KiB are kept."""
    with door(context, answer(reply(b"x" * 1_000_000))) as opened:
        got = client.fetch("https://www.a.test/", address="127.0.0.1", port=opened.port)
    assert len(got.body) == 256 * 1024


def test_a_broken_trust_file_is_named(tmp_path: Path) -> None:
    """Without roots nothing can be trusted: NotPossible, naming the file."""
    (tmp_path / "roots.pem").write_text("garbage")
    with pytest.raises(NotPossible, match=r"roots\.pem"):
        RealHttpClient(tmp_path / "roots.pem").fetch("https://a.test/", address="127.0.0.1", port=1)
