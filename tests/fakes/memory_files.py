"""Files in memory (model.outside.Files), with the faults a disk can have."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mailward.model.errors import NotPossible
from mailward.model.sentence import NOTHING, Sentence


@dataclass
class Entry:
    """What is at a path: bytes of a file, a link's target (str), or a directory (None)."""

    what: bytes | str | None
    mode: int = 0o755
    owner: str = "root"
    group: str = "root"


class MemoryFiles:
    """``room``: bytes that may still be written before the disk is full (None: no limit). ``broken``: paths that can't
    be changed. ``users`` and ``groups`` are the names that exist."""

    def __init__(self, root: Path = Path("/instance"), *, room: int | None = None) -> None:
        self._root = root
        self.room = room
        self.broken: set[Path] = set()
        self.users = {"root", "nobody"}
        self.groups = {"root", "nogroup"}
        self.writes: list[Path] = []
        self.entries: dict[Path, Entry] = {root: Entry(None)}
        for parent in root.parents:
            self.entries[parent] = Entry(None)

    def read(self, path: Path) -> bytes:
        entry = self._entry(path)
        if entry is None:
            raise _error("read", path, "No such file or directory", "missing")
        if not isinstance(entry.what, bytes):
            raise _error("read", path, "Is a directory", "file-error")
        return entry.what

    def exists(self, path: Path) -> bool:
        return self._entry(path) is not None

    def write(
        self,
        path: Path,
        content: bytes,
        *,
        mode: int = 0o644,
        owner: str = "root",
        group: str = "root",
        settled: bool = False,
    ) -> None:
        self._must_exist(owner, group)
        self._place_for(path, "written")
        if self.room is not None:
            if len(content) > self.room:
                raise _error("written", path, "No space left on device", "disk-full")
            self.room -= len(content)
        self.entries[self._resolved_parent(path)] = Entry(content, mode, owner, group)
        self.writes.append(path)

    def link(self, path: Path, target: str) -> None:
        self._place_for(path, "made a link")
        self.entries[self._resolved_parent(path)] = Entry(target, 0o777)

    def target(self, path: Path) -> str | None:
        entry = self.entries.get(self._resolved_parent(path))
        return entry.what if entry is not None and isinstance(entry.what, str) else None

    def make_directory(self, path: Path, *, mode: int = 0o755, owner: str = "root", group: str = "root") -> None:
        self._must_exist(owner, group)
        if path in self.broken:
            raise _error("made", path, "Permission denied", "permission")
        for parent in reversed(path.parents):
            if self._entry(parent) is None:
                self.entries[parent] = Entry(None)
        there = self._entry(path)
        if there is not None and there.what is not None:
            raise _error("made", path, "File exists", "file-error")
        self.entries[self._resolved(path)] = Entry(None, mode, owner, group)

    def put_right(self, path: Path, *, mode: int, owner: str = "root", group: str = "root") -> None:
        self._must_exist(owner, group)
        entry = self._entry(path)
        if entry is not None:
            entry.mode, entry.owner, entry.group = mode, owner, group

    def names(self, path: Path) -> list[str]:
        place = self._resolved(path)
        return sorted(other.name for other in self.entries if other.parent == place and other != place)

    def remove(self, path: Path) -> None:
        place = self._resolved_parent(path)
        entry = self.entries.get(place)
        if entry is None:
            return
        if path in self.broken:
            raise _error("removed", path, "Permission denied", "permission")
        if entry.what is None:
            raise _error("removed", path, "Is a directory", "file-error")
        del self.entries[place]

    def remove_tree(self, path: Path) -> None:
        place = self._resolved_parent(path)
        if path.name in ("", ".", "..") or self._root not in place.parents:
            raise NotPossible(
                Sentence("{path} is not removed: it lies outside {root}", path=path, root=self._root), code="outside-root"
            )
        for other in [other for other in self.entries if other == place or place in other.parents]:
            del self.entries[other]

    def sweep(self, _directory: Path) -> int:
        return 0

    def mode(self, path: Path) -> tuple[int, str, str]:
        """Mode, owner and group of what is at ``path`` (tests ask)."""
        entry = self._entry(path)
        assert entry is not None, f"nothing is at {path}"
        return entry.mode, entry.owner, entry.group

    def tree(self) -> Iterator[tuple[Path, bytes | str]]:
        """Every file and link, sorted by path."""
        for path in sorted(self.entries):
            what = self.entries[path].what
            if what is not None:
                yield path, what

    def _place_for(self, path: Path, verb: str) -> None:
        if path in self.broken:
            raise _error(verb, path, "Permission denied", "permission")
        parent = self._entry(path.parent)
        if parent is None:
            raise _error(verb, path, "No such file or directory", "missing")
        if parent.what is not None:
            raise _error(verb, path, "Not a directory", "file-error")
        there = self.entries.get(self._resolved_parent(path))
        if there is not None and there.what is None:
            raise _error(verb, path, "Is a directory", "file-error")

    def _entry(self, path: Path) -> Entry | None:
        return self.entries.get(self._resolved(path))

    def _resolved_parent(self, path: Path) -> Path:
        return self._resolved(path.parent) / path.name

    def _resolved(self, path: Path, depth: int = 0) -> Path:
        """``path`` with every symbolic link followed, also in the middle."""
        place = Path("/")
        for part in path.parts[1:]:
            place = place.parent if part == ".." else place / part
            entry = self.entries.get(place)
            if entry is not None and isinstance(entry.what, str):
                if depth > 20:
                    return Path("/a/loop/of/links")
                place = self._resolved(place.parent / entry.what, depth + 1)
        return place

    def _must_exist(self, owner: str, group: str) -> None:
        if owner not in self.users:
            raise NotPossible(Sentence("There is no user {name} on this host", name=owner), code="no-such-user")
        if group not in self.groups:
            raise NotPossible(Sentence("There is no group {name} on this host", name=group), code="no-such-group")


def _error(verb: str, path: Path, reason: str, code: str) -> NotPossible:
    what = Sentence("{path} could not be {verb}: {reason}", path=path, verb=verb, reason=reason)
    return NotPossible(what, NOTHING, code=code)
