"""Milter connections on a unix socket (asyncio). It carries bytes; what they mean is the conversation's.

The socket's directory says who may come in. A connection that says nothing for long, or nonsense, is closed. When told to
stop, it takes no new connections, and lets those that are there end for a while: what they carry would go on unsigned.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import structlog

from mailward.model.errors import MailwardError

PIECE = 1 << 17
log = structlog.get_logger()


class Conversation(Protocol):
    """One connection's: what comes, and what is answered."""

    is_over: bool

    def receive(self, data: bytes) -> bytes: ...


def serve(
    path: Path, make: Callable[[], Conversation], *, most: int = 2000, silence: float = 3600.0, grace: float = 8.0
) -> None:
    """Answer until SIGTERM or SIGINT. ``most`` connections at once, ``silence`` and ``grace`` in seconds."""
    asyncio.run(_Server(path, make, most, silence, grace).run())


class _Server:
    def __init__(self, path: Path, make: Callable[[], Conversation], most: int, silence: float, grace: float) -> None:
        self._path, self._make = path, make
        self._most, self._silence, self._grace = most, silence, grace
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        self._path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._connected, self._path, limit=PIECE)
        self._path.chmod(0o666)  # the directory says who may come in
        log.info("listening", socket=str(self._path))
        await stopped.wait()
        server.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
        if self._under_way:
            _, left = await asyncio.wait(self._under_way, timeout=self._grace)
            for task in left:
                task.cancel()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            if len(self._under_way) <= self._most:
                await self._converse(reader, writer)
        except (TimeoutError, OSError):
            pass  # the mail server went away, or says nothing any more
        except MailwardError as error:
            log.warning("connection closed", code=error.code, reason=str(error))
        except asyncio.CancelledError:
            pass
        except Exception:  # a fault of ours costs this connection alone
            log.exception("connection broke")
        finally:
            self._under_way.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = self._make()
        while not conversation.is_over:
            async with asyncio.timeout(self._silence):
                data = await reader.read(PIECE)
            if not data:
                return
            answer = conversation.receive(data)
            if answer:
                writer.write(answer)
                async with asyncio.timeout(self._silence):
                    await writer.drain()
