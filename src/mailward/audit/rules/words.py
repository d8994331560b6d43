"""What a finding says: what is wrong and what it means for people, and what ends it.

The same fault means different things to a browser, to a mail client and to another mail server, so the sentences that
name people's warnings are written once for each audience. Values: {name} asked for, {domain}, {server} the server's own
name, {door}, {port}, {address}, {detail}.
"""

from enum import StrEnum

from mailward.model.doors import Door, Role
from mailward.model.findings import SERVER, DoorQuestion
from mailward.model.sentence import NOTHING, Sentence


class Audience(StrEnum):
    """Who comes in by a door."""

    BROWSERS = "browsers"
    CLIENTS = "mail clients"
    SERVERS = "mail servers"


def audience(door: Door) -> Audience:
    if door is Door.SMTP:
        return Audience.SERVERS
    return Audience.BROWSERS if door.kind.role is Role.WEB else Audience.CLIENTS


SELF_SIGNED_AND_OTHER_NAME = "self-signed and name-mismatch"
NO_COMPANION = "handshake-failed without ECDSA"

REASONS: dict[str, Sentence | dict[Audience, Sentence]] = {
    "ok": NOTHING,
    "refused": Sentence("Nothing answers at {address} port {port}: nobody can come in by this door."),
    "unreachable": Sentence("There is no way to {address} from here, so nobody knows what port {port} serves."),
    "timeout": Sentence("Port {port} at {address} did not answer in time, so nobody knows what it serves."),
    "starttls-missing": {
        Audience.CLIENTS: Sentence(
            "The door does not offer STARTTLS, or something on the way strips it: a mail client would send its password "
            "readable for everybody on the way, or refuse to connect."
        ),
        Audience.SERVERS: Sentence(
            "The door does not offer STARTTLS, or something on the way strips it: other mail servers deliver readable "
            "for everybody on the way, or refuse to deliver."
        ),
        Audience.BROWSERS: Sentence("The door does not offer STARTTLS."),
    },
    "handshake-failed": Sentence(
        "The door broke off the TLS handshake ({detail}): nobody who asks for {name} can come in."
    ),
    NO_COMPANION: Sentence(
        "The door broke off the TLS handshake ({detail}): a client that knows no ECDSA and asks for {name} can't come in, "
        "although there is an RSA certificate for it."
    ),
    "protocol-error": Sentence("What answers at {address} port {port} does not speak as this door should ({detail})."),
    "certificate-unreadable": Sentence("What is served as a certificate can't be read: no client accepts it."),
    "starttls-injection": Sentence(
        "A command sent in clear text before STARTTLS was answered inside TLS: somebody on the way can slip commands "
        "into other people's secure sessions (CVE-2011-0411)."
    ),
    "clear-login": Sentence(
        "The door offers to log in before TLS is on: a mail client that falls back to clear text sends its password "
        "readable for everybody on the way."
    ),
    "not-what-was-chosen": Sentence(
        "Another certificate is served than the one that was chosen: what people meet at this door is not what the "
        "settings say."
    ),
    "expired": {
        Audience.BROWSERS: Sentence("The certificate expired on {detail}: browsers stop with a full-page warning."),
        Audience.CLIENTS: Sentence(
            "The certificate expired on {detail}: mail clients warn at every start, or refuse to connect."
        ),
        Audience.SERVERS: Sentence(
            "The certificate expired on {detail}: mail servers that check certificates (MTA-STS) refuse to deliver here."
        ),
    },
    "not-yet-valid": Sentence(
        "The certificate becomes valid only on {detail}: until then clients warn as if it were false."
    ),
    "issuer-expired": Sentence(
        "A certificate above it is not valid today ({detail}): clients can't follow the chain to a root that they trust."
    ),
    "self-signed": {
        Audience.BROWSERS: Sentence(
            "The certificate is self-signed: it encrypts, but nobody vouches for it, and browsers stop with a full-page "
            "warning each time."
        ),
        Audience.CLIENTS: Sentence(
            "The certificate is self-signed: it encrypts, but nobody vouches for it, and mail clients warn that it "
            "can't be verified, or refuse to connect."
        ),
        Audience.SERVERS: Sentence(
            "The certificate is self-signed: other mail servers encrypt without knowing to whom, and those that check "
            "certificates (MTA-STS) refuse to deliver here."
        ),
    },
    SELF_SIGNED_AND_OTHER_NAME: {
        Audience.BROWSERS: Sentence(
            "The server-wide certificate is served for {name}. It is self-signed, so nobody vouches for it, and it is "
            "not made for this name: browsers stop with a full-page warning each time."
        ),
        Audience.CLIENTS: Sentence(
            "The server-wide certificate is served for {name}. It is self-signed, so nobody vouches for it, and it is "
            "not made for this name: mail clients warn that it is not trusted, or refuse to connect."
        ),
        Audience.SERVERS: Sentence(
            "The server-wide certificate is served for {name}. It is self-signed, so nobody vouches for it, and it is "
            "not made for this name: other mail servers encrypt without knowing to whom."
        ),
    },
    "incomplete-chain": Sentence(
        "The certificate's issuer ({detail}) is neither served with it nor a trusted root: clients that don't happen "
        "to know it warn or refuse."
    ),
    "untrusted-root": Sentence(
        "The chain ends at {detail}, which is not among the trusted roots, or is missing one more certificate above: "
        "clients warn that the certificate can't be verified."
    ),
    "chain-invalid": Sentence("The chain does not hold ({detail}): clients refuse it."),
    "wrong-purpose": Sentence("The certificate is not made for servers (its extended key usage): clients refuse it."),
    "name-mismatch": {
        Audience.BROWSERS: Sentence(
            "The certificate is valid, but not for {name} (it is for {names}): browsers stop with a full-page warning."
        ),
        Audience.CLIENTS: Sentence(
            "The certificate is valid, but not for {name} (it is for {names}): mail clients that use this name warn "
            "that the name does not match."
        ),
        Audience.SERVERS: Sentence(
            "The certificate is valid, but not for {name} (it is for {names}): mail servers that check names refuse "
            "to deliver here."
        ),
    },
    "weak-key": Sentence("The key {detail} is too weak: it can be broken with effort, and clients refuse it."),
    "weak-signature": Sentence(
        "A certificate of the chain is signed with {detail}, which can be forged: clients refuse it."
    ),
    "old-protocol": Sentence(
        "The door still speaks {detail}, which has known weaknesses: a connection that is pushed down to it can be read."
    ),
    "below-profile": Sentence("The door still speaks {detail}, though the settings ask for TLS 1.3 alone."),
    "not-fully-tested": Sentence(
        "The certificate is right, but the attempts that a good door resists got no answer ({detail}): it is not "
        "known whether it resists them."
    ),
    "wrong-order": Sentence(
        "The certificates of the chain are served in the wrong order: most clients sort them, some refuse."
    ),
    "expires-soon": Sentence("The certificate ends on {detail}; it ought to have been renewed by now."),
}

_SECURE_WEB = Sentence("Give webmail of {domain} a valid certificate: mailward secure {domain}")
_SECURE_MAIL = Sentence(
    "Give mail of {domain} a valid certificate: mailward secure {domain} - or, once the server itself is secured, use "
    "{server} as the server's name in the mail client."
)
_SECURE_SERVER = Sentence("Give the server itself a valid certificate: mailward secure server")
_ADD_NAME = Sentence(
    "Choose a certificate that covers {name} too, such as a wildcard (mailward secure {domain}), or don't use this name."
)
_STATUS = Sentence("See what runs with mailward status, and start what does not with mailward up.")
_APPLY = Sentence(
    "Serve what was chosen: mailward apply. If it comes back, mailward logs says why the door did not take it."
)
_OWN_SETTINGS = Sentence(
    "Mailward's own settings don't allow this. See what else answers at this port, then: mailward apply"
)
_NEW_CHAIN = Sentence(
    "Upload the certificate again with all certificates between it and the root, in order: mailward certificate upload"
)
_LOOK_AGAIN = Sentence("Look again from a place that has a way to it: mailward verify. Then see the firewall.")

_BY_CODE: dict[str, Sentence] = {
    "ok": NOTHING,
    "refused": _STATUS,
    "unreachable": _LOOK_AGAIN,
    "timeout": _LOOK_AGAIN,
    "starttls-missing": _OWN_SETTINGS,
    "handshake-failed": _APPLY,
    "protocol-error": _STATUS,
    "starttls-injection": _OWN_SETTINGS,
    "clear-login": _OWN_SETTINGS,
    "old-protocol": _OWN_SETTINGS,
    "below-profile": _OWN_SETTINGS,
    "not-what-was-chosen": _APPLY,
    "not-yet-valid": Sentence("Wait until then, or set the clock of this host right."),
    "not-fully-tested": Sentence("Look again: mailward verify"),
    "wrong-order": _NEW_CHAIN,
    "chain-invalid": _NEW_CHAIN,
    "incomplete-chain": _NEW_CHAIN,
}


def reason(code: str, door: Door) -> Sentence:
    """The sentence for a code at a door, still without values."""
    found = REASONS[code]
    return found if isinstance(found, Sentence) else found[audience(door)]


def remedy(code: str, question: DoorQuestion) -> Sentence:
    """What ends it, still without values: the exact command where there is one."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    if question.domain == SERVER:
        return _SECURE_SERVER
    if code == "name-mismatch" and not question.required:
        return _ADD_NAME
    return _SECURE_WEB if question.door.kind.role is Role.WEB else _SECURE_MAIL
