"""The steward's lock: whoever holds it may change the host, everybody else waits or is told who does.

flock(2) on a file: the kernel gives it free when the holder dies, however it dies, so no stale lock is ever left. The
holder's pid and command stand in the file, for messages only.
"""

import contextlib
import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailward.model.errors import NotPossible
from mailward.model.sentence import Sentence


class StewardLock:
    """The lock in the file ``path`` (its directory must exist). Not re-entrant: a second ``held`` waits for the first."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def held(self, *, timeout: float = 0.0, purpose: str = "") -> Iterator[None]:
        """Hold it for the ``with`` block; wait ``timeout`` seconds for it, then NotPossible (code "busy") says who has it.

        ``purpose`` is what the holder does, for the messages of those that wait; by default its command line.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._take(descriptor, time.monotonic() + max(timeout, 0.2))  # holder() looks for an instant
            doing = (purpose or " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])).replace("\n", " ")
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()} {doing}\n".encode(errors="replace"), 0)
            try:
                yield
            finally:
                os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)  # and with it the lock

    def holder(self) -> str | None:
        """Who holds it, as "pid 123 (mailward up)"; None when nobody does."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, _, doing = os.pread(descriptor, 500, 0).decode("utf-8", "replace").strip().partition(" ")
            return f"pid {pid} ({doing})" if pid else "another process"
        else:
            return None
        finally:
            os.close(descriptor)

    def _take(self, descriptor: int, deadline: float) -> None:
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            left = deadline - time.monotonic()
            if left <= 0:
                raise NotPossible(
                    Sentence(
                        "This instance is being changed right now by {holder}", holder=self.holder() or "another process"
                    ),
                    Sentence("Wait until it has ended, then do the same again"),
                    code="busy",
                )
            time.sleep(min(0.05, left))
