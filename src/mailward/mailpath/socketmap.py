"""Postfix' socketmap protocol (socketmap_table(5)): netstrings over a stream, ``table key`` in, an answer out.

A question is at most ``LONGEST`` bytes, a connection waits at most ``PATIENCE`` seconds for the next one, and what breaks
the protocol ends its own connection alone. No question is answered with an exception: that is a delay (``TEMP``).
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

Answer = Callable[[str, str], Awaitable[str]]

LONGEST = 1000
LONGEST_ANSWER = 100_000  # what Postfix takes
PATIENCE = 300.0


async def serve(path: Path, answer: Answer, *, mode: int = 0o666) -> asyncio.Server:
    """Listen on a unix socket. Who may enter its directory may ask."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (question := await asyncio.wait_for(read(reader, LONGEST), PATIENCE)) is not None:
                table, _, key = question.decode("ascii").partition(" ")
                writer.write(netstring(await _answered(answer, table, key)))
                await writer.drain()
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    path.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(talk, path)
    path.chmod(mode)
    return server


async def ask(path: Path, table: str, key: str, *, timeout: float = 20.0) -> str:
    """One question to another server of this protocol. Raises OSError, ValueError or TimeoutError."""

    async def asked() -> str:
        reader, writer = await asyncio.open_unix_connection(path)
        try:
            writer.write(netstring(f"{table} {key}"))
            await writer.drain()
            said = await read(reader, LONGEST_ANSWER)
        except asyncio.IncompleteReadError:
            raise ValueError("the answer was cut off") from None
        finally:
            writer.close()
        if said is None:
            raise ValueError("no answer")
        return said.decode("ascii")

    return await asyncio.wait_for(asked(), timeout)


async def read(reader: asyncio.StreamReader, longest: int) -> bytes | None:
    """The next netstring; None at the end of the stream. Raises ValueError for what is none."""
    digits = b""
    while (byte := await reader.read(1)) != b":":
        if not byte and not digits:
            return None
        digits += byte
        if not byte.isdigit() or len(digits) > 6:
            raise ValueError("not a netstring")
    if not digits or int(digits) > longest:
        raise ValueError("too long")
    content = await reader.readexactly(int(digits) + 1)
    if content[-1:] != b",":
        raise ValueError("not a netstring")
    return content[:-1]


def netstring(text: str) -> bytes:
    content = text.encode("ascii")
    return b"%d:%s," % (len(content), content)


async def _answered(answer: Answer, table: str, key: str) -> str:
    try:
        return await answer(table, key)
    except Exception:  # whatever it was, Postfix must not take silence for "nothing is demanded"
        return "TEMP this host can't find out what is demanded"
