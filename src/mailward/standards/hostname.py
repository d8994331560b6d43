"""Host names and domains as people type them, turned into the one form that is stored and served.

RFC 1123 section 2.1 and RFC 952 (letters, digits, hyphens), RFC 1035 section 2.3.4 (63 octets a label, 253 a name),
RFC 5891 with the mapping of UTS #46 (IDNA), RFC 6125/9525 (wildcards). The form kept is lower-case A-labels without a
trailing dot. Nothing is guessed: what isn't a name is refused with the field, a stable code, the reason and the remedy.
No DNS is asked.
"""

import ipaddress
import re
import unicodedata

import idna

from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence

LONGEST_NAME = 253
LONGEST_LABEL = 63
LONGEST_INPUT = 1024  # more is not even looked at
_LDH = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")

CODES = (
    "name-empty",
    "name-characters",
    "name-address",
    "name-too-long",
    "name-empty-label",
    "name-label-too-long",
    "name-hyphen",
    "name-underscore",
    "name-wildcard",
    "name-numeric",
    "name-idna",
    "name-single-label",
)


def parse_host_name(text: str, field: str = "name", *, wildcard: bool = False, single_label: bool = False) -> str:
    """The A-label form of a host name. Raises BadInput.

    ``wildcard`` allows ``*.`` in front (RFC 9525 section 6.3: the whole left-most label, and only there);
    ``single_label`` allows a name without a dot, such as ``localhost``.
    """
    name = _plain_text(text, field)
    star = name.startswith("*.")
    if star and not wildcard:
        raise _refuse(field, "name-wildcard", _WILDCARD, _NO_WILDCARD)
    ascii_name = _a_labels(name[2:] if star else name, field, text)
    _check_whole(ascii_name, 2 if star else 0, field, text)
    if "." not in ascii_name and not single_label:
        raise _refuse(field, "name-single-label", Sentence("{name} has no dot.", name=show(text)), _FULL_NAME)
    return f"*.{ascii_name}" if star else ascii_name


def parse_domain(text: str, field: str = "domain") -> str:
    """The A-label form of a domain that mail is delivered for: at least two labels, no wildcard. Raises BadInput."""
    return parse_host_name(text, field)


def display_name(name: str) -> str:
    """A name as people write it (U-labels); a label that is no valid IDNA stays as it is."""
    return ".".join(_display_label(label) for label in name.split("."))


def show(text: str) -> str:
    """Input made safe to put in a sentence: control and invisible characters as escapes, at most 80 characters."""
    cut = text if len(text) <= 80 else text[:79] + "…"
    return "".join(
        c if c == "…" or (c.isprintable() and unicodedata.category(c)[0] != "C") else ascii(c)[1:-1] for c in cut
    )


_WILDCARD = Sentence("A wildcard can't be used here.")
_NO_WILDCARD = Sentence("Give one name, without the star.")
_FULL_NAME = Sentence("Give the full name, such as example.com.")
_LETTERS = Sentence("Use letters, digits and hyphens, with dots between the parts, such as mail.example.com.")


def _plain_text(text: str, field: str) -> str:
    """Whole-input rules: something there, not absurdly long, no control characters or spaces; one trailing dot goes."""
    if not text.strip():
        raise BadInput(field, Sentence("No name was given."), _FULL_NAME, code="name-empty")
    if len(text) > LONGEST_INPUT:
        raise _refuse(field, "name-too-long", Sentence("This name is far too long."), _shorter(LONGEST_NAME))
    if any(c.isspace() or unicodedata.category(c) in ("Cc", "Zs", "Zl", "Zp", "Cs", "Co") for c in text):
        what = Sentence("{name} contains a space or a control character.", name=show(text))
        raise _refuse(field, "name-characters", what, _LETTERS)
    if _is_address(text):
        what = Sentence("{name} is an IP address, not a name.", name=show(text))
        raise _refuse(field, "name-address", what, Sentence("Give the host's name: certificates are made for names."))
    return text.removesuffix(".")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]").partition("%")[0].removesuffix("."))
    except ValueError:
        return False
    return True


def _a_labels(name: str, field: str, text: str) -> str:
    """Each label checked and converted. The checks that people can understand come before idna's own."""
    try:
        mapped = idna.uts46_remap(name, std3_rules=False, transitional=False)
    except idna.IDNAError as trouble:
        raise _refuse(field, "name-characters", _no_name(text), _LETTERS) from trouble
    return ".".join(_a_label(label, field, text) for label in mapped.lower().split("."))


def _a_label(label: str, field: str, text: str) -> str:
    if not label:
        what = Sentence("{name} has an empty part: two dots in a row, or a dot at the start or end.", name=show(text))
        raise _refuse(field, "name-empty-label", what, Sentence("Remove the dot that is too many."))
    if "*" in label:
        raise _refuse(field, "name-wildcard", _WILDCARD, _NO_WILDCARD)
    if "_" in label:
        what = Sentence("{name} contains an underscore, which host names can't have.", name=show(text))
        raise _refuse(field, "name-underscore", what, _LETTERS)
    if label.startswith("-") or label.endswith("-"):
        what = Sentence("{name} has a part that starts or ends with a hyphen.", name=show(text))
        raise _refuse(field, "name-hyphen", what, _LETTERS)
    if label.isascii():
        return _ascii_label(label, field, text)
    try:
        encoded = idna.alabel(label).decode("ascii")
    except (idna.IDNAError, UnicodeError) as trouble:
        if "too long" in str(trouble).lower():
            raise _label_too_long(field, text) from trouble
        raise _no_idna(field, label, text) from trouble
    return encoded


def _ascii_label(label: str, field: str, text: str) -> str:
    if len(label) > LONGEST_LABEL:
        raise _label_too_long(field, text)
    if not _LDH.fullmatch(label):
        raise _refuse(field, "name-characters", _no_name(text), _LETTERS)
    if label.startswith("xn--"):
        try:
            idna.ulabel(label)
        except (idna.IDNAError, UnicodeError) as trouble:
            raise _no_idna(field, label, text) from trouble
    elif label[2:4] == "--":  # RFC 5891 section 4.2.3.1: reserved, and never registered
        raise _no_idna(field, label, text)
    return label


def _check_whole(name: str, extra: int, field: str, text: str) -> None:
    if len(name) + extra > LONGEST_NAME:
        what = Sentence("This name has {length} characters.", length=len(name) + extra)
        raise _refuse(field, "name-too-long", what, _shorter(LONGEST_NAME))
    last = name.rpartition(".")[2]
    if last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last):  # programs read such a name as an IPv4 address
        what = Sentence("{name} ends in a number, so programs take it for an IP address.", name=show(text))
        raise _refuse(field, "name-numeric", what, _FULL_NAME)


def _display_label(label: str) -> str:
    try:
        return idna.ulabel(label) if label.startswith("xn--") else label
    except (idna.IDNAError, UnicodeError):
        return label


def _no_name(text: str) -> Sentence:
    return Sentence("{name} contains characters that host names can't have.", name=show(text))


def _no_idna(field: str, label: str, text: str) -> BadInput:
    what = Sentence("The part {label} of {name} is no valid internationalised name.", label=show(label), name=show(text))
    return _refuse(field, "name-idna", what, Sentence("Write the name as its owner registered it."))


def _label_too_long(field: str, text: str) -> BadInput:
    what = Sentence("{name} has a part of more than {most} characters.", name=show(text), most=LONGEST_LABEL)
    return _refuse(field, "name-label-too-long", what, _shorter(LONGEST_LABEL))


def _shorter(most: int) -> Sentence:
    return Sentence("Use at most {most} characters.", most=most)


def _refuse(field: str, code: str, what: Sentence, remedy: Sentence) -> BadInput:
    return BadInput(field, what, remedy, code=code)
