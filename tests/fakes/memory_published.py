"""Published files in memory (model.outside.PublishedFiles)."""

from itertools import count
from pathlib import Path

from mailward.model.errors import NotPossible
from mailward.model.sentence import Sentence


class MemoryPublished:
    """``put`` publishes a file, ``remove`` takes it away. ``unreadable``: those that are there and can't be read."""

    def __init__(self) -> None:
        self._files: dict[Path, tuple[int, bytes]] = {}
        self._numbers = count(1)
        self.unreadable: set[Path] = set()
        self.read_paths: list[Path] = []

    def put(self, path: Path, content: bytes) -> None:
        self._files[path] = (next(self._numbers), content)

    def remove(self, path: Path) -> None:
        self._files.pop(path, None)

    def mark(self, path: Path) -> tuple[int, ...] | None:
        return (self._files[path][0],) if path in self._files else None

    def read(self, path: Path, most: int) -> bytes:
        self.read_paths.append(path)
        if path not in self._files or path in self.unreadable:
            raise NotPossible(Sentence("{path} can't be read: {reason}", path=path, reason="fake"), code="unreadable")
        return self._files[path][1][:most]
