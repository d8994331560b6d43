"""The keys that sign now, read from the published files when these have changed, and kept in memory.

What can't be read (a broken disk, half a backup) changes nothing: the keys that were read last go on, since their records
stay in DNS while the mail they signed is under way. A domain without a list has no keys.
"""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import structlog

from mailward.mailpath import published
from mailward.model.errors import BadInput, NotPossible
from mailward.model.outside import PublishedFiles
from mailward.standards import dkim

MOST_DOMAINS = 5000  # kept in memory; the one that wrote least lately is forgotten first
MOST_KEY_BYTES = 16384
log = structlog.get_logger()


@dataclass(frozen=True)
class Key:
    """One key, ready to sign."""

    selector: str
    private: dkim.PrivateKey


@dataclass(frozen=True)
class _Held:
    mark: tuple[int, ...]
    keys: tuple[Key, ...]


class SigningKeys:
    """By domain, from ``root`` (Layout.dkim)."""

    def __init__(self, root: Path, files: PublishedFiles) -> None:
        self._root, self._files = root, files
        self._held: OrderedDict[str, _Held] = OrderedDict()

    def of(self, domain: str) -> tuple[Key, ...]:
        """The keys that sign for a domain now; () for one that isn't signed for. Raises BadInput for what is no domain."""
        path = published.signing_file(self._root, domain)
        mark = self._files.mark(path)
        held = self._held.get(domain)
        if mark is None:
            self._held.pop(domain, None)
            return ()
        if held is None or held.mark != mark:
            held = _Held(mark, self._read(path, domain, () if held is None else held.keys))
            self._held[domain] = held
            if len(self._held) > MOST_DOMAINS:
                self._held.popitem(last=False)
        self._held.move_to_end(domain)
        return held.keys

    def _read(self, path: Path, domain: str, before: tuple[Key, ...]) -> tuple[Key, ...]:
        for is_last in (False, False, True):  # a list may be replaced, and its keys removed, while it is read
            try:
                wanted = published.read(self._files.read(path, published.MOST_BYTES + 1))
                known = {key.selector: key for key in before}
                return tuple(known.get(key.selector) or self._key(path.with_name(key.file), key.selector) for key in wanted)
            except (NotPossible, BadInput) as error:
                if is_last:
                    log.error(
                        "keys can't be read", domain=domain, reason=str(error.what), kept=[key.selector for key in before]
                    )
        return before

    def _key(self, path: Path, selector: str) -> Key:
        return Key(selector, dkim.load_private(self._files.read(path, MOST_KEY_BYTES)))
