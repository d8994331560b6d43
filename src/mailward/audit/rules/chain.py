"""Judging a served chain: is there a path to a trusted root, in what order was it sent, how strong is it, how long valid.

RFC 5280 section 6 by OpenSSL's own verifier (pyOpenSSL, for its reason codes), with the intermediates as served and
nothing fetched or completed: a client that has never seen the missing intermediate can't complete it either. Dates are
judged apart, at a time that is handed in, so that what is found about a chain can be kept and used again: 50,000 rows
have far fewer chains. The name is no matter of the chain (see ``audit/rules/doors``).
"""

import itertools
import warnings
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from OpenSSL.crypto import X509, X509Store, X509StoreContext, X509StoreContextError

from mailward.audit.rules import norm
from mailward.model.certificates import Certificate
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.standards.x509 import describe_parsed, key_kind, signature_hash, signs

_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME
_MISSING_ISSUER = (2, 20, 21)  # X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT(_LOCALLY), _VERIFY_LEAF_SIGNATURE
_SELF_SIGNED = 18  # X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
_ROOT_UNTRUSTED = 19  # X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN
_KEPT = 100_000  # chains remembered at most


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, with the words that its sentence needs."""

    code: str
    detail: str = ""


@dataclass(frozen=True)
class Link:
    """A certificate on the path, as far as its dates matter. The first is the leaf."""

    subject: str
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True)
class ServedChain:
    """What there is to know about a chain at any time: its leaf, its timeless problems, the dates along its path."""

    leaf: Certificate | None
    problems: tuple[Problem, ...]
    path: tuple[Link, ...] = ()

    def problems_at(self, now: datetime) -> tuple[Problem, ...]:
        """All problems at ``now``, the dates included."""
        if self.leaf is None:
            return self.problems
        return (*self.problems, *_date_problems(self.leaf, self.path, now))


class TrustRoots:
    """The roots that clients trust: the system's, or a demo CA's."""

    def __init__(self, certificates: list[x509.Certificate]) -> None:
        self._store = X509Store()
        for certificate in certificates:
            self._store.add_cert(X509.from_cryptography(certificate))
        self._store.set_flags(_NO_CHECK_TIME)
        self.count = len(certificates)

    @classmethod
    def from_pem(cls, pem: bytes) -> "TrustRoots":
        """Every certificate in ``pem``; unreadable ones are left out. Raises BadInput when there is none."""
        return cls(_read_pem(pem))

    def path(self, leaf: x509.Certificate, others: list[x509.Certificate]) -> list[x509.Certificate] | tuple[int, str]:
        """The path from ``leaf`` to a trusted root, both included; or OpenSSL's reason code and text."""
        context = X509StoreContext(self._store, X509.from_cryptography(leaf), [X509.from_cryptography(c) for c in others])
        try:
            return [certificate.to_cryptography() for certificate in context.get_verified_chain()]
        except X509StoreContextError as trouble:
            return int(trouble.errors[0]), str(trouble.errors[2])


@dataclass
class ChainJudge:
    """Judges chains against ``roots`` and remembers each chain it has seen."""

    roots: TrustRoots
    _seen: dict[tuple[bytes, ...], ServedChain] = field(default_factory=dict)

    def judge(self, chain: tuple[bytes, ...]) -> ServedChain:
        """What there is to know about a chain of DER certificates, leaf first, exactly as served."""
        known = self._seen.get(chain)
        if known is None:
            if len(self._seen) >= _KEPT:
                self._seen.clear()
            known = self._seen[chain] = _judge(chain, self.roots)
        return known


def _judge(chain: tuple[bytes, ...], roots: TrustRoots) -> ServedChain:
    try:
        served = [x509.load_der_x509_certificate(der) for der in chain]
        leaf = describe_parsed(served[0])
        found = roots.path(served[0], served[1:])
        path = found if isinstance(found, list) else _walk(served)
        problems = [
            *([] if isinstance(found, list) else [_trust_problem(found, leaf, path)]),
            *_purpose_problems(served[0]),
            *_strength_problems(path),
            *_order_problems(served),
        ]
        links = tuple(Link(c.subject.rfc4514_string(), c.not_valid_before_utc, c.not_valid_after_utc) for c in path)
    except (ValueError, TypeError, IndexError, x509.InvalidVersion) as trouble:
        return ServedChain(None, (Problem("certificate-unreadable", type(trouble).__name__),))
    return ServedChain(leaf, tuple(problems), links)


def _walk(served: list[x509.Certificate]) -> list[x509.Certificate]:
    """The path from the leaf upwards through what was served, in whatever order, until an issuer is missing."""
    path = [served[0]]
    while not _is_root(path[-1]):
        above = next((c for c in served if c not in path and _stands_above(c, path[-1])), None)
        if above is None:
            break
        path.append(above)
    return path


def _trust_problem(reason: tuple[int, str], leaf: Certificate, walked: list[x509.Certificate]) -> Problem:
    """Why there is no path. A missing issuer above at least one intermediate is taken for the root, which servers rightly
    don't send; above the leaf alone, for the intermediate that ought to have been sent."""
    code, text = reason
    if leaf.self_signed or code == _SELF_SIGNED:
        return Problem("self-signed")
    top = walked[-1]
    if code == _ROOT_UNTRUSTED or (code in _MISSING_ISSUER and _is_root(top)):
        return Problem("untrusted-root", top.subject.rfc4514_string())
    if code in _MISSING_ISSUER:
        return Problem("untrusted-root" if len(walked) > 1 else "incomplete-chain", top.issuer.rfc4514_string())
    return Problem("chain-invalid", text)


def _purpose_problems(leaf: x509.Certificate) -> list[Problem]:
    try:
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return []
    good = any(purpose.dotted_string == norm.SERVER_AUTHENTICATION for purpose in usage)
    return [] if good else [Problem("wrong-purpose")]


def _strength_problems(path: list[x509.Certificate]) -> list[Problem]:
    """Weak keys and weak signatures below the root, which its owner answers for. A signature that a certificate makes on
    itself is relied on by nobody."""
    below = path if len(path) == 1 or not _is_self_issued(path[-1]) else path[:-1]
    weak_keys = [kind for kind in map(key_kind, below) if not norm.good_key(kind)]
    signatures = [signature_hash(certificate) for certificate in below if not _is_self_issued(certificate)]
    weak_hashes = [name for name in signatures if name not in norm.GOOD_HASHES]
    return [
        *(Problem("weak-key", key) for key in weak_keys[:1]),
        *(Problem("weak-signature", name) for name in weak_hashes[:1]),
    ]


def _order_problems(served: list[x509.Certificate]) -> list[Problem]:
    """RFC 5246 section 7.4.2: each certificate directly certifies the one before it (RFC 8446 section 4.4.2: should)."""
    good = all(_stands_above(above, below) for below, above in itertools.pairwise(served))
    return [] if good else [Problem("wrong-order")]


def _date_problems(leaf: Certificate, path: tuple[Link, ...], now: datetime) -> list[Problem]:
    found = []
    if now > leaf.not_after:
        found.append(Problem("expired", _day(leaf.not_after)))
    elif now < leaf.not_before:
        found.append(Problem("not-yet-valid", _day(leaf.not_before)))
    elif leaf.not_after - now < norm.soon(leaf.lifetime):
        found.append(Problem("expires-soon", _day(leaf.not_after)))
    above = next((link for link in path[1:] if not link.not_before <= now <= link.not_after), None)
    if above is not None:
        found.append(Problem("issuer-expired", above.subject))
    return found


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _stands_above(issuer: x509.Certificate, subject: x509.Certificate) -> bool:
    """Whether ``issuer`` signed ``subject``, to sort a chain. A signature too old to be checked (SHA-1) is believed here:
    OpenSSL checks the path, and the signature is found weak."""
    if signature_hash(subject) in norm.GOOD_HASHES:
        return signs(issuer, subject)
    return issuer.subject == subject.issuer


def _is_self_issued(certificate: x509.Certificate) -> bool:
    return certificate.subject == certificate.issuer


def _is_root(certificate: x509.Certificate) -> bool:
    return _stands_above(certificate, certificate)


def _read_pem(pem: bytes) -> list[x509.Certificate]:
    """Block by block, so that one that can't be read doesn't take the others with it. Raises BadInput for no PEM at all."""
    begin, end = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
    blocks = [part.partition(end)[0] for part in pem.split(begin)[1:]]
    if not blocks:
        what = Sentence("The file of trusted roots holds no certificate.")
        remedy = Sentence("Give a PEM file with at least one root certificate, or trust the system's roots.")
        raise BadInput("trust", what, remedy, code="trust-empty")
    found: dict[bytes, x509.Certificate] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)  # some old roots of the system break RFC 5280
        for block in blocks:
            try:
                certificate = x509.load_pem_x509_certificate(begin + block + end + b"\n")
            except ValueError:
                continue
            found[certificate.public_bytes(Encoding.DER)] = certificate
    return list(found.values())
