"""Tag lists, the syntax of DKIM's signatures and key records (RFC 6376 section 3.2). Values keep their inner white space.

Bounded in length and in the number of tags. A name that stands twice, or a piece without ``=``, makes the whole list wrong.
"""

import base64
import binascii
import re

from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence

MOST_CHARACTERS = 32768
MOST_TAGS = 64
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_BLANKS = " \t\r\n"
_FWS = re.compile(r"[ \t\r\n]+")


def parse(text: str, field: str = "dkim") -> dict[str, str]:
    """Tag names (as written: they are case-sensitive) to values without white space around. Raises BadInput (dkim-form)."""
    if len(text) > MOST_CHARACTERS:
        raise wrong(Sentence("This is longer than {most} characters.", most=MOST_CHARACTERS), field)
    pieces = text.split(";", MOST_TAGS + 1)
    if not pieces[-1].strip(_BLANKS):
        pieces.pop()
    if len(pieces) > MOST_TAGS:
        raise wrong(Sentence("This has more than {most} parts.", most=MOST_TAGS), field)
    tags: dict[str, str] = {}
    for piece in pieces:
        name, equals, value = piece.partition("=")
        name = name.strip(_BLANKS)
        if not equals or not _NAME.fullmatch(name):
            raise wrong(Sentence("{part} is not of the form name=value.", part=ascii(piece.strip(_BLANKS)[:40])), field)
        if name in tags:
            raise wrong(Sentence("{name}= stands there twice.", name=name), field)
        tags[name] = value.strip(_BLANKS)
    return tags


def decoded(text: str, name: str, field: str = "dkim") -> bytes:
    """Base64 with white space anywhere in it (RFC 6376 section 2.10). Raises BadInput (dkim-form)."""
    try:
        return base64.b64decode(_FWS.sub("", text), validate=True)
    except (binascii.Error, ValueError):
        raise wrong(Sentence("What stands after {name}= is no base64.", name=name), field) from None


def words(text: str) -> tuple[str, ...]:
    """The words of a list with colons between them."""
    return tuple(word.strip(_BLANKS) for word in text.split(":"))


def wrong(what: Sentence, field: str = "dkim", code: str = "dkim-form") -> BadInput:
    return BadInput(field, what, code=code)
