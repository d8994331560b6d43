"""When the next version of a lineage is due, and how long to wait after a failure. Pure: the moment is handed in.

Where the CA offers ARI (RFC 9773) its window decides; otherwise two thirds of the lifetime, a little earlier by a
jitter that depends on the lineage alone. Nothing here is in days: lifetimes are 90, 64, 45 or 6 days, or an hour.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from cryptography import x509

from mailward.model.acme import RenewalWindow
from mailward.model.certificates import Certificate
from mailward.model.sentence import Sentence

JITTER = 1 / 30  # of the lifetime: three days of 90, two minutes of an hour
_SHORTEST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=24)


@dataclass(frozen=True)
class Due:
    """The moment the next version is due, and why then. ``ask_again``: when to ask the CA's ARI the next time."""

    at: datetime
    why: Sentence
    ask_again: datetime | None = None


@dataclass(frozen=True)
class Backoff:
    """How long nothing is tried, until when, and why."""

    wait: timedelta
    until: datetime
    why: Sentence


def due(certificate: Certificate, seed: str, now: datetime, window: RenewalWindow | None = None) -> Due:
    """``seed`` is the lineage's id: equal input gives the equal moment, so that a restart changes nothing.

    A window that is empty, or only begins when the certificate has expired, is no help and is passed over.
    """
    ask_again = None
    if window is not None:
        ask_again = now + min(max(window.ask_again, timedelta(minutes=1)), timedelta(days=1))
        if window.start < window.end and window.start < certificate.not_after:
            at = window.start + (window.end - window.start) * _uniform(f"{seed} {window.start} {window.end}")
            return Due(min(at, certificate.not_after), Sentence("the certificate authority suggests it (ARI)"), ask_again)
    early = certificate.lifetime * (JITTER * _uniform(f"{seed} {certificate.sha256}"))
    at = certificate.not_before + certificate.lifetime * (2 / 3) - early
    return Due(at, Sentence("two thirds of its lifetime have passed"), ask_again)


def ari_id(certificate_pem: bytes) -> str:
    """The certificate's identifier in ARI and in ``replaces`` (RFC 9773 section 4.1); "" when it has no key identifier."""
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    try:
        authority = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        return ""
    if not authority:
        return ""
    serial = certificate.serial_number
    # DER's INTEGER is signed: one more byte when the highest bit is set.
    return f"{_base64url(authority)}.{_base64url(serial.to_bytes(serial.bit_length() // 8 + 1, 'big'))}"


# code -> the first wait; it doubles with every further failure
_FIRST = {
    "ca-unreachable": timedelta(minutes=2),
    "ca-trouble": timedelta(minutes=5),
    "dns-update-failed": timedelta(minutes=5),
    "not-visible": timedelta(minutes=10),
    "took-too-long": timedelta(minutes=10),
    "rate-limited": timedelta(hours=1),
    # Five failed authorizations per host and hour are allowed at Let's Encrypt: stay well below.
    "domain-refused": timedelta(minutes=20),
    "refused": timedelta(hours=1),
}


def backoff(
    failures: int,
    code: str,
    now: datetime,
    *,
    retry_after: timedelta | None = None,
    lifetime: timedelta | None = None,
) -> Backoff:
    """The wait after the ``failures``-th failure in a row, which was ``code``. Never shorter than a minute.

    It doubles up to a day, or to a twelfth of a short ``lifetime``, so that a six-day certificate still gets its tries.
    What the CA asks for (Retry-After) is always kept.
    """
    longest = _LONGEST_WAIT if lifetime is None else min(_LONGEST_WAIT, max(_SHORTEST_WAIT, lifetime / 12))
    wait = min(_FIRST.get(code, timedelta(minutes=10)) * 2 ** min(max(failures, 1) - 1, 20), longest)
    why = Sentence("the last {failures} attempts failed, so it waits before it tries again", failures=max(failures, 1))
    if failures <= 1:
        why = Sentence("the last attempt failed, so it waits before it tries again")
    if retry_after is not None and retry_after > wait:
        wait, why = retry_after, Sentence("the certificate authority asked to wait this long")
    wait = max(wait, _SHORTEST_WAIT)
    return Backoff(wait, now + wait, why)


def _uniform(seed: str) -> float:
    """A number in [0, 1) that depends on ``seed`` alone."""
    return int.from_bytes(sha256(seed.encode()).digest()[:6], "big") / 2**48


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode("ascii").rstrip("=")
