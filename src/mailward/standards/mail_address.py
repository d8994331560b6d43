"""Mail addresses that live here: ``local@domain`` as Mailward hosts them.

A strict part of RFC 5321 section 4.1.2 (Dot-string local parts of at most 64 octets, section 4.5.3.1.1), lower-cased
because nobody means two people by Anna@ and anna@. Quoted local parts, address literals, and the characters that have
a meaning to programs that mail passes through (``/ | ! % * ? $ {``, a ``-`` in front) are refused, though other hosts
may have them. The recipient delimiter ``+`` is refused in a mailbox's own name: anna+news@ is delivered to anna@.
"""

import re
from dataclasses import dataclass

from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.standards.hostname import LONGEST_INPUT, parse_domain, show

LONGEST_LOCAL_PART = 64
LONGEST_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3 (a path of 256 with its angle brackets)
_ATOM = re.compile(r"[a-z0-9_&'=-]+")

CODES = ("address-form", "address-local-part", "address-too-long")


@dataclass(frozen=True)
class MailAddress:
    """``local_part`` is lower case; ``domain`` is lower-case A-labels."""

    local_part: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local_part}@{self.domain}"


def parse_address(text: str, field: str = "address") -> MailAddress:
    """The address of a mailbox here. Raises BadInput with the reason."""
    local_part, at, domain = text[: LONGEST_INPUT + 1].rpartition("@")
    if not at or not local_part or not domain or domain.startswith("["):
        what = Sentence("{address} is not a mail address.", address=show(text))
        raise BadInput(field, what, _EXAMPLE, code="address-form")
    address = MailAddress(parse_local_part(local_part, field), parse_domain(domain, field))
    if len(str(address)) > LONGEST_ADDRESS:
        what = Sentence("This address has more than {most} characters.", most=LONGEST_ADDRESS)
        raise BadInput(field, what, Sentence("Choose a shorter name."), code="address-too-long")
    return address


def parse_local_part(text: str, field: str = "address") -> str:
    """What stands before the @, lower case. Raises BadInput."""
    local_part = text.lower()
    if len(local_part) > LONGEST_LOCAL_PART:
        what = Sentence("The part before the @ has more than {most} characters.", most=LONGEST_LOCAL_PART)
        raise BadInput(field, what, Sentence("Choose a shorter name."), code="address-too-long")
    if "+" in local_part:
        what = Sentence("{local} contains a plus sign: what follows it is not part of a mailbox's name.", local=show(text))
        remedy = Sentence(
            "Leave out the plus sign and what follows: such addresses are delivered without further settings."
        )
        raise BadInput(field, what, remedy, code="address-local-part")
    if local_part.startswith("-") or not all(_ATOM.fullmatch(atom) for atom in local_part.split(".")):
        what = Sentence("{local} can't stand before the @ of a mailbox here.", local=show(text))
        raise BadInput(field, what, _CHARACTERS, code="address-local-part")
    return local_part


_EXAMPLE = Sentence("Write it like anna@example.com.")
_CHARACTERS = Sentence("Use letters a to z, digits, hyphens, underscores and single dots between them, such as anna.smith.")
