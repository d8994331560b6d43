"""What is and isn't possible with mail servers that Mailward doesn't keep (A8), for ``doctor``.

Pure: facts in, sentences out. The manual says that with qmail and Courier no certificate can be chosen per domain. That
holds where they are set up in the usual way; the sentences say it first, and then what the software itself or a TLS
door in front of it allows. None of this was ever run here, and each remedy says so. Sources: the comments of Debian's
``/etc/courier/imapd-ssl`` (courier-imap 5.0.13), Exim's specification (``tls_certificate`` is expanded,
``$tls_in_sni``), Sendmail's operations guide.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from mailward.model.other_servers import OtherServer
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict

NAMES = ("qmail", "courier", "exim", "sendmail", "opensmtpd", "cyrus", "postfix", "dovecot")


@dataclass(frozen=True)
class Explained:
    """One server explained. WARN while it runs, since its doors aren't proven; NOT_APPLICABLE when it only lies there."""

    name: str
    verdict: Verdict
    reason: Sentence
    remedy: Sentence


def explain(found: Iterable[OtherServer]) -> tuple[Explained, ...]:
    """An explanation for each server that is installed or runs, in the order given; unknown names are passed over."""
    return tuple(_explain(server) for server in found if (server.installed or server.running) and server.name in NAMES)


def _explain(server: OtherServer) -> Explained:
    verdict = Verdict.WARN if server.running else Verdict.NOT_APPLICABLE
    state = _RUNNING if server.running else _INSTALLED
    reason = state[server.name].having(evidence=server.evidence or server.name, version=server.version or "?")
    return Explained(server.name, verdict, reason, _REMEDIES[server.name])


_RUNNING = {
    "qmail": Sentence("qmail runs ({evidence}). It can't show a certificate of a domain: all meet the server's own."),
    "courier": Sentence(
        "Courier runs ({evidence}). Set up as usual, it shows one certificate to everybody, and none can be chosen "
        "for a domain."
    ),
    "exim": Sentence("Exim runs ({evidence}, version {version}). Mailward neither keeps it nor proves its doors."),
    "sendmail": Sentence(
        "Sendmail runs ({evidence}). It shows the same certificate to everybody, and none can be chosen for a domain."
    ),
    "opensmtpd": Sentence("OpenSMTPD runs ({evidence}). Mailward neither keeps it nor proves its doors."),
    "cyrus": Sentence("Cyrus runs ({evidence}). Mailward neither keeps it nor proves its doors."),
    "postfix": Sentence("Another Postfix than Mailward's is set up or runs here ({evidence}). Its doors are not proven."),
    "dovecot": Sentence("Another Dovecot than Mailward's is set up or runs here ({evidence}). Its doors are not proven."),
}
_INSTALLED = {
    "qmail": Sentence("qmail is installed ({evidence}), but does not run: it is in nobody's way."),
    "courier": Sentence("Courier is installed ({evidence}), but does not run: it is in nobody's way."),
    "exim": Sentence("Exim is installed ({evidence}, version {version}), but does not run: it is in nobody's way."),
    "sendmail": Sentence("Sendmail is installed ({evidence}), but does not run: it is in nobody's way."),
    "opensmtpd": Sentence("OpenSMTPD is installed ({evidence}), but does not run: it is in nobody's way."),
    "cyrus": Sentence("Cyrus is installed ({evidence}), but does not run: it is in nobody's way."),
    "postfix": Sentence("A Postfix of its own is set up here ({evidence}), but does not run: it is in nobody's way."),
    "dovecot": Sentence("A Dovecot of its own is set up here ({evidence}), but does not run: it is in nobody's way."),
}
_BESIDE = Sentence(
    "Both can stay, on ports of their own. To have the doors proven, move the domain to this instance. Mailward has "
    "never been run with it."
)
_BESIDE_KIN = Sentence(
    "Both can stay, on ports of their own: Mailward changes nothing in /etc. It can show certificates per domain, but "
    "Mailward has never been run with a configuration that is not its own; to have the doors proven, move the domain "
    "to this instance."
)
_REMEDIES = {
    "qmail": Sentence(
        "Three ways: let people use the server's own name in their mail client, with a valid certificate for that "
        "name; or put a TLS door that reads the asked name in front of it (nginx stream as Mailward uses it for "
        "IMAPS, or stunnel) for the ports with TLS from the first byte, which leaves STARTTLS on port 25 with the "
        "server's certificate; or move the domain to this instance. Mailward has never been run with qmail: try it "
        "beside the running one first."
    ),
    "courier": Sentence(
        "Its own settings file (imapd-ssl) describes a way that most panels don't use: beside the file that "
        "TLS_CERTFILE names, put one per name with the name appended (imapd.pem.mail.example.com) for clients that "
        "send the name, or with the IP address appended for those that don't. Otherwise put a TLS door in front of "
        "it, let people use the server's own name, or move the domain to this instance. Mailward does not write "
        "Courier's files and has never been run with it."
    ),
    "exim": Sentence(
        "Exim can show a certificate of a domain: tls_certificate and tls_privatekey are expanded for each connection "
        "and may contain the asked name ($tls_in_sni), which must be checked before it becomes a path. Mailward does "
        "not write Exim's configuration and has never been run with it; to have the doors proven, move the domain to "
        "this instance."
    ),
    "sendmail": Sentence(
        "Let people use the server's own name in their mail client, with a valid certificate for that name; or put a "
        "TLS door that reads the asked name in front of submission with TLS from the first byte; or move the domain "
        "to this instance. Mailward has never been run with Sendmail."
    ),
    "opensmtpd": _BESIDE,
    "cyrus": _BESIDE,
    "postfix": _BESIDE_KIN,
    "dovecot": _BESIDE_KIN,
}
