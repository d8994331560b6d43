"""Messages with reports in memory (model.outside.ReportDrop)."""

from collections.abc import Sequence


class MemoryDrop:
    """``put`` is Postfix. Content None stands for what is no plain file."""

    def __init__(self) -> None:
        self.new: dict[str, bytes | None] = {}
        self.kept: dict[str, bytes | None] = {}

    def put(self, name: str, content: bytes | None) -> None:
        self.new[name] = content

    def waiting(self, most: int) -> Sequence[str]:
        return sorted(self.new)[:most]

    def read(self, name: str) -> bytes | None:
        return self.new.get(name)

    def remove(self, name: str) -> None:
        self.new.pop(name, None)

    def put_aside(self, name: str) -> None:
        if name in self.new:
            self.kept[name] = self.new.pop(name)
            for old in sorted(self.kept)[:-100]:
                del self.kept[old]

    def aside(self) -> int:
        return len(self.kept)
