"""Many TLS connections at once, to see what doors really serve (model.outside.TlsDialer). Nothing is judged here.

A door counts as open when it also greets inside TLS: the TLS of IMAPS and POP3S ends in nginx, and a handshake alone would
look well with Dovecot dead. STARTTLS injection is that of CVE-2011-0411: a command sent in the same packet as STARTTLS, and
so in clear, must not be answered inside TLS. No user name or password is ever sent.
"""

import asyncio
import contextlib
import errno
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mailward.host.starttls import SPEECHES, Broken, Missing, Speech
from mailward.host.tls_stream import TlsStream, seeing_context
from mailward.model.doors import Tls
from mailward.model.outside import Dialled, DialTarget

_INJECTION_WAIT = 0.5  # seconds in which an injected command would have been answered
_ANOTHER_LOOPBACK = "127.0.0.77"
_LINES_LIMIT = 2**17
_GOODBYE_WAIT = 1.0  # seconds for the peer's answer to QUIT


class AsyncioTlsDialer:
    """Dials with at most ``concurrency`` connections at once, ``per_door`` of them to one address and port (Postfix and
    Dovecot limit the connections of one client). ``ehlo_name``: how it introduces itself to SMTP; by default the address
    literal of its own end (RFC 5321 section 4.1.3)."""

    def __init__(self, *, concurrency: int = 64, per_door: int = 20, ehlo_name: str | None = None) -> None:
        self._concurrency = concurrency
        self._per_door = per_door
        self._ehlo_name = ehlo_name
        self._modern = seeing_context()
        self._modern_web = seeing_context(alpn=("http/1.1",))
        self._rsa = seeing_context(rsa_only=True)
        self._rsa_web = seeing_context(rsa_only=True, alpn=("http/1.1",))
        self._old = seeing_context(newest=ssl.TLSVersion.TLSv1_1)
        self._below_modern = seeing_context(newest=ssl.TLSVersion.TLSv1_2)

    def dial(self, targets: Sequence[DialTarget]) -> list[Dialled]:
        """The answers come in the targets' order. Must not be called from within an asyncio loop."""
        return asyncio.run(self._dial_all(targets)) if targets else []

    async def _dial_all(self, targets: Sequence[DialTarget]) -> list[Dialled]:
        everywhere = asyncio.Semaphore(self._concurrency)
        doors: dict[tuple[str, int], asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(self._per_door))

        async def one(target: DialTarget) -> Dialled:
            async with doors[target.address, target.port], everywhere:
                return await self._dial(target)

        return list(await asyncio.gather(*(one(target) for target in targets)))

    async def _dial(self, target: DialTarget) -> Dialled:
        started = time.monotonic()
        seen = _Seen()
        trouble, detail = None, ""
        try:
            async with asyncio.timeout(target.timeout):
                await self._look(target, seen)
        except TimeoutError:
            if not seen.finished:
                trouble, detail = "timeout", f"no answer within {target.timeout:g} seconds while {seen.doing}"
        except Missing as error:
            trouble, detail = "starttls-missing", str(error)
        except Broken as error:
            trouble, detail = "protocol-error", f"{seen.doing}: {error}"
        except (ssl.SSLError, UnicodeError, ValueError) as error:
            trouble, detail = "handshake-failed", _ssl_reason(error)
        except (OSError, EOFError) as error:
            trouble, detail = _network_trouble(error, seen.doing)
        finally:
            seen.close()
        return replace(seen.dialled(target), trouble=trouble, detail=detail, seconds=time.monotonic() - started)

    async def _look(self, target: DialTarget, seen: "_Seen") -> None:
        reader, writer = await _connect(target)
        seen.writer = writer
        speech = SPEECHES.get(target.protocol)
        if target.tls is Tls.STARTTLS:
            if speech is None:
                raise Broken(f"{target.protocol} has no STARTTLS")
            seen.doing = "asking for STARTTLS"
            name = self._ehlo_name or _literal(writer)
            injected = speech.injected if target.probe_injection else b""
            offered = await speech.start_tls(_Clear(reader, writer), name, injected)
            if target.probe_clear and not (offered and target.protocol != "smtp" and _is_from_itself(writer)):
                seen.clear_login = offered
            if target.probe_injection:
                await _drop_clear_answers(reader)
        elif target.tls is Tls.NONE:
            seen.doing = "greeting"
            if speech is not None:
                await speech.greeting(_Clear(reader, writer))
                seen.finished = True
                await _goodbye(_Clear(reader, writer), speech)
            return
        await self._look_inside(
            target, seen, TlsStream(reader, writer, self._context(target), _sendable(target.sni)), speech
        )

    async def _look_inside(self, target: DialTarget, seen: "_Seen", stream: TlsStream, speech: Speech | None) -> None:
        seen.doing = "handshake"
        await stream.handshake()
        seen.chain, seen.version, seen.cipher = stream.chain(), stream.version(), stream.cipher()
        seen.doing = "greeting inside TLS"
        if speech is not None:
            if target.tls is Tls.IMPLICIT or target.protocol == "sieve":  # RFC 5804 section 2.2: capabilities come again
                await speech.greeting(stream)
            if target.probe_injection and target.tls is Tls.STARTTLS:
                seen.injected = await _is_answered(stream)
            seen.finished = True
            await _goodbye(stream, speech)
        with contextlib.suppress(OSError, ssl.SSLError):
            await stream.say_goodbye()

    def _context(self, target: DialTarget) -> ssl.SSLContext:
        if target.old_protocol or target.below_modern:
            return self._below_modern if target.below_modern else self._old
        if target.rsa_only:
            return self._rsa_web if target.protocol == "http" else self._rsa
        return self._modern_web if target.protocol == "http" else self._modern


@dataclass
class _Seen:
    """What is known so far about one connection, so that a later trouble doesn't lose it."""

    doing: str = "connecting"
    chain: tuple[bytes, ...] = ()
    version: str | None = None
    cipher: str | None = None
    injected: bool = False
    clear_login: bool | None = None
    finished: bool = False  # all was seen; what goes wrong in saying goodbye doesn't count
    writer: asyncio.StreamWriter | None = field(default=None, repr=False)

    def dialled(self, target: DialTarget) -> Dialled:
        return Dialled(target, None, "", self.chain, self.version, self.cipher, self.injected, clear_login=self.clear_login)

    def close(self) -> None:
        if self.writer is not None:
            with contextlib.suppress(OSError, RuntimeError):
                self.writer.close()


class _Clear:
    """Lines over a connection without TLS."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def read_line(self, limit: int) -> bytes:
        try:
            return (await self._reader.readuntil(b"\n"))[: limit + 1]
        except asyncio.IncompleteReadError as error:
            return error.partial[:limit]
        except asyncio.LimitOverrunError:
            raise Broken("a line without an end") from None


async def _connect(target: DialTarget) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Whoever looks for log-ins in clear must not come from the door's own address: Dovecot takes that for a local
    connection, which may. Another loopback address reaches every IPv4 address of this host, and no other host."""
    if target.probe_clear and ":" not in target.address:
        with contextlib.suppress(OSError):
            return await asyncio.open_connection(
                target.address, target.port, limit=_LINES_LIMIT, local_addr=(_ANOTHER_LOOPBACK, 0)
            )
    return await asyncio.open_connection(target.address, target.port, limit=_LINES_LIMIT)


def _is_from_itself(writer: asyncio.StreamWriter) -> bool:
    """Whether both ends have one address, so that nothing can be learnt about clients from elsewhere."""
    own, peer = writer.get_extra_info("sockname"), writer.get_extra_info("peername")
    return own is not None and peer is not None and bool(own[0] == peer[0])


async def _drop_clear_answers(reader: asyncio.StreamReader) -> None:
    """A server may answer the injected command in clear, before TLS: harmless, but it must not disturb the handshake.

    TLS waits for us to speak first, so whatever comes within a moment is clear text.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            await reader.read(4096)


async def _is_answered(stream: TlsStream) -> bool:
    """Whether something is said inside TLS although nothing was asked there."""
    try:
        async with asyncio.timeout(_INJECTION_WAIT):
            return bool(await stream.read_line(1024))
    except (TimeoutError, OSError, ssl.SSLError):
        return False


async def _goodbye(lines: "TlsStream | _Clear", speech: Speech) -> None:
    """End politely; a peer that doesn't answer any more is none of our business here."""
    with contextlib.suppress(TimeoutError, OSError, ssl.SSLError, Broken):
        async with asyncio.timeout(_GOODBYE_WAIT):
            await lines.write(speech.goodbye)
            await lines.read_line(1024)


def _sendable(sni: str | None) -> str | None:
    """The name as it goes into the ClientHello: an A-label. Raises UnicodeError or ValueError for what is no name."""
    if not sni:
        return None
    name = sni.rstrip(".")
    if not name or not name.isprintable():
        raise ValueError("it is no host name")
    return name.encode("idna").decode() if not name.isascii() else name


def _literal(writer: asyncio.StreamWriter) -> str:
    address = str(writer.get_extra_info("sockname")[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _ssl_reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).lower().replace("_", " ")
    return f"this name can't be asked for: {error}"


def _network_trouble(error: OSError | EOFError, doing: str) -> tuple[str, str]:
    number = getattr(error, "errno", None)
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if doing == "connecting":
        if isinstance(error, ConnectionRefusedError) or number == errno.ECONNREFUSED:
            return "refused", reason
        if number == errno.ETIMEDOUT:
            return "timeout", reason
        return "unreachable", "no such address" if isinstance(error, socket.gaierror) else reason
    if doing == "handshake":
        return "handshake-failed", reason
    return "protocol-error", f"{doing}: {reason}"
