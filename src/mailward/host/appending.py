"""Lines added to a file that only root writes, durably, one at a time."""

import os
from pathlib import Path

from mailward.host.files import group_id
from mailward.model.errors import NotPossible
from mailward.model.sentence import Sentence

LONGEST = 4096  # bytes of one line


def append_line(path: Path, line: bytes, group: str) -> None:
    """Add ``line``, which ends with a newline, and wait until it is on disk. The file is root's, and readable by ``group``.
    What a crash left of an earlier line is cut off first. Raises NotPossible."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            os.fchown(descriptor, 0, group_id(group))
            os.fchmod(descriptor, 0o640)
            start = max(0, file.seek(0, os.SEEK_END) - LONGEST)
            file.seek(start)
            tail = file.read()
            file.truncate(start + tail.rfind(b"\n") + 1)
            file.seek(0, os.SEEK_END)
            file.write(line)
            file.flush()
            os.fsync(descriptor)
    except OSError as trouble:
        said = Sentence("{path} could not be written: {reason}", path=path, reason=trouble.strerror or trouble)
        raise NotPossible(said, code="not-written") from None
