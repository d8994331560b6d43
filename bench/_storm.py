"""Many clients at one door: connect, (STARTTLS,) handshake by a random name, look at the leaf, greeting, quit.

Blocking sockets in threads of several processes: a client costs less than a door, but on one machine both share the
processors, so the doors' own processor time per connection is told beside the rate.
"""

import contextlib
import hashlib
import multiprocessing
import random
import resource
import signal
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from _load import Held

from mailward.model.doors import Door, Role, Tls

PROCESSES = 4
THREADS = 4
TIMEOUT = 20.0
_GREETINGS = {"imap": b"* OK", "pop3": b"+OK", "smtp": b"220"}


@dataclass
class Stormed:
    """``client_cpu`` is in seconds; ``failed`` are the first reasons, ``failures`` how many there were."""

    connections: int = 0
    failures: int = 0
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0
    client_cpu: float = 0.0

    @property
    def rate(self) -> float:
        return self.connections / self.seconds if self.seconds else 0.0


def storm(door: Door, port: int, held: Sequence[Held], seconds: float) -> Stormed:
    """Connections for ``seconds`` from all clients together, each for a random one of ``held``."""
    context = multiprocessing.get_context("fork")
    pipes = []
    running = []
    for seed in range(PROCESSES):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_clients, args=(sender, door, port, held, seconds, seed))
        process.start()
        sender.close()
        pipes.append(receiver)
        running.append(process)
    try:
        parts: list[Stormed] = [pipe.recv() for pipe in pipes]
    finally:
        for process in running:
            process.terminate()
            process.join()
    return Stormed(
        sum(part.connections for part in parts),
        sum(part.failures for part in parts),
        [reason for part in parts for reason in part.failed][:5],
        max(part.seconds for part in parts),
        sum(part.client_cpu for part in parts),
    )


def _clients(sender: Connection, door: Door, port: int, held: Sequence[Held], seconds: float, seed: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    began = time.monotonic()
    parts = [Stormed() for _ in range(THREADS)]
    threads = [
        threading.Thread(target=_client, args=(part, door, port, held, began + seconds, random.Random(f"{seed} {number}")))
        for number, part in enumerate(parts)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    used = resource.getrusage(resource.RUSAGE_SELF)
    sender.send(
        Stormed(
            sum(part.connections for part in parts),
            sum(part.failures for part in parts),
            [reason for part in parts for reason in part.failed],
            time.monotonic() - began,
            used.ru_utime + used.ru_stime,
        )
    )


def _client(part: Stormed, door: Door, port: int, held: Sequence[Held], end: float, choice: random.Random) -> None:
    context = seeing()
    label = "webmail" if door.kind.role is Role.WEB else "mail"
    while time.monotonic() < end:
        wanted = choice.choice(held)
        sni = f"{label}.{wanted.domain}"
        try:
            served = look(door, port, sni, context)
        except (OSError, ssl.SSLError, EOFError) as trouble:
            part.failures += 1
            part.failed.append(f"{sni}: {trouble}")
            continue
        part.connections += 1
        if served != wanted.sha256:
            part.failures += 1
            part.failed.append(f"{sni}: another certificate")


def seeing() -> ssl.SSLContext:
    """Verifies nothing: the leaf is compared with what was filled in. No session is taken up again."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def look(door: Door, port: int, sni: str, context: ssl.SSLContext) -> str:
    """The SHA-256 of the leaf that is served, once the door has greeted inside TLS too."""
    kind = door.kind
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as plain:
        if kind.tls is Tls.STARTTLS:
            _start_tls(plain)
        with context.wrap_socket(plain, server_hostname=sni) as secured:
            leaf = secured.getpeercert(binary_form=True) or b""
            greeting = _GREETINGS.get(kind.protocol)
            if greeting and kind.tls is Tls.IMPLICIT and not secured.recv(1024).startswith(greeting):
                raise EOFError("no greeting")
            if kind.protocol == "smtp":
                secured.sendall(b"QUIT\r\n")
                with contextlib.suppress(OSError):
                    secured.recv(1024)
    return hashlib.sha256(leaf).hexdigest()


def _start_tls(plain: socket.socket) -> None:
    """SMTP's (RFC 3207): greeting, EHLO, STARTTLS."""
    _answer(plain, b"220")
    plain.sendall(b"EHLO [127.0.0.1]\r\n")
    _answer(plain, b"250")
    plain.sendall(b"STARTTLS\r\n")
    _answer(plain, b"220")


def _answer(plain: socket.socket, code: bytes) -> None:
    text = b""
    while not (text.endswith(b"\r\n") and text.splitlines()[-1][3:4] == b" "):
        part = plain.recv(4096)
        if not part:
            raise EOFError("the door hung up")
        text += part
    if not text.splitlines()[-1].startswith(code):
        raise EOFError(text.decode("ascii", "replace").strip())
