"""Small real TLS servers on loopback that behave as well or as badly as a test wants."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Paper:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def issue(name: str, issuer: Paper | None = None, *, ca: bool = False, names: tuple[str, ...] = ()) -> Paper:
    """A certificate for ``name``, by ``issuer`` or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if not ca:
        dns = [x509.DNSName(other) for other in names or (name,)]
        builder = builder.add_extension(x509.SubjectAlternativeName(dns), critical=False)
    return Paper(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def server_context(directory: Path, *chain: Paper) -> ssl.SSLContext:
    """A server's context that serves exactly ``chain`` (leaf first)."""
    file = directory / f"{chain[0].certificate.serial_number}.pem"
    file.write_bytes(chain[0].key_pem + b"".join(paper.pem for paper in chain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@dataclass
class Door:
    """An open door: its port, and what came in."""

    port: int
    names: list[str | None] = field(default_factory=list)
    said: list[bytes] = field(default_factory=list)


class Conversation:
    """One connection, as the server sees it."""

    def __init__(self, connection: socket.socket, door: Door, context: ssl.SSLContext) -> None:
        self.connection = connection
        self.door = door
        self.context = context

    def say(self, text: bytes) -> None:
        self.connection.sendall(text)

    def hear(self, size: int = 4096) -> bytes:
        """What comes in one piece."""
        data = self.connection.recv(size)
        self.door.said.append(data)
        return data

    def secure(self) -> None:
        self.connection = self.context.wrap_socket(self.connection, server_side=True)

    def end(self) -> None:
        with contextlib.suppress(OSError):
            while self.hear():
                pass


@contextmanager
def door(context: ssl.SSLContext, behave: Callable[[Conversation], None], *, host: str = "127.0.0.1") -> Iterator[Door]:
    """Listens until the block ends; each connection is served by ``behave`` in a thread of its own."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, 0), family=family, backlog=500)
    opened = Door(listener.getsockname()[1])

    def name_came(_socket: object, name: str | None, _context: object) -> None:
        opened.names.append(name)

    context.sni_callback = name_came

    def serve(connection: socket.socket) -> None:
        talk = Conversation(connection, opened, context)
        connection.settimeout(10)
        with contextlib.suppress(OSError, ssl.SSLError, ValueError):
            behave(talk)
        talk.connection.close()

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield opened
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
