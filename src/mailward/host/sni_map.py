"""Postfix' table of certificates by name (``tls_server_sni_maps``, lmdb): one entry changes in milliseconds, live at the
next connection, without a reload (postmap(1), postconf(5)).

The table holds private keys, and postmap(1) makes it readable by everybody: so the file is made here first, empty and 0600,
and its mode is looked at again after every change. ``postmap -F`` also returns 0 when a file is missing or is garbage, and
leaves the old entry: so every entry is read back and compared with what was meant. Keys are host names; a wildcard
``*.a.test`` is written ``.a.test``.
"""

import base64
import binascii
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mailward.model.errors import NotPossible
from mailward.model.outside import Completed, Processes
from mailward.model.sentence import Sentence

# 1 GiB of address space, so that 50,000 entries (about 350 MB) never make Postfix enlarge the map while it is served.
_MAIN_CF = "compatibility_level = 3.6\nlmdb_map_size = 1073741824\n"
_ANSWER = 40_000  # bytes of answers asked for in one postmap call: Processes cuts what is longer


class SniMap:
    """The map at ``path`` (without ``.lmdb``). Certificates are given as files: name -> a PEM file, key first."""

    def __init__(self, path: Path, processes: Processes) -> None:
        self._path = path
        self._processes = processes
        self._settings = path.with_name(path.name + ".conf")

    @property
    def file(self) -> Path:
        return self._path.with_name(self._path.name + ".lmdb")

    def create(self) -> None:
        """Make an empty map where there is none, and put its mode right. Changes nothing when all is so."""
        try:
            self._settings.mkdir(mode=0o755, exist_ok=True)
            main_cf = self._settings / "main.cf"
            if not main_cf.exists() or main_cf.read_text() != _MAIN_CF:
                main_cf.write_text(_MAIN_CF)
                os.utime(main_cf, (0, 0))  # Postfix waits up to two seconds before it reads a main.cf that is "hot"
            descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                os.fchmod(descriptor, 0o600)
                empty = os.fstat(descriptor).st_size == 0
            finally:
                os.close(descriptor)
        except OSError as error:
            raise NotPossible(
                Sentence("{path} could not be made: {reason}", path=self.file, reason=error.strerror or error),
                code="sni-map",
            ) from error
        if empty:
            self._postmap("-i", [], b"")
            self._check_mode()

    def put(self, entries: Mapping[str, Path]) -> None:
        """Write several entries in one call, then read them back. NotPossible names those that are not as meant.

        What is wanted is read from the files before and compared with what the map holds after: nothing is believed.
        """
        if not entries:
            return
        self.create()
        wanted = {_key(name): _content(path) for name, path in entries.items()}
        lines = "".join(f"{_key(name)} {_spaceless(path)}\n" for name, path in entries.items())
        completed = self._postmap("-F", ["-i", "-r"], lines.encode())
        self._check_mode()
        wrong = self._differing(wanted)
        if completed.code or wrong:
            raise NotPossible(
                Sentence(
                    "Postfix' table of certificates did not take {names}: {reason}",
                    names=", ".join(wrong[:5]) or "all names",
                    reason=_first_line(completed.stderr),
                ),
                Sentence("Make sure that the disk is not full, then choose the certificate again"),
                code="sni-map",
            )

    def remove(self, names: Iterable[str]) -> None:
        """Take entries away; one that is not there is no error. Read back as well."""
        keys = [_key(name) for name in names]
        if not keys or not self.file.exists():
            return
        self.create()
        self._postmap("-d", ["-"], "".join(f"{key}\n" for key in keys).encode())
        self._check_mode()
        left = [key for batch in _batches(keys, 4000) for key in self._query(batch)]
        if left:
            raise NotPossible(
                Sentence("Postfix' table of certificates still holds {names}", names=", ".join(left[:5])), code="sni-map"
            )

    def held(self, names: Iterable[str]) -> dict[str, bytes]:
        """The PEM that the map holds for each of ``names``; names it doesn't hold are left out. Holds private keys."""
        names = list(names)
        if not self.file.exists():
            return {}
        found: dict[str, bytes] = {}
        for batch in _batches([_key(name) for name in names], 4000):
            found |= self._query(batch)
        return {name: found[_key(name)] for name in names if _key(name) in found}

    def _differing(self, wanted: Mapping[str, bytes]) -> list[str]:
        largest = max(len(pem) for pem in wanted.values()) * 4 // 3 + 300
        found: dict[str, bytes] = {}
        for batch in _batches(list(wanted), largest):
            found |= self._query(batch)
        return [key for key, pem in wanted.items() if found.get(key) != pem]

    def _query(self, keys: Sequence[str]) -> dict[str, bytes]:
        completed = self._postmap("-q", ["-"], "".join(f"{key}\n" for key in keys).encode())
        answers = (line.partition("\t") for line in completed.stdout.splitlines())
        return {key: _decoded(value) for key, tab, value in answers if tab}

    def _postmap(self, first: str, options: Sequence[str], stdin: bytes) -> Completed:
        argv = ("postmap", "-c", str(self._settings), first, *options, f"lmdb:{self._path}")
        return self._processes.run(argv, stdin=stdin, timeout=600)

    def _check_mode(self) -> None:
        status = self.file.stat()
        if stat.S_IMODE(status.st_mode) != 0o600:
            self.file.chmod(0o600)
            raise NotPossible(
                Sentence("{path} holds private keys and was readable by others; it is closed now", path=self.file),
                Sentence("Replace the certificates of this server, since their keys may have been read"),
                code="sni-map-mode",
            )


def _key(name: str) -> str:
    return (name[1:] if name.startswith("*.") else name).lower()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotPossible(
            Sentence("{path} could not be read: {reason}", path=path, reason=error.strerror or error), code="sni-map"
        ) from error


def _spaceless(path: Path) -> Path:
    """postmap separates file names by white space and commas, and knows no quoting."""
    if any(char.isspace() or char == "," for char in str(path)):
        raise NotPossible(
            Sentence("Postfix can't read certificates from {path}: there is a space or a comma in it", path=path),
            Sentence("Use an instance directory without spaces and commas"),
            code="sni-map-path",
        )
    return path


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        return b""


def _batches(keys: Sequence[str], answer: int) -> Iterator[Sequence[str]]:
    """``keys`` in parts whose answers, ``answer`` bytes each, are not cut."""
    size = max(1, _ANSWER // answer)
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "it holds something else than what was written")[:300]
