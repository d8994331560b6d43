"""Programs run to their end: no shell, a C.UTF-8 locale, bounded time and bounded output.

When the time runs out, the whole process group is killed. What a program leaves running in the background (``postfix
start``) is not waited for, even when it holds the pipes open.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO

from mailward.model.errors import NotPossible
from mailward.model.outside import Completed
from mailward.model.sentence import Sentence

LIMIT = 64 * 1024
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_DROPPED = ("LANG", "LANGUAGE", "MAIL_CONFIG", "MAIL_VERBOSE", "MAIL_DEBUG", "CONFIG_FILE", "BASH_ENV", "ENV")
STATUS = "{status}"
_CUT = b"\n[cut here]\n"


class RealProcesses:
    """Runs programs. ``limit`` bytes of output are kept: three quarters for stdout, the rest for stderr."""

    def __init__(self, *, limit: int = LIMIT) -> None:
        self._limits = (limit * 3 // 4, limit - limit * 3 // 4)

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes | None = None,
        timeout: float = 60,
        environment: Mapping[str, str] | None = None,
    ) -> Completed:
        process = _started(argv, stdin is not None, environment)
        talk = _Talk(process, stdin or b"", self._limits)
        try:
            in_time = talk.until(time.monotonic() + timeout)
        finally:
            if process.poll() is None:
                _kill_group(process)
            talk.close()
        if not in_time:
            raise NotPossible(
                Sentence(
                    "{program} did not end within {seconds} seconds and was stopped",
                    program=argv[0],
                    seconds=f"{timeout:g}",
                ),
                Sentence("See whether this host is overloaded, then do the same again"),
                code="program-timeout",
            )
        return Completed(tuple(argv), process.returncode, talk.text(0), talk.text(1))

    def stream(
        self,
        argv: Sequence[str],
        on_line: Callable[[str], None],
        *,
        timeout: float = 3600,
        environment: Mapping[str, str] | None = None,
    ) -> int:
        """Run to the end and hand over each line (stdout and stderr together) as it comes; the exit code.

        An argument that holds STATUS gets the number of a pipe of its own there, whose lines are handed over too. (A
        program that tells its progress on its standard output may make that non-blocking, and fail its own children.)
        """
        with _status_pipe(argv, on_line) as (told, inherited):
            process = _started(told, False, environment, together=True, inherited=inherited)
            for descriptor in inherited:
                os.close(descriptor)
            watchdog = threading.Timer(timeout, _kill_group, (process,))
            watchdog.daemon = True
            watchdog.start()
            try:
                assert process.stdout is not None  # a pipe was asked for
                for line in process.stdout:
                    on_line(_line(line))
                return process.wait()
            finally:
                watchdog.cancel()
                if process.poll() is None:
                    _kill_group(process)
                if process.stdout is not None:
                    process.stdout.close()


@contextlib.contextmanager
def _status_pipe(argv: Sequence[str], on_line: Callable[[str], None]) -> Iterator[tuple[list[str], tuple[int, ...]]]:
    """The arguments with STATUS replaced, and the descriptor that the program must inherit (none: it wants no status)."""
    if not any(STATUS in argument for argument in argv):
        yield list(argv), ()
        return
    reading, writing = os.pipe()

    def read() -> None:
        with os.fdopen(reading, "rb") as status:
            for line in status:
                on_line(_line(line))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield [argument.replace(STATUS, str(writing)) for argument in argv], (writing,)
    finally:
        with contextlib.suppress(OSError):  # closed already, once the program has it
            os.close(writing)
        reader.join(timeout=5)


def _line(line: bytes) -> str:
    return line[:LIMIT].decode("utf-8", "replace").rstrip("\r\n")


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without what bends other programs' behaviour, in the C.UTF-8 locale, plus ``extra``."""
    kept = {key: value for key, value in os.environ.items() if key not in _DROPPED and not key.startswith("LC_")}
    return {**kept, "PATH": PATH, "LC_ALL": "C.UTF-8", **(extra or {})}


def _started(
    argv: Sequence[str],
    wants_stdin: bool,
    environment: Mapping[str, str] | None,
    *,
    together: bool = False,
    inherited: Sequence[int] = (),
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(  # noqa: S603 - an argument list, no shell
            list(argv),
            stdin=subprocess.PIPE if wants_stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if together else subprocess.PIPE,
            env=clean_environment(environment),
            cwd="/",
            start_new_session=True,
            pass_fds=tuple(inherited),
        )
    except FileNotFoundError as error:
        raise NotPossible(
            Sentence("The program {program} is not installed", program=argv[0]),
            Sentence("Run mailward up: it installs what is missing"),
            code="program-missing",
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise NotPossible(
            Sentence("The program {program} could not be started: {reason}", program=argv[0], reason=reason),
            code="program-not-started",
        ) from error


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # its own session, so its group is its pid
    process.wait()


class _Talk:
    """Feeds stdin and collects the two outputs up to their limits, until the program has ended."""

    def __init__(self, process: "subprocess.Popen[bytes]", stdin: bytes, limits: tuple[int, int]) -> None:
        self._process = process
        self._rest = memoryview(stdin)
        self._kept = (bytearray(), bytearray())
        self._cut = [False, False]
        self._limits = limits
        self._selector = selectors.DefaultSelector()
        self._streams: tuple[IO[bytes] | None, ...] = (process.stdout, process.stderr, process.stdin)
        for number, stream in enumerate(self._streams):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)
                self._selector.register(stream, selectors.EVENT_WRITE if number == 2 else selectors.EVENT_READ, number)

    def until(self, deadline: float) -> bool:
        """Talk until the program ended (True) or the moment ``deadline`` came (False)."""
        while self._process.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if self._selector.get_map():
                self._round(min(left, 0.05))
            else:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(left)
        while time.monotonic() < deadline and self._round(0):
            pass
        return True

    def _round(self, wait: float) -> bool:
        """One look at the pipes; whether something was read."""
        read = False
        for key, _ in self._selector.select(wait):
            if key.data == 2:
                self._feed(key.fd)
            else:
                read = self._collect(key.fd, key.data) or read
        return read

    def _feed(self, descriptor: int) -> None:
        try:
            self._rest = self._rest[os.write(descriptor, self._rest[:65536]) :]
        except BrokenPipeError:
            self._rest = self._rest[:0]
        if not self._rest:
            self._done(2)

    def _collect(self, descriptor: int, number: int) -> bool:
        data = os.read(descriptor, 65536)
        if not data:
            self._done(number)
            return False
        room = self._limits[number] - len(self._kept[number])
        self._kept[number].extend(data[:room])
        self._cut[number] = self._cut[number] or len(data) > room
        return True

    def _done(self, number: int) -> None:
        stream = self._streams[number]
        if stream is not None:
            self._selector.unregister(stream)
            stream.close()

    def close(self) -> None:
        self._selector.close()
        for stream in self._streams:
            if stream is not None and not stream.closed:
                stream.close()

    def text(self, number: int) -> str:
        kept, limit = bytes(self._kept[number]), self._limits[number]
        if self._cut[number]:
            kept = kept[: limit - len(_CUT)] + _CUT
        return kept.decode("utf-8", "replace")
