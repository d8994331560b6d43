"""Published files as an unprivileged process reads them (model.outside.PublishedFiles)."""

from pathlib import Path

from mailward.model.errors import NotPossible
from mailward.model.sentence import Sentence


class RealPublishedFiles:
    """Straight from the disk, nothing remembered."""

    def mark(self, path: Path) -> tuple[int, ...] | None:
        try:
            status = path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size, status.st_ctime_ns

    def read(self, path: Path, most: int) -> bytes:
        try:
            with path.open("rb") as file:
                return file.read(most)
        except OSError as error:
            said = Sentence("{path} can't be read: {reason}", path=path, reason=error.strerror or error)
            raise NotPossible(said, code="unreadable") from None
