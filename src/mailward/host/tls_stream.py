"""TLS over an asyncio stream, with nothing between the wire and what is reported.

Python's own StreamWriter.start_tls verifies, hides the chain before 3.13 and keeps bytes that were read in clear; a look at
other people's doors wants the opposite. Nothing is verified here and the oldest protocols are spoken, since what is served
is to be seen, not trusted: never use this to send a secret.
"""

import asyncio
import contextlib
import ssl
import warnings

_CHUNK = 65536


class TlsStream:
    """The client's side of TLS on an open connection. ``sni`` None or "" sends no name (RFC 6066 section 3)."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext, sni: str | None
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=sni or None)
        self._read = bytearray()

    async def handshake(self) -> None:
        """Raises ssl.SSLError when the peer refuses, ConnectionError or EOFError when it goes away."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._more()
            except ssl.SSLError:
                await self._flush()  # our alert
                raise
            else:
                await self._flush()
                return

    def chain(self) -> tuple[bytes, ...]:
        """What the peer served, DER, leaf first, in its order, nothing added or left out."""
        inner = self._tls._sslobj  # type: ignore[attr-defined]  # public only from Python 3.13
        return tuple(ssl.PEM_cert_to_DER_cert(part.public_bytes()) for part in inner.get_unverified_chain() or ())

    def version(self) -> str | None:
        return self._tls.version()

    def cipher(self) -> str | None:
        cipher = self._tls.cipher()
        return cipher[0] if cipher else None

    async def write(self, data: bytes) -> None:
        self._tls.write(data)
        await self._flush()

    async def read_line(self, limit: int) -> bytes:
        """One line with its end; at the end of the stream or at ``limit`` bytes, what there is."""
        while b"\n" not in self._read and len(self._read) < limit:
            try:
                data = self._tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                await self._flush()  # a key update may want an answer
                if not await self._more(eof_is_error=False):
                    break
                continue
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                break
            if not data:
                break
            self._read.extend(data)
        end = self._read.find(b"\n") + 1 or min(len(self._read), limit)
        line = bytes(self._read[:end])
        del self._read[:end]
        return line

    async def say_goodbye(self) -> None:
        """Send close_notify (RFC 8446 section 6.1), without waiting for the peer's."""
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        await self._flush()

    async def _flush(self) -> None:
        data = self._outgoing.read()
        if data:
            self._writer.write(data)
            await self._writer.drain()

    async def _more(self, *, eof_is_error: bool = True) -> bool:
        data = await self._reader.read(_CHUNK)
        if data:
            self._incoming.write(data)
            return True
        if eof_is_error:
            raise EOFError("the connection was closed during the handshake")
        self._incoming.write_eof()
        return False


def seeing_context(
    *, newest: ssl.TLSVersion | None = None, rsa_only: bool = False, alpn: tuple[str, ...] = ()
) -> ssl.SSLContext:
    """A client that accepts whatever is served: any certificate, any key size, TLS 1.0 to ``newest``.

    ``rsa_only``: one that knows no ECDSA. It speaks TLS 1.2 at most, where the cipher suite names the kind of key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = newest or ssl.TLSVersion.MAXIMUM_SUPPORTED
    if rsa_only:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    suites = "ALL" if newest else "aRSA" if rsa_only else "DEFAULT"
    context.set_ciphers(f"{suites}:@SECLEVEL=0")
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context
