"""What mail clients do, as data: in which order each looks for an address's settings, and what it says about a fault.

Sources: Thunderbird's "Autoconfiguration" page (developer documentation); Microsoft's "Outlook 2016 implementation of
Autodiscover" for the order and its certificate dialogues; Apple's "Mail payload" and "Can't verify server identity"
support pages; RFC 6186 for SRV. Versions of the clients differ; what is here is the order that has been stable. The
clients themselves are not run: their steps are, with real queries and real handshakes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mailward.model.doors import Door
from mailward.model.sentence import Sentence


class MailClient(StrEnum):
    THUNDERBIRD = "Thunderbird"
    OUTLOOK = "Outlook"
    APPLE_MAIL = "Apple Mail"
    BY_HAND = "settings typed by hand"  # any program, with mail.<domain> as people are used to


class Form(StrEnum):
    """In which format a client expects an answer."""

    AUTOCONFIG = "autoconfig"
    AUTODISCOVER = "autodiscover"
    MOBILECONFIG = "mobileconfig"


@dataclass(frozen=True)
class Fetch:
    """Fetches a document. ``url`` is a template of {domain} and {address}; the port is put in where it is asked."""

    form: Form
    host: str
    path: str
    post: bool = False


@dataclass(frozen=True)
class FetchBySrv:
    """Asks for an SRV record, then fetches the document at the host and port that it names."""

    form: Form
    path: str
    post: bool = False


@dataclass(frozen=True)
class Srv:
    """Asks for the SRV records of mail services (RFC 6186), the preferred door first."""

    incoming: tuple[Door, ...]
    outgoing: tuple[Door, ...]


@dataclass(frozen=True)
class Guess:
    """Tries likely names at the doors until a TLS handshake succeeds, trusted or not."""

    incoming: tuple[tuple[str, tuple[Door, ...]], ...]
    outgoing: tuple[tuple[str, tuple[Door, ...]], ...]


@dataclass(frozen=True)
class NotTried:
    """A step that the client takes, but this look doesn't, with the reason."""

    what: Sentence


Step = Fetch | FetchBySrv | Srv | Guess | NotTried

_IMAP = (Door.IMAPS, Door.IMAP)
_POP3 = (Door.POP3S, Door.POP3)
_SENDING = (Door.SUBMISSIONS, Door.SUBMISSION)

DISCOVERY: dict[MailClient, tuple[Step, ...]] = {
    MailClient.THUNDERBIRD: (
        Fetch(Form.AUTOCONFIG, "autoconfig.{domain}", "/mail/config-v1.1.xml?emailaddress={address}"),
        Fetch(Form.AUTOCONFIG, "{domain}", "/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress={address}"),
        NotTried(
            Sentence(
                "Thunderbird would ask Mozilla's list of providers, which knows no domains of this host; it is not "
                "asked here."
            )
        ),
        Guess(
            (("imap.{domain}", _IMAP), ("mail.{domain}", _IMAP), ("pop3.{domain}", _POP3), ("mail.{domain}", _POP3)),
            (("smtp.{domain}", _SENDING), ("mail.{domain}", _SENDING), ("{domain}", _SENDING)),
        ),
    ),
    MailClient.OUTLOOK: (
        Fetch(Form.AUTODISCOVER, "{domain}", "/autodiscover/autodiscover.xml", post=True),
        Fetch(Form.AUTODISCOVER, "autodiscover.{domain}", "/autodiscover/autodiscover.xml", post=True),
        NotTried(
            Sentence(
                "Outlook would ask autodiscover.<domain> over plain HTTP for a redirection; that can be forged, so it "
                "is not asked."
            )
        ),
        FetchBySrv(Form.AUTODISCOVER, "/autodiscover/autodiscover.xml", post=True),
        Guess(
            (("imap.{domain}", _IMAP), ("mail.{domain}", _IMAP), ("pop.{domain}", _POP3), ("mail.{domain}", _POP3)),
            (("smtp.{domain}", _SENDING), ("mail.{domain}", _SENDING)),
        ),
    ),
    MailClient.APPLE_MAIL: (
        Fetch(Form.MOBILECONFIG, "autoconfig.{domain}", "/mailward.mobileconfig"),
        Srv(_IMAP, _SENDING),
        Guess(
            (("mail.{domain}", _IMAP), ("imap.{domain}", _IMAP)),
            (("mail.{domain}", _SENDING), ("smtp.{domain}", _SENDING)),
        ),
    ),
    MailClient.BY_HAND: (Guess((("mail.{domain}", (*_IMAP, *_POP3)),), (("mail.{domain}", _SENDING),)),),
}


class Fault(StrEnum):
    """What a client tells apart. Several codes look the same to it."""

    UNTRUSTED = "untrusted"
    WRONG_NAME = "wrong-name"
    DATES = "dates"
    NO_CONNECTION = "no-connection"
    NO_TLS = "no-tls"


FAULT_OF: dict[str, Fault] = {
    "self-signed": Fault.UNTRUSTED,
    "untrusted-root": Fault.UNTRUSTED,
    "incomplete-chain": Fault.UNTRUSTED,
    "chain-invalid": Fault.UNTRUSTED,
    "wrong-purpose": Fault.UNTRUSTED,
    "weak-key": Fault.UNTRUSTED,
    "weak-signature": Fault.UNTRUSTED,
    "certificate-unreadable": Fault.UNTRUSTED,
    "name-mismatch": Fault.WRONG_NAME,
    "expired": Fault.DATES,
    "not-yet-valid": Fault.DATES,
    "issuer-expired": Fault.DATES,
    "refused": Fault.NO_CONNECTION,
    "unreachable": Fault.NO_CONNECTION,
    "timeout": Fault.NO_CONNECTION,
    "handshake-failed": Fault.NO_CONNECTION,
    "protocol-error": Fault.NO_CONNECTION,
    "starttls-missing": Fault.NO_TLS,
}
"""The other codes (``not-what-was-chosen``, ``old-protocol``, ``expires-soon`` …) show no warning in any client."""

WARNINGS: dict[MailClient, Mapping[Fault, Sentence]] = {
    MailClient.THUNDERBIRD: {
        Fault.UNTRUSTED: Sentence(
            "Add Security Exception: “This site attempts to identify itself with invalid information. Unknown "
            "Identity: the certificate is not trusted.” for {host}:{port}"
        ),
        Fault.WRONG_NAME: Sentence(
            "Add Security Exception: “Wrong Site: the certificate belongs to a different site.” for {host}:{port}"
        ),
        Fault.DATES: Sentence(
            "Add Security Exception: “Outdated Information: the certificate is not currently valid.” for {host}:{port}"
        ),
        Fault.NO_CONNECTION: Sentence("“Could not connect to server {host}; the connection was refused” or “timed out”."),
        Fault.NO_TLS: Sentence(
            "“Unable to establish a secure link with the server {host} using STARTTLS since it doesn't advertise that "
            "feature.”"
        ),
    },
    MailClient.OUTLOOK: {
        Fault.UNTRUSTED: Sentence(
            "Internet Security Warning: “The server you are connected to is using a security certificate that cannot "
            "be verified. A certificate chain processed, but terminated in a root certificate which is not trusted.” "
            "for {host}"
        ),
        Fault.WRONG_NAME: Sentence(
            "Internet Security Warning: “The server you are connected to is using a security certificate that cannot "
            "be verified. The target principal name is incorrect.” for {host}; when it looks for settings: “The name "
            "on the security certificate is invalid or does not match the name of the site.”"
        ),
        Fault.DATES: Sentence(
            "Internet Security Warning: “The server you are connected to is using a security certificate that cannot "
            "be verified. A required certificate is not within its validity period.” for {host}"
        ),
        Fault.NO_CONNECTION: Sentence("“Cannot connect to the server {host}.”"),
        Fault.NO_TLS: Sentence(
            "“Your server does not support the connection encryption type you have specified.” for {host}"
        ),
    },
    MailClient.APPLE_MAIL: {
        Fault.UNTRUSTED: Sentence("Cannot Verify Server Identity: “The identity of “{host}” cannot be verified by Mail.”"),
        Fault.WRONG_NAME: Sentence(
            "Cannot Verify Server Identity: “The identity of “{host}” cannot be verified by Mail.” Its details say "
            "that the name does not match."
        ),
        Fault.DATES: Sentence(
            "Cannot Verify Server Identity: “The identity of “{host}” cannot be verified by Mail.” Its details say "
            "that it has expired."
        ),
        Fault.NO_CONNECTION: Sentence("Cannot Get Mail: “The connection to the server failed.” for {host}"),
        Fault.NO_TLS: Sentence(
            "“Cannot Connect Using SSL. Do you want to try setting up the account without SSL?” for {host}: say No."
        ),
    },
    MailClient.BY_HAND: {
        Fault.UNTRUSTED: Sentence("A warning that the certificate of {host} is not trusted, or no connection at all."),
        Fault.WRONG_NAME: Sentence("A warning that the certificate is not made for {host}, or no connection at all."),
        Fault.DATES: Sentence("A warning that the certificate of {host} is not valid today, or no connection at all."),
        Fault.NO_CONNECTION: Sentence("No connection to {host} at port {port}."),
        Fault.NO_TLS: Sentence("No encryption with {host}: some programs refuse, some ask. Say no."),
    },
}


def warnings(client: MailClient, codes: tuple[str, ...], host: str, port: int) -> tuple[Sentence, ...]:
    """What the client shows for these codes, each fault once, in the codes' order; nothing when it notices nothing."""
    faults = dict.fromkeys(FAULT_OF[code] for code in codes if code in FAULT_OF)
    return tuple(WARNINGS[client][fault].having(host=host, port=port) for fault in faults)
