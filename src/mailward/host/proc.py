"""What runs on this host, read from /proc (proc(5)): families, sessions and orphans of processes, and signals to them.

A process is named by its pid and its start time together, so that a pid that was given away again is never signalled.
"""

import contextlib
import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """One process. ``started`` is in clock ticks since boot; ``session`` is the pid of its session's leader."""

    pid: int
    started: int
    parent: int = field(default=0, compare=False)
    session: int = field(default=0, compare=False)
    tty: int = field(default=0, compare=False)
    state: str = field(default="S", compare=False)
    name: str = field(default="", compare=False)

    @property
    def identity(self) -> tuple[int, int]:
        return self.pid, self.started


def processes() -> list[Process]:
    """All processes but the dead ones that wait to be collected (zombies)."""
    found = (_process(int(entry.name)) for entry in PROC.iterdir() if entry.name.isdigit())
    return [process for process in found if process is not None and process.state not in "ZX"]


def family(pid: int) -> frozenset[Process]:
    """The process ``pid`` and all its descendants."""
    everybody = processes()
    members = {process.pid: process for process in everybody if process.pid == pid}
    while True:
        more = {process.pid: process for process in everybody if process.parent in members and process.pid not in members}
        if not more:
            return frozenset(members.values())
        members |= more


def session(leader: int) -> frozenset[Process]:
    """The processes of a session, whether or not its leader lives; never this process itself."""
    return frozenset(process for process in processes() if process.session == leader and process.pid != os.getpid())


def alive(wanted: Iterable[Process]) -> frozenset[Process]:
    """Those of ``wanted`` that still run: same pid, same start."""
    now = {process.identity for process in processes()}
    return frozenset(process for process in wanted if process.identity in now)


def send(to: Iterable[Process], name: str) -> None:
    """Send the signal called ``name`` ("TERM") to those that still run."""
    number = signal.Signals[f"SIG{name}"]
    for process in alive(to):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)


def orphans(root: Path, marker: str) -> frozenset[Process]:
    """Daemons of the instance at ``root`` whose supervisor is dead, with their descendants.

    Theirs is no terminal and no parent in their own session. They are known by ``marker`` in the environment they were
    started with, or, for the daemons that wipe theirs, by their name and by a path of the instance in their command
    line or as their working directory. A person's shell or backup is never among them.
    """
    everybody = {process.pid: process for process in processes()}
    heads = [
        process
        for process in everybody.values()
        if not process.tty
        and process.pid != os.getpid()
        and _has_no_parent(process, everybody)
        and (marker in environment(process.pid) or (_wipes_environment(process) and _is_inside(process, root)))
    ]
    return frozenset(member for head in heads for member in family(head.pid))


def _has_no_parent(process: Process, everybody: dict[int, Process]) -> bool:
    parent = everybody.get(process.parent)
    return parent is None or process.parent == 1 or parent.session != process.session


def _wipes_environment(process: Process) -> bool:
    return process.name in ("nginx", "master", "postfix-script", "dovecot") or process.name.startswith("php-fpm")


def _is_inside(process: Process, root: Path) -> bool:
    inside = f"{root}/"
    return inside in " ".join(command_line(process.pid)) or f"{working_directory(process.pid)}/".startswith(inside)


def environment(pid: int) -> str:
    """The environment a process was started with, NUL-separated; "" when it is gone or not ours to see."""
    try:
        return (PROC / str(pid) / "environ").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def command_line(pid: int) -> list[str]:
    """The arguments of a process; [] when it has none or is gone."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().decode("utf-8", "replace").strip("\0").split("\0")
    except OSError:
        return []


def working_directory(pid: int) -> str:
    try:
        return os.readlink(PROC / str(pid) / "cwd")  # noqa: PTH115 - a link of the kernel's, not a path of ours
    except OSError:
        return ""


def program(pid: int) -> str:
    """The file that a process runs ("/usr/sbin/nginx"); "" when it is gone or not ours to see."""
    try:
        return os.readlink(PROC / str(pid) / "exe")  # noqa: PTH115
    except OSError:
        return ""


def _process(pid: int) -> Process | None:
    try:
        text = (PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError:
        return None
    name = text[text.index("(") + 1 : text.rindex(")")]
    fields = text[text.rindex(")") + 2 :].split()
    return Process(
        pid=pid,
        state=fields[0],
        parent=int(fields[1]),
        session=int(fields[3]),
        tty=int(fields[4]),
        started=int(fields[19]),
        name=name,
    )
