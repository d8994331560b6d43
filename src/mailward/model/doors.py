"""Doors: the ports by which browsers, mail clients and other mail servers come in.

The standard ports are those of RFC 8314 (submissions, imaps, pop3s), RFC 6409 (submission), RFC 5321 (smtp),
RFC 3501 (imap), RFC 1939 (pop3) and RFC 5804 (sieve).
"""

from dataclasses import dataclass
from enum import StrEnum


class Tls(StrEnum):
    """How a door turns on TLS: from the first byte, by a STARTTLS command, or not at all."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


class Role(StrEnum):
    """Which choice of certificate a door follows: the webmail one or the mail one."""

    WEB = "web"
    MAIL = "mail"


class Door(StrEnum):
    """A door's name as it is used in settings, findings and commands."""

    HTTPS = "https"
    IMAPS = "imaps"
    POP3S = "pop3s"
    SMTP = "smtp"
    SUBMISSION = "submission"
    SUBMISSIONS = "submissions"
    IMAP = "imap"
    POP3 = "pop3"
    SIEVE = "sieve"

    @property
    def kind(self) -> "DoorKind":
        return KINDS[self]


@dataclass(frozen=True)
class DoorKind:
    """What never changes about a door. ``demo_offset`` is added to an instance's base port (2000 by default)."""

    protocol: str  # http, imap, pop3, smtp, sieve
    tls: Tls
    role: Role
    standard_port: int
    demo_offset: int
    always_open: bool  # the doors that RFC 8314 discourages are closed unless mailward.toml opens them
    mandatory_tls: bool  # nothing of value is said in clear: the door refuses to go on without TLS


KINDS: dict[Door, DoorKind] = {
    Door.HTTPS: DoorKind("http", Tls.IMPLICIT, Role.WEB, 443, 6443, True, True),
    Door.IMAPS: DoorKind("imap", Tls.IMPLICIT, Role.MAIL, 993, 993, True, True),
    Door.POP3S: DoorKind("pop3", Tls.IMPLICIT, Role.MAIL, 995, 995, True, True),
    Door.SMTP: DoorKind("smtp", Tls.STARTTLS, Role.MAIL, 25, 525, True, False),
    Door.SUBMISSION: DoorKind("smtp", Tls.STARTTLS, Role.MAIL, 587, 587, True, True),
    Door.SUBMISSIONS: DoorKind("smtp", Tls.IMPLICIT, Role.MAIL, 465, 465, True, True),
    Door.IMAP: DoorKind("imap", Tls.STARTTLS, Role.MAIL, 143, 143, False, True),
    Door.POP3: DoorKind("pop3", Tls.STARTTLS, Role.MAIL, 110, 110, False, True),
    Door.SIEVE: DoorKind("sieve", Tls.STARTTLS, Role.MAIL, 4190, 2190, False, True),
}
