"""The domains that a From field speaks for (RFC 5322 sections 3.4 and 3.6.2), for whoever answers for them.

Only what every reader reads alike is taken: what could be two things is refused. Comments, quoted names and folding are
understood; groups, routes and addresses without a domain are not.
"""

import re
from collections.abc import Iterator

from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.standards.hostname import parse_host_name

LONGEST = 8192
MOST_MAILBOXES = 50
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PIECE = re.compile(rf"{_QUOTED}|\\.|[()]|[^\"()\\]+", re.DOTALL)
_TOKEN = re.compile(rf'(?P<angle><(?:{_QUOTED}|[^<>"\\:,;()])*>)|(?P<comma>,)|{_QUOTED}|[^",<>;:\\()]+', re.DOTALL)
_DOMAIN = re.compile(r"[^\s\"@]+")


def domains_of(value: bytes) -> tuple[str, ...]:
    """The domains of the mailboxes in a field's value, in its order, as lower-case A-labels. Raises BadInput (from-…)."""
    if len(value) > LONGEST:
        raise _wrong(Sentence("The sender (From) is too long."))
    text = value.decode("utf-8", "replace").replace("\r\n", "").replace("\n", "")
    found = tuple(_domain(address.strip(" \t")) for address in _addresses(_without_comments(text)))
    if len(found) > MOST_MAILBOXES:
        raise _wrong(Sentence("The sender (From) is too long."))
    return found


def _domain(address: str) -> str:
    local, at, domain = address.rpartition("@")
    if not at or not local or not _DOMAIN.fullmatch(domain):
        raise _wrong(Sentence("The sender (From) has no address."))
    return parse_host_name(domain, "from", single_label=True)


def _without_comments(text: str) -> str:
    kept, depth = [], 0
    for piece in _pieces(_PIECE, text):
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth -= 1
            if depth < 0:
                raise _wrong(_TWO_WAYS)
        elif not depth:
            kept.append(piece)
    if depth:
        raise _wrong(_TWO_WAYS)
    return "".join(kept)


def _addresses(text: str) -> Iterator[str]:
    """The address of each mailbox: what stands in angle brackets, or all of it."""
    whole, angle = "", None
    for piece in (*_pieces(_TOKEN, text), ","):
        if piece == ",":
            yield whole if angle is None else angle[1:-1]
            whole, angle = "", None
        elif angle is not None and piece.strip(" \t"):
            raise _wrong(_TWO_WAYS)
        elif piece.startswith("<"):
            angle = piece
        else:
            whole += piece


def _pieces(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        found = pattern.match(text, at)
        if found is None:
            raise _wrong(_TWO_WAYS)
        at = found.end()
        yield found.group()


_TWO_WAYS = Sentence("The sender (From) can be read in more than one way.")


def _wrong(what: Sentence) -> BadInput:
    return BadInput("from", what, code="from-form")
