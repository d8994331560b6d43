"""The DMARC record (RFC 9989 sections 4.6 to 4.8): read as tolerantly as the RFC wants it, written as short as it can be.

Only the version is strict: ``v=DMARC1`` first, in capitals, or it is no DMARC record at all (DmarcError). Everything else
that is wrong is put aside (``faults``) and replaced by its default. ``pct``, ``rf`` and ``ri`` of RFC 7489 are unknown tags
now. No DNS is asked.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote

from mailward.model.errors import BadInput
from mailward.model.sentence import NOTHING, Sentence

LONGEST_RECORD = 8192  # more is not even looked at
MOST_TAGS = 64
MOST_URIS = 20

REMOVED_TAGS = ("pct", "rf", "ri")  # RFC 7489 had them; RFC 9989 Appendix C.5.2
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-+\--:<-~]+")  # RFC 3986, without comma and semicolon
_OLD_SIZE = re.compile(r"!\d+[kmgtKMGT]?$")
_VERSION = re.compile(r"[ \t]*[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)")


class DmarcError(BadInput):
    """What was read is no DMARC record, or no domain that DMARC could be asked for."""

    def __init__(self, what: Sentence, remedy: Sentence = NOTHING, *, code: str) -> None:
        super().__init__("dmarc", what, remedy, code=code)


class Policy(StrEnum):
    """What the owner asks for when a message fails, the mildest first."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"

    def milder(self) -> "Policy":
        """One level below: what ``t=y`` asks for."""
        return Policy.QUARANTINE if self is Policy.REJECT else Policy.NONE


class Mode(StrEnum):
    """How near an authenticated name must be to the author's domain."""

    RELAXED = "r"
    STRICT = "s"


class Psd(StrEnum):
    """Whether the record stands at a public suffix."""

    YES = "y"
    NO = "n"
    UNSAID = "u"


@dataclass(frozen=True)
class DmarcRecord:
    """``p`` None: no usable policy was written, and ``applies`` says whether the record counts as ``p=none`` all the same.

    ``faults`` names the tags that were put aside, ``unknown`` those nobody defines; neither makes two records different.
    """

    p: Policy | None = None
    sp: Policy | None = None
    np: Policy | None = None
    adkim: Mode = Mode.RELAXED
    aspf: Mode = Mode.RELAXED
    rua: tuple[str, ...] = ()
    ruf: tuple[str, ...] = ()
    fo: tuple[str, ...] = ("0",)
    psd: Psd = Psd.UNSAID
    testing: bool = False
    faults: tuple[str, ...] = field(default=(), compare=False)
    unknown: tuple[str, ...] = field(default=(), compare=False)

    @property
    def applies(self) -> bool:
        """Section 4.10.1: without a valid policy the record counts only when it asks for reports."""
        return self.p is not None or bool(self.rua)

    def policy(self, *, below: bool = False, exists: bool = True) -> Policy:
        """The policy for the domain itself, or (``below``) for a subdomain that exists or doesn't. ``t`` isn't applied."""
        own = self.p or Policy.NONE
        if not below:
            return own
        return (self.sp or own) if exists else (self.np or self.sp or own)

    def asked(self, *, below: bool = False, exists: bool = True) -> Policy:
        """The same with ``t``: one level milder while the owner is testing."""
        policy = self.policy(below=below, exists=exists)
        return policy.milder() if self.testing else policy

    def __str__(self) -> str:
        tags = [("v", "DMARC1")]
        tags += [(name, str(value)) for name, value in (("p", self.p), ("sp", self.sp), ("np", self.np)) if value]
        tags += [(name, str(mode)) for name, mode in (("adkim", self.adkim), ("aspf", self.aspf)) if mode is Mode.STRICT]
        tags += [(name, ",".join(uris)) for name, uris in (("rua", self.rua), ("ruf", self.ruf)) if uris]
        tags += [("fo", ":".join(self.fo))] if self.fo != ("0",) else []
        tags += [("psd", str(self.psd))] if self.psd is not Psd.UNSAID else []
        tags += [("t", "y")] if self.testing else []
        return "; ".join(f"{name}={value}" for name, value in tags)


def is_dmarc(text: str) -> bool:
    """Whether a TXT record begins as a DMARC record must; all others at the name are none of DMARC's business."""
    return _VERSION.match(text) is not None


def parse(text: str) -> DmarcRecord:
    """The record. Raises DmarcError (``dmarc-version``, ``dmarc-too-long``) for what is none."""
    if len(text) > LONGEST_RECORD:
        raise DmarcError(Sentence("This DMARC record is far too long."), code="dmarc-too-long")
    if not is_dmarc(text):
        what = Sentence("A DMARC record begins with v=DMARC1, in capitals, and this one doesn't.")
        raise DmarcError(what, Sentence("Let the record begin with v=DMARC1;"), code="dmarc-version")
    values: dict[str, str] = {}
    faults: list[str] = []
    unknown: list[str] = []
    for part in text.split(";")[1 : MOST_TAGS + 1]:
        name, equals, value = (piece.strip(" \t") for piece in part.partition("="))
        name = name.lower()
        if not name and not equals:
            continue
        if not equals or not (name.isascii() and name.isalpha()) or name == "v":
            faults.append(name[:20] or "=")
        elif name not in _READERS:
            unknown.append(name[:20])
        elif name in values or not (value.isascii() and value.isprintable()):
            faults.append(name)
        else:
            values[name] = value
    return _record(values, faults, unknown)


def mailto_address(uri: str) -> str | None:
    """The address a ``mailto:`` URI names (RFC 6068), percent signs undone; None for other URIs and for nonsense."""
    scheme, _, rest = uri.partition(":")
    address = unquote(rest.partition("?")[0])
    local, at, domain = address.rpartition("@")
    if scheme.lower() != "mailto" or not (local and at and domain) or not address.isprintable() or " " in address:
        return None
    return address


def _record(values: dict[str, str], faults: list[str], unknown: list[str]) -> DmarcRecord:
    read: dict[str, object] = {}
    for name, value in values.items():
        try:
            read[name] = _READERS[name](value)
        except ValueError:
            faults.append(name)
    if "p" not in read or {"sp", "np"} & set(faults):  # section 4.10.1: as if it said p=none, when there is a rua
        for name in ("p", "sp", "np"):
            read.pop(name, None)
    if "t" in read:
        read["testing"] = read.pop("t")
    return DmarcRecord(**read, faults=tuple(dict.fromkeys(faults)), unknown=tuple(dict.fromkeys(unknown)))  # type: ignore[arg-type]


def _uris(value: str) -> tuple[str, ...]:
    """The valid URIs of a list, without RFC 7489's sizes; ValueError when none is valid."""
    found = [_OLD_SIZE.sub("", uri.strip(" \t")) for uri in value.split(",")]
    valid = [uri for uri in found if _URI.fullmatch(uri) and (not uri.lower().startswith("mailto:") or mailto_address(uri))]
    if not valid:
        raise ValueError(value)
    return tuple(dict.fromkeys(valid))[:MOST_URIS]


def _failure_options(value: str) -> tuple[str, ...]:
    options = [option.strip(" \t").lower() for option in value.split(":")]
    if not set(options) <= {"0", "1", "d", "s"} or len(set(options)) < len(options) or {"0", "1"} <= set(options):
        raise ValueError(value)
    return tuple(options)


def _yes(value: str) -> bool:
    if value.lower() not in ("y", "n"):
        raise ValueError(value)
    return value.lower() == "y"


_READERS: dict[str, Callable[[str], object]] = {
    "p": lambda value: Policy(value.lower()),
    "sp": lambda value: Policy(value.lower()),
    "np": lambda value: Policy(value.lower()),
    "adkim": lambda value: Mode(value.lower()),
    "aspf": lambda value: Mode(value.lower()),
    "psd": lambda value: Psd(value.lower()),
    "rua": _uris,
    "ruf": _uris,
    "fo": _failure_options,
    "t": _yes,
}
