"""What a mail client has to know to reach a mailbox, whatever the format it learns it in.

The formats are next door: ``autoconfig`` (Thunderbird), ``autodiscover`` (Outlook), ``mobileconfig`` (Apple),
``client_srv`` (DNS). The order of the servers is the order of preference, as RFC 8314 wants it: implicit TLS first.
Passwords never appear here.
"""

from dataclasses import dataclass
from enum import StrEnum

from mailward.model.doors import Door, Tls
from mailward.model.settings import Settings


class UserName(StrEnum):
    """How a client writes the user name: the whole address, or what stands before the @."""

    ADDRESS = "address"
    LOCAL_PART = "local-part"

    def of(self, address: str) -> str:
        return address if self is UserName.ADDRESS else address.rpartition("@")[0]


@dataclass(frozen=True)
class MailServer:
    """One server of a mailbox. ``protocol`` is imap, pop3 or smtp."""

    protocol: str
    host: str
    port: int
    tls: Tls
    user_name: UserName = UserName.ADDRESS


@dataclass(frozen=True)
class MailSettings:
    """Where the mail of a domain is read and sent; the first of each is what a client ought to take."""

    domain: str
    incoming: tuple[MailServer, ...]
    outgoing: tuple[MailServer, ...]


_INCOMING = (Door.IMAPS, Door.IMAP, Door.POP3S, Door.POP3)
_OUTGOING = (Door.SUBMISSIONS, Door.SUBMISSION)


def settings_of(settings: Settings, domain: str, host: str) -> MailSettings:
    """The settings to announce for ``domain``: every open door for people, at ``host`` (``mail.<domain>``, or the
    server's own name when the domain has no certificate of its own)."""
    return MailSettings(domain, _servers(settings, host, _INCOMING), _servers(settings, host, _OUTGOING))


def _servers(settings: Settings, host: str, doors: tuple[Door, ...]) -> tuple[MailServer, ...]:
    return tuple(
        MailServer(door.kind.protocol, host, settings.ports[door], door.kind.tls)
        for door in doors
        if settings.is_open(door)
    )
