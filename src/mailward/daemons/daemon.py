"""What there is to know about a daemon, as a value. Nothing here runs anything."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mailward.model.desired import DesiredState
from mailward.model.doors import Door
from mailward.model.generations import File, Renewal
from mailward.model.layout import Layout


@dataclass(frozen=True)
class Program:
    """How the supervisor keeps a daemon: in the foreground, with its arguments, as its user.

    ``user`` is who the process starts as; most daemons start as root and give their rights up themselves.
    ``group_signals``: the signal must reach the whole process group (the argv is a shell, or children would linger).
    """

    argv: tuple[str, ...]
    user: str = "root"
    stop_signal: str = "TERM"
    environment: tuple[tuple[str, str], ...] = ()
    start_seconds: int = 1
    stop_seconds: int = 10
    group_signals: bool = False
    umask: str = "022"


@dataclass(frozen=True)
class Checker:
    """A daemon's own checker over a staged generation: it refuses with a non-zero code, or by saying one of ``words``
    anywhere in its output (some checkers warn and return 0; see docs/decisions)."""

    argv: tuple[str, ...]
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Directory:
    """A directory that must exist before the daemon's checker or the daemon runs."""

    path: Path
    mode: int = 0o755
    owner: str = "root"
    group: str = "root"


@dataclass(frozen=True)
class Daemon:
    """A real program. All functions are pure.

    ``render`` gives every file it reads, with paths below ``<name>/``; what is referred to inside them by an absolute
    path is below ``layout.current`` (so that equal settings give equal bytes in every generation).
    ``checkers`` gets the directory of the staged generation. ``reload`` is the command that makes the running daemon
    re-read its files; None means it must be restarted. ``renewal`` may ask for more than a reload for some files.
    ``reopen`` is the command after its log files were renamed (None: they are rotated by the supervisor).
    """

    name: str
    wanted: Callable[[DesiredState], bool]
    render: Callable[[DesiredState, Layout], tuple[File, ...]]
    program: Callable[[DesiredState, Layout], Program]
    checkers: Callable[[DesiredState, Layout, Path], tuple[Checker, ...]]
    reload: Callable[[Layout], tuple[str, ...]] | None
    doors: tuple[Door, ...] = ()
    renewal: Callable[[File], Renewal] = lambda _file: Renewal.RELOAD
    directories: Callable[[Layout], tuple[Directory, ...]] = lambda _layout: ()
    reopen: Callable[[Layout], tuple[str, ...]] | None = None


def always(_desired: DesiredState) -> bool:
    """For ``Daemon.wanted``: every host runs it."""
    return True
