"""Keeping logs from filling the disk: a file that has grown too large is renamed, older ones move up, the oldest goes.

The daemon that writes it must be told to open it anew; until then it goes on writing into the renamed one, so nothing is
lost. Who wrote to whom stands in these files: nobody but root and the daemon that writes it may read one.
"""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

MOST_BYTES = 32 * 1024 * 1024
KEPT = 5
MODE = 0o640


def rotate(directory: Path, *, most: int = MOST_BYTES, kept: int = KEPT) -> tuple[Path, ...]:
    """Rename each ``*.log`` in ``directory`` or in one of its directories that has more than ``most`` bytes, and put an
    empty one in its place, with its mode and owner; their names.

    What the supervisor rotates itself (``*.out.log``, its own) is left to it. Links are never followed, and nothing
    deeper is looked at: some of the directories belong to a daemon's user, who may put anything there.
    """
    full = [path for path in _logs(directory, "*.log", "*/*.log") if path.lstat().st_size > most]
    for path in full:
        was = path.lstat()
        for number in range(kept - 1, 0, -1):
            older = path.with_name(f"{path.name}.{number}")
            if older.exists():
                older.rename(path.with_name(f"{path.name}.{number + 1}"))
        path.rename(path.with_name(f"{path.name}.1"))
        _make(path, was.st_mode, was.st_uid, was.st_gid)
    return tuple(full)


def keep_private(directory: Path, names: Iterable[str]) -> None:
    """Make those of ``names`` that are missing, and close all logs in ``directory`` to everybody else. Some programs make
    theirs readable by every user, and have no setting for it."""
    for name in names:
        if not os.path.lexists(directory / name):
            _make(directory / name, MODE, os.geteuid(), os.getegid())
    for path in (*directory.glob("*.log"), *directory.glob("*.log.[0-9]*")):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) and mode & 0o007:
            path.chmod(stat.S_IMODE(mode) & ~0o007)


def _make(path: Path, mode: int, uid: int, gid: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:  # whoever writes it was quicker
        return
    try:
        os.fchown(descriptor, uid, gid)
        os.fchmod(descriptor, stat.S_IMODE(mode) & ~0o007)
    finally:
        os.close(descriptor)


def _logs(directory: Path, *patterns: str) -> list[Path]:
    found = sorted(path for pattern in patterns for path in directory.glob(pattern))
    return [path for path in found if stat.S_ISREG(path.lstat().st_mode) and _is_ours(path)]


def _is_ours(path: Path) -> bool:
    return not path.name.endswith(".out.log") and path.name != "supervisor.log" and not path.parent.is_symlink()
