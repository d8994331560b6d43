"""Postfix' socketmap protocol (socketmap_table(5)) on unix sockets: netstrings over a stream, ``table key`` in, an answer
out.

A question is at most ``LONGEST`` bytes, a connection waits at most ``PATIENCE`` seconds for the next one, at most
``THREADS`` questions are answered at once, and what breaks the protocol ends its own connection alone. No question is
answered with silence: a failure is a delay (``TEMP``).
"""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

Answer = Callable[[str, str], str]

LONGEST = 1000
LONGEST_ANSWER = 100_000  # what Postfix takes
PATIENCE = 300.0
THREADS = 32


def serve_forever(path: Path, answer: Answer) -> None:
    """Answer until stopped."""

    async def run() -> None:
        async with await serve(path, answer) as server:
            await server.serve_forever()

    asyncio.run(run())


async def serve(path: Path, answer: Answer, *, mode: int = 0o666) -> asyncio.Server:
    """Listen on a unix socket. Who may enter its directory may ask. ``answer`` runs in a thread and may wait."""
    pool = ThreadPoolExecutor(THREADS)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (question := await asyncio.wait_for(_read(reader, LONGEST), PATIENCE)) is not None:
                table, _, key = question.decode("ascii").partition(" ")
                said = await asyncio.get_running_loop().run_in_executor(pool, _answered, answer, table, key)
                writer.write(netstring(said))
                await writer.drain()
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    path.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(talk, path)
    path.chmod(mode)
    return server


def ask(path: Path, table: str, key: str, *, timeout: float = 20.0) -> str:
    """One question to another server of this protocol. Raises OSError (also for silence) or ValueError."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        connection.connect(str(path))
        connection.sendall(netstring(f"{table} {key}"))
        got = b""
        while b":" not in got or len(got) < _whole(got):
            more = connection.recv(65536)
            if not more:
                raise ValueError("the answer was cut off")
            got += more
    return got[got.index(b":") + 1 : _whole(got) - 1].decode("ascii")


def netstring(text: str) -> bytes:
    content = text.encode("ascii")
    return b"%d:%s," % (len(content), content)


def _whole(begun: bytes) -> int:
    """How long a netstring is of which the beginning is there. Raises ValueError for what is none."""
    digits = begun.partition(b":")[0]
    if not digits.isdigit() or len(digits) > 6 or int(digits) > LONGEST_ANSWER:
        raise ValueError("not a netstring")
    return len(digits) + 1 + int(digits) + 1


async def _read(reader: asyncio.StreamReader, longest: int) -> bytes | None:
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


def _answered(answer: Answer, table: str, key: str) -> str:
    try:
        return answer(table, key)
    except Exception:  # whatever it was, Postfix must not take silence for "nothing is demanded"
        return "TEMP this host can't find out what is demanded"
