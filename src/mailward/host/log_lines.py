"""The lines that a daemon has added to its log since they were last read, whatever happens to the file meanwhile.

How far it was read (device, inode, offset) is kept in a small file, so that a restart neither repeats nor skips. A log that
was moved aside (host/log_files.py) is read to its end first. Never more than ``most`` bytes at once, and only whole lines.
"""

import os
from collections.abc import Iterator
from pathlib import Path

MOST_BYTES = 1 << 20
_ROTATED = 2  # how many moved files are looked at: more are moved aside in a day at most


def new_lines(log: Path, mark: Path, most: int = MOST_BYTES) -> tuple[bytes, ...]:
    """Whole lines without their ends, oldest first; none when there is no log. ``mark`` is where it was read to."""
    seen = _read_mark(mark)
    for path in _in_order(log, seen):
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            identity = status.st_dev, status.st_ino
            begin = seen[2] if seen is not None and seen[:2] == identity and seen[2] <= status.st_size else 0
            file.seek(begin)
            block = file.read(most)
        whole = block[: block.rfind(b"\n") + 1]
        if not whole and len(block) == most:  # no line is that long: pass it over
            whole = block
        if whole:
            _write_mark(mark, (*identity, begin + len(whole)))
            return tuple(whole.splitlines())
    return ()


def _in_order(log: Path, seen: tuple[int, int, int] | None) -> Iterator[Path]:
    """The file that was read last, wherever it lies now, and then the one that is written now."""
    for path in (*(log.with_name(f"{log.name}.{number}") for number in range(_ROTATED, 0, -1)), log):
        try:
            status = path.lstat()
        except OSError:
            continue
        if path == log or (seen is not None and (status.st_dev, status.st_ino) == seen[:2]):
            yield path


def _read_mark(mark: Path) -> tuple[int, int, int] | None:
    try:
        device, inode, offset = (int(one) for one in mark.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return None
    return device, inode, offset


def _write_mark(mark: Path, seen: tuple[int, int, int]) -> None:
    new = mark.with_name(f".{mark.name}.new")
    new.write_text(" ".join(map(str, seen)), encoding="ascii")
    new.replace(mark)
