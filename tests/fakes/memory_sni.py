"""Postfix' table of certificates by name, in memory (model.outside.SniTable). Like the real one it holds copies: a PEM
file that changes later is not seen."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from mailward.model.errors import NotPossible
from mailward.model.outside import Files


class MemorySni:
    """``entries``: key as Postfix looks it up (``a.test``, ``.a.test`` for a wildcard) -> the PEM. ``broken``: what every
    change raises from now on. ``calls`` remembers."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.entries: dict[str, bytes] = {}
        self.broken: NotPossible | None = None
        self.calls: list[tuple[str, tuple[str, ...]]] = []

    def create(self) -> None:
        self.calls.append(("create", ()))

    def put(self, entries: Mapping[str, Path]) -> None:
        self.calls.append(("put", tuple(entries)))
        if self.broken is not None:
            raise self.broken
        self.entries.update({_key(name): self._files.read(path) for name, path in entries.items()})

    def remove(self, names: Iterable[str]) -> None:
        gone = tuple(names)
        self.calls.append(("remove", gone))
        if self.broken is not None:
            raise self.broken
        for name in gone:
            self.entries.pop(_key(name), None)

    def held(self, names: Iterable[str]) -> dict[str, bytes]:
        return {name: self.entries[_key(name)] for name in names if _key(name) in self.entries}

    def look_up(self, name: str) -> bytes | None:
        """As postconf(5) tls_server_sni_maps: the name, then each parent with a dot in front."""
        parts = name.lower().split(".")
        keys = [".".join(parts), *("." + ".".join(parts[i:]) for i in range(1, len(parts)))]
        return next((self.entries[key] for key in keys if key in self.entries), None)


def _key(name: str) -> str:
    return (name[1:] if name.startswith("*.") else name).lower()
