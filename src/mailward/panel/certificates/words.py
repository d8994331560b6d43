"""What the certificate pages say for the words that programs use: sources, states, places, kinds of keys, limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from mailward.actions.certificate_states import CertificateState
from mailward.actions.rows import CertificateRow
from mailward.model.certificates import Source
from mailward.model.findings import SERVER
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.settings import KeyType

SOURCES: Mapping[str, Sentence] = {
    Source.ACME: Sentence("free, renewed by itself"),
    Source.UPLOAD: Sentence("uploaded"),
    Source.CSR: Sentence("bought, requested here"),
    Source.SELF_SIGNED: Sentence("self-signed, made here"),
}

LOOKS: Mapping[CertificateState, str] = {
    CertificateState.VALID: "info",  # green is only what was seen at the doors
    CertificateState.ENDS_SOON: "warn",
    CertificateState.EXPIRED: "fail",
    CertificateState.FAILED: "fail",
    CertificateState.WAITING: "busy",
    CertificateState.REVOKED: "fail",
    CertificateState.SELF_SIGNED: "warn",
}
"""The colour of a state's pill."""

MEANINGS: Mapping[CertificateState, Sentence] = {
    CertificateState.ENDS_SOON: Sentence(
        "It ends soon, and nothing is planned that would replace it. Get its successor now."
    ),
    CertificateState.EXPIRED: Sentence("It has ended: wherever it is shown, browsers and mail clients warn."),
    CertificateState.REVOKED: Sentence("Its certificate authority was told that nobody should trust it any more."),
    CertificateState.SELF_SIGNED: Sentence("What is sent is encrypted, but every browser and mail client warns."),
}

KINDS_OF_KEYS: Mapping[KeyType, Sentence] = {
    KeyType.P256: Sentence("ECDSA P-256: small and fast, known to every client since about 2012"),
    KeyType.BOTH: Sentence("ECDSA and RSA: two certificates, for older devices too"),
    KeyType.RSA2048: Sentence("RSA 2048: for clients that know nothing newer"),
    KeyType.RSA3072: Sentence("RSA 3072: a larger RSA key, slower"),
}

_LIMITS: Mapping[str, Sentence] = {
    "certificates-per-registered-domain": Sentence(
        "{left} of {most} new certificates are left for {subject} within {days} days. Renewals don't count."
    ),
    "same-names": Sentence("{left} of {most} certificates for exactly the names {subject} are left within {days} days."),
    "failed-authorizations-per-host": Sentence("{left} of {most} failed tries are left for {subject} within {hours} hour."),
}


def limit_says(code: str, left: int, most: int, subject: str, window: timedelta) -> Sentence:
    """What a limit leaves, in a sentence; nothing for limits that people can't do anything about."""
    hours = int(window.total_seconds() // 3600)
    return _LIMITS.get(code, NOTHING).having(left=left, most=most, subject=subject, days=window.days, hours=hours)


@dataclass(frozen=True)
class Place:
    """Where a certificate is shown. ``domain`` "": the server itself. ``short``: beside the domain's own name."""

    what: Sentence
    domain: str
    short: Sentence


def places(row: CertificateRow) -> tuple[Place, ...]:
    """``chosen_for`` as people read it."""
    return tuple(_place(text) for text in row.chosen_for)


def _place(text: str) -> Place:
    what, of, domain = text.partition(" of ")
    if of and what == "webmail":
        return Place(Sentence("webmail of {domain}", domain=domain), domain, Sentence("webmail"))
    if of:
        return Place(Sentence("mail of {domain}", domain=domain), domain, Sentence("mail"))
    said = Sentence("panel and webmail of the server") if what == "panel" else Sentence("the mail server itself")
    return Place(said, "", said)


def scope_title(scope: str) -> Sentence | str:
    return Sentence("the server") if scope == SERVER else scope
