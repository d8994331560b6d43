"""The files that say what a domain's mail is signed with: made by the steward, read by the mail path, by nobody else.

``<instance>/dkim/<domain>/signing.json`` is a list of objects, one for each key that signs now::

    [{"algorithm": "rsa2048", "file": "m2026a.pem", "selector": "m2026a"}, …]

``file`` lies beside it: the private key in PEM (PKCS #8). A key's file is written before the list that names it, never
changed once written, and removed after the list that named it was replaced; the list is replaced in one step. So a reader
that finds a file gone reads the list again. Pure: text in, values out.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from mailward.model.dns import DkimAlgorithm
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.standards.hostname import parse_host_name

MOST_BYTES = 16384
MOST_KEYS = 4
_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class SigningKey:
    """A key that signs now. ``file`` is the name of its PEM beside the list."""

    selector: str
    algorithm: DkimAlgorithm
    file: str


def place(root: Path, domain: str) -> Path:
    """Where a domain's files lie. Raises BadInput for what is no domain: it would lead elsewhere."""
    return root / parse_host_name(domain, "domain", single_label=True)


def signing_file(root: Path, domain: str) -> Path:
    return place(root, domain) / "signing.json"


def key_name(selector: str) -> str:
    """The name of a key's file. Raises BadInput for what is no selector."""
    if not _SELECTOR.fullmatch(selector):
        raise _wrong(Sentence("{selector} is no name of a DKIM key.", selector=ascii(selector[:80])))
    return f"{selector}.pem"


def write(keys: Iterable[SigningKey]) -> bytes:
    """The list. Equal keys give equal bytes. Raises BadInput for what couldn't be read."""
    found = sorted(keys, key=lambda key: (key.algorithm, key.selector))
    content = json.dumps([asdict(key) for key in found], sort_keys=True, indent=1).encode() + b"\n"
    read(content)
    return content


def read(content: bytes) -> tuple[SigningKey, ...]:
    """What a list says. Raises BadInput (dkim-signing)."""
    if len(content) > MOST_BYTES:
        raise _wrong(Sentence("The list of keys is too long."))
    try:
        rows = json.loads(content)
        if not isinstance(rows, list):
            raise TypeError
        found = tuple(SigningKey(row["selector"], DkimAlgorithm(row["algorithm"]), row["file"]) for row in rows)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _wrong(Sentence("The list of keys can't be read.")) from None
    if len(found) > MOST_KEYS or not all(
        isinstance(key.selector, str) and key.file == key_name(key.selector) for key in found
    ):
        raise _wrong(Sentence("The list of keys can't be read."))
    return found


def _wrong(what: Sentence) -> BadInput:
    return BadInput("dkim", what, code="dkim-signing")
