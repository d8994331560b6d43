"""Mail programs as people use them. They verify every certificate against the roots that the host's people trust, for
the name they were told to use, unless ``strict`` is False (somebody who clicks the warning away)."""

import imaplib
import poplib
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from demo_host import DemoHost
from mailward.model.doors import Door, Tls

PATIENCE = 15.0  # seconds that a message may take from one mailbox to another


class NamedImap(imaplib.IMAP4_SSL):
    """Connects to ``address``, and asks there for ``name`` as if a resolver had found it."""

    def __init__(self, name: str, port: int, context: ssl.SSLContext, address: str = "127.0.0.1") -> None:
        self._address = address
        super().__init__(name, port, ssl_context=context, timeout=20)

    def _create_socket(self, timeout: float | None) -> ssl.SSLSocket:
        plain = socket.create_connection((self._address, self.port), timeout)
        return self.ssl_context.wrap_socket(plain, server_hostname=self.host)


class NamedPop(poplib.POP3_SSL):
    """As NamedImap, for POP3."""

    def __init__(self, name: str, port: int, context: ssl.SSLContext, address: str = "127.0.0.1") -> None:
        self._address = address
        super().__init__(name, port, timeout=20, context=context)

    def _create_socket(self, timeout: float | None) -> ssl.SSLSocket:
        plain = socket.create_connection((self._address, self.port), timeout)
        return self.context.wrap_socket(plain, server_hostname=self.host)


class NamedSmtp(smtplib.SMTP):
    """As NamedImap, for SMTP; with a context the TLS is implicit."""

    def __init__(self, name: str, port: int, implicit: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> None:
        self._address, self._implicit = address, implicit
        super().__init__(name, port, local_hostname="pc.test", timeout=20)

    def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
        plain = socket.create_connection((self._address, port), timeout)
        return plain if self._implicit is None else self._implicit.wrap_socket(plain, server_hostname=host)


@dataclass(frozen=True)
class Person:
    """The owner of a mailbox, with a mail program set up for ``server`` (by default ``mail.<domain>``)."""

    host: DemoHost
    address: str
    password: str
    server: str = ""
    strict: bool = True

    @property
    def name(self) -> str:
        return self.server or f"mail.{self.address.rpartition('@')[2]}"

    @property
    def context(self) -> ssl.SSLContext:
        return trusting(self.host) if self.strict else careless()

    @contextmanager
    def imap(self) -> Iterator[NamedImap]:
        with NamedImap(self.name, self.host.port(Door.IMAPS), self.context) as client:
            client.authenticate("PLAIN", lambda _: f"\0{self.address}\0{self.password}".encode())
            yield client

    @contextmanager
    def pop(self) -> Iterator[NamedPop]:
        client = NamedPop(self.name, self.host.port(Door.POP3S), self.context)
        try:
            client.user(self.address)
            client.pass_(self.password)
            yield client
        finally:
            client.quit()

    @contextmanager
    def smtp(self, door: Door = Door.SUBMISSIONS) -> Iterator[NamedSmtp]:
        """A session for sending, logged in."""
        implicit = self.context if door.kind.tls is Tls.IMPLICIT else None
        with NamedSmtp(self.name, self.host.port(door), implicit) as client:
            if implicit is None:
                client.starttls(context=self.context)
            client.login(self.address, self.password)
            yield client

    def send(self, recipient: str, subject: str, door: Door = Door.SUBMISSIONS, sender: str = "") -> None:
        with self.smtp(door) as client:
            client.send_message(message(sender or self.address, recipient, subject), sender or self.address, [recipient])

    def finds(self, subject: str, patience: float = PATIENCE) -> bytes:
        """The message with this subject, as soon as it lies in the inbox; AssertionError after ``patience`` seconds."""
        end = time.monotonic() + patience
        with self.imap() as client:
            while True:
                client.select("INBOX")
                found = client.search(None, "SUBJECT", f'"{subject}"')[1][0].split()
                if found:
                    return bytes(client.fetch(found[0].decode(), "(RFC822)")[1][0][1])  # type: ignore[index]
                assert time.monotonic() < end, f"{subject!r} did not arrive at {self.address} in {patience} s"
                time.sleep(0.1)


def person(host: DemoHost, address: str, *, server: str = "", strict: bool = True) -> Person:
    """One of the demo's people."""
    return Person(host, address, host.passwords[address], server, strict)


def message(sender: str, recipient: str, subject: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, recipient, subject
    mail.set_content(f"The words of {subject}.\n")
    return mail


def trusting(host: DemoHost) -> ssl.SSLContext:
    """Verifies as a mail program does, with the demo's roots as its trust store."""
    return ssl.create_default_context(cafile=str(host.layout.tls / "demo-roots.pem"))


def careless() -> ssl.SSLContext:
    """Takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
