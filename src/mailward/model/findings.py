"""Findings: what a real connection found at one door under one name, and what ends a problem."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailward.model.doors import Door, Tls
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict

SERVER = "server"  # the ``domain`` of findings about the server itself: its own name, unknown names, no name

STALE_AFTER = timedelta(minutes=60)  # what was found longer ago is unknown now


@dataclass(frozen=True)
class DoorQuestion:
    """One connection to make: which door, by which name, at which address, and what ought to be served there."""

    domain: str
    name: str  # what the client asked for; "" when it sends no name
    door: Door
    port: int
    address: str
    sni: str | None
    wanted_sha256: str | None  # the leaf that was chosen; None: nothing known to compare with
    required: bool = True  # False: a name a client may use, but which no choice promised to cover
    expects_server: bool = False  # an unknown or missing name: the server-wide certificate is right, whatever its names
    modern: bool = False  # the door is to speak TLS 1.3 alone
    rsa_only: bool = False  # asked as a client that knows no ECDSA: the companion is wanted


@dataclass(frozen=True)
class DoorFinding:
    """The answer to a DoorQuestion. ``code`` is stable and documented in docs/codes.md; ``also`` are lesser codes."""

    domain: str
    name: str
    door: Door
    port: int
    address: str
    tls: Tls
    sni: str | None
    verdict: Verdict
    code: str
    reason: Sentence
    remedy: Sentence
    checked_at: datetime
    served_sha256: str | None = None
    wanted_sha256: str | None = None
    not_after: datetime | None = None
    protocol: str | None = None  # "TLSv1.3"
    also: tuple[str, ...] = ()
    rsa_only: bool = False  # this row is about the RSA companion, as a client sees it that knows no ECDSA
