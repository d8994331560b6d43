"""The messages with reports that Postfix keeps for the steward, on disk (model.outside.ReportDrop).

``new/`` belongs to the unprivileged user that Postfix' script runs as; root reads there. So no link is followed, no pipe or
device is opened for good, no more is read than a message may have, and no name leads out of the directory.
"""

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from mailward.model.errors import NotPossible
from mailward.model.sentence import Sentence

MOST_ASIDE, MOST_ASIDE_BYTES = 100, 100 * 1024 * 1024


class RealReportDrop:
    """The maildir at ``root``; messages of more than ``most_bytes`` are not read."""

    def __init__(self, root: Path, most_bytes: int) -> None:
        self._root = root
        self._most = most_bytes

    def waiting(self, most: int) -> Sequence[str]:
        return _oldest(self._root / "new")[:most]

    def read(self, name: str) -> bytes | None:
        with self._opened("new") as directory:
            try:
                opened = os.open(_plain(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
            except OSError:
                return None
        try:
            status = os.fstat(opened)
            if not stat.S_ISREG(status.st_mode) or status.st_size > self._most:
                return None
            with open(opened, "rb", closefd=False) as file:
                content = file.read(self._most + 1)
        finally:
            os.close(opened)
        return content if len(content) <= self._most else None

    def remove(self, name: str) -> None:
        with self._opened("new") as directory:
            _take_away(name, directory)

    def put_aside(self, name: str) -> None:
        with self._opened("new") as source, self._opened("aside") as target, contextlib.suppress(FileNotFoundError):
            try:
                os.rename(_plain(name), name, src_dir_fd=source, dst_dir_fd=target)
            except (IsADirectoryError, NotADirectoryError, FileExistsError):
                _take_away(name, source)
        _keep_small(self._root / "aside")

    def aside(self) -> int:
        return len(_oldest(self._root / "aside"))

    @contextlib.contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        try:
            directory = os.open(self._root / name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as trouble:
            raise _broken(self._root / name, trouble) from trouble
        try:
            yield directory
        except OSError as trouble:
            raise _broken(self._root / name, trouble) from trouble
        finally:
            os.close(directory)


def _oldest(directory: Path) -> list[str]:
    """By their names, which begin with the time; a directory that isn't there holds none."""
    try:
        return sorted(entry.name for entry in os.scandir(directory))
    except FileNotFoundError:
        return []
    except OSError as trouble:
        raise _broken(directory, trouble) from trouble


def _plain(name: str) -> str:
    if "/" in name or name in ("", ".", ".."):
        raise FileNotFoundError(name)
    return name


def _take_away(name: str, directory: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        try:
            os.unlink(_plain(name), dir_fd=directory)
        except (IsADirectoryError, PermissionError):
            os.rename(name, f"../aside/{name}", src_dir_fd=directory, dst_dir_fd=directory)


def _keep_small(directory: Path) -> None:
    """The newest stay, as long as they are few and small enough."""
    left = MOST_ASIDE_BYTES
    for number, name in enumerate(reversed(_oldest(directory))):
        path = directory / name
        left -= path.lstat().st_size
        if number >= MOST_ASIDE or left < 0:
            _destroy(path)


def _destroy(path: Path) -> None:
    """Whatever it is; ``aside`` is root's alone, and no link is followed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _broken(path: Path, trouble: OSError) -> NotPossible:
    said = Sentence("{path} could not be used: {reason}", path=path, reason=trouble.strerror or trouble)
    return NotPossible(said, code="report-drop")
