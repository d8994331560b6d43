"""Fetches a URL at a given address (model.outside.HttpClient): no DNS of its own, so that what *this* server answers is
seen, whatever the world's DNS says. Certificates are verified (RFC 9525) against the system's roots or the PEM given.

What goes wrong is an answer with ``trouble``. At most three redirects are followed, and only within the same host. No
cookies, no credentials.
"""

import http.client
import socket
import ssl
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

from mailward.model.errors import NotPossible
from mailward.model.outside import HttpAnswer
from mailward.model.sentence import Sentence

BODY = 256 * 1024
REDIRECTS = 3


class RealHttpClient:
    """``trust`` is a PEM file of roots, or None for the system's."""

    def __init__(self, trust: Path | None = None, *, timeout: float = 10.0) -> None:
        self._trust = trust
        self._timeout = timeout

    def fetch(self, url: str, *, address: str, port: int, method: str = "GET", body: bytes | None = None) -> HttpAnswer:
        answer, location = self._once(url, address, port, method, body)
        for _ in range(REDIRECTS):
            if not location:
                break
            target = urljoin(url, location)
            old, new = urlsplit(url), urlsplit(target)
            if new.hostname != old.hostname or new.scheme not in ("http", "https"):
                break
            port = _port_after(old, new, port)
            if answer.status in (301, 302, 303) and method != "HEAD":
                method, body = "GET", None  # RFC 9110 section 15.4
            url = target
            answer, location = self._once(url, address, port, method, body)
        return answer

    def _once(self, url: str, address: str, port: int, method: str, body: bytes | None) -> tuple[HttpAnswer, str]:
        try:
            parts = urlsplit(url)
            connection = self._connection(parts, address, port)
        except (ValueError, UnicodeError):
            return HttpAnswer(url, 0, "", b"", "protocol-error"), ""
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            headers = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": "Mailward", "Connection": "close"}
            if body is not None:
                headers["Content-Type"] = "text/xml" if body.lstrip()[:1] == b"<" else "application/octet-stream"
            connection.request(method, path, body=body, headers=headers)
            reply = connection.getresponse()
            got = HttpAnswer(url, reply.status, reply.getheader("Content-Type", ""), reply.read(BODY))
            redirect = reply.getheader("Location", "") if reply.status in (301, 302, 303, 307, 308) else ""
        except (OSError, http.client.HTTPException, ValueError) as error:
            return HttpAnswer(url, 0, "", b"", _trouble(error)), ""
        finally:
            connection.close()
        return got, redirect

    def _connection(self, parts: SplitResult, address: str, port: int) -> http.client.HTTPConnection:
        context = self._context() if parts.scheme == "https" else None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("no URL of the web")
        return _AtAddress(parts.hostname, address, port, context, self._timeout)

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=str(self._trust) if self._trust else None)
        except (OSError, ssl.SSLError) as error:
            raise NotPossible(
                Sentence("The roots in {path} can't be used: {reason}", path=self._trust or "", reason=error),
                code="trust-file",
            ) from error


class _AtAddress(http.client.HTTPConnection):
    """HTTP(S) to ``address``, whatever the name says; the name goes into SNI and is what the certificate must say."""

    def __init__(self, name: str, address: str, port: int, context: ssl.SSLContext | None, timeout: float) -> None:
        super().__init__(name, port, timeout=timeout)
        self._address = (address, port)
        self._name = name
        self._context = context

    def connect(self) -> None:
        self.sock = socket.create_connection(self._address, self.timeout)
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self._name)


def _port_after(old: SplitResult, new: SplitResult, port: int) -> int:
    """Where a redirect leads: its own port when it names one, the standard one when the scheme changed, or the same."""
    if new.port is not None:
        return new.port
    if new.scheme != old.scheme or old.port is not None:
        return 443 if new.scheme == "https" else 80
    return port


def _trouble(error: Exception) -> str:
    match error:
        case ConnectionRefusedError():
            return "refused"
        case TimeoutError():
            return "timeout"
        case ssl.SSLError():
            return "handshake-failed"
        case http.client.HTTPException() | ConnectionError() | ValueError():
            return "protocol-error"
        case _:
            return "unreachable"
