"""What root has seen of the chain of events: a file of lines (time, number of the event, its hash) to which the steward
adds, and which the panel's process, who writes the store, can read and never write.

Nothing here writes. A last line without its end was cut short by a crash, and counts for nothing.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mailward.model.errors import NotPossible
from mailward.model.sentence import Sentence

_TAIL = 4096  # bytes; a line has some 150


@dataclass(frozen=True)
class Anchor:
    """At ``at`` the last row of the chain was ``event``, with this hash."""

    at: datetime
    event: int
    sha256: str

    def line(self) -> bytes:
        parts = {"at": self.at.astimezone(UTC).isoformat(), "event": self.event, "sha256": self.sha256}
        return json.dumps(parts).encode() + b"\n"


def read_anchors(path: Path) -> Iterator[Anchor]:
    """All of them, as they were written, one at a time. None where there is no such file yet."""
    try:
        with path.open("rb") as file:
            yield from (_anchor(line, path) for line in file if line.endswith(b"\n"))
    except FileNotFoundError:
        return


def last_anchor(path: Path) -> Anchor | None:
    """The newest, without reading the others."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            lines = [line for line in file.read().splitlines(keepends=True) if line.endswith(b"\n")]
    except FileNotFoundError:
        return None
    return _anchor(lines[-1], path) if lines else None


def _anchor(line: bytes, path: Path) -> Anchor:
    try:
        parts = json.loads(line)
        return Anchor(datetime.fromisoformat(parts["at"]), int(parts["event"]), str(parts["sha256"]))
    except (ValueError, KeyError, TypeError):
        said = Sentence("{path} holds a line that is no anchor of the record of activity", path=path)
        remedy = Sentence("Only root can write there. Find out who did, and bring the file back from a backup.")
        raise NotPossible(said, remedy, code="anchors-unreadable") from None
