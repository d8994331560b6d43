"""Keeping logs from filling the disk: a file that has grown too large is renamed, older ones move up, the oldest goes.

The daemon that writes it must be told to open it anew; until then it goes on writing into the renamed one, so nothing is
lost.
"""

from pathlib import Path

MOST_BYTES = 32 * 1024 * 1024
KEPT = 5


def rotate(directory: Path, *, most: int = MOST_BYTES, kept: int = KEPT) -> tuple[Path, ...]:
    """Rename each ``*.log`` below ``directory`` that has more than ``most`` bytes; the names that are free again.

    What the supervisor rotates itself (``*.out.log``, its own) is left to it.
    """
    full = [path for path in sorted(directory.rglob("*.log")) if _is_ours(path) and path.stat().st_size > most]
    for path in full:
        for number in range(kept - 1, 0, -1):
            older = path.with_name(f"{path.name}.{number}")
            if older.exists():
                older.rename(path.with_name(f"{path.name}.{number + 1}"))
        path.rename(path.with_name(f"{path.name}.1"))
    return tuple(full)


def _is_ours(path: Path) -> bool:
    return path.is_file() and not path.name.endswith(".out.log") and path.name != "supervisor.log"
