"""Judging certificate material that a person or a CA handed in: the only maker of ``KeyedChain``.

``keyed_chain`` takes PEM in any order and number of pieces, or PKCS#12 with its password, and gives a chain that is in
order and matches its key, or raises BadInput with a stable code (``refusals``). What can be put right (order, the root
among the chain, text around the blocks) is put right silently. Never connects anywhere; never fetches a missing issuer.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from mailward.certificates import refusals
from mailward.certificates.chain import Chain, arrange, is_ca, issuer_url, leaves, load_roots
from mailward.certificates.pem import Material, looks_like_pem, read_pem
from mailward.certificates.pkcs12 import looks_like_pkcs12, read_pkcs12
from mailward.model.certificates import Certificate, KeyedChain
from mailward.model.errors import BadInput
from mailward.standards.x509 import describe_parsed

CERTIFICATE, KEY = "certificate", "key"  # the fields a refusal names
_WEAK_HASHES = ("md2", "md5", "sha1")
_CURVES = ("secp256r1", "secp384r1")


@dataclass(frozen=True)
class Expectation:
    """What the material must be good for. ``roots`` None: it need not lead to a root known here (an ACME CA's answer);
    otherwise PEM bundles. ``names``: what it must cover."""

    now: datetime
    roots: tuple[x509.Certificate, ...] | None = None
    names: tuple[str, ...] = field(default=())


def expect(now: datetime, roots: tuple[bytes, ...] | None = None, names: tuple[str, ...] = ()) -> Expectation:
    """An Expectation from PEM bundles. Load it once for many certificates: the system's store takes some 20 ms."""
    return Expectation(now, None if roots is None else load_roots(*roots), names)


def keyed_chain(*parts: bytes, expected: Expectation, password: str | None = None) -> KeyedChain:
    """``parts`` (PEM or PKCS#12: certificate, chain and key together or apart) as a checked chain. Raises BadInput.

    Two leaves are taken when one has an ECDSA key, the other an RSA key, and both the same names: the second is the
    companion.
    """
    material = read(*parts, password=password)
    found = _leaves(material)
    if not material.keys:
        raise refusals.no_key(KEY)
    if len(found) == 1 and len(material.keys) > 1:
        raise refusals.several_keys(KEY)
    first, *rest = [_keyed(leaf, material, expected) for leaf in found]
    return replace(first, companion=rest[0]) if rest else first


def answer(*parts: bytes, key: PrivateKeyTypes, expected: Expectation) -> KeyedChain:
    """A CA's answer to a request made here, with the key of that request. Raises BadInput, like ``keyed_chain``."""
    material = read(*parts)
    leaf = _leaf(material)
    if not _match(leaf, key.public_key()):
        raise refusals.answer_mismatch(CERTIFICATE, subject(leaf))
    certificate, chain = _judged(leaf, material.certificates, expected)
    return KeyedChain(certificate, chain.pem, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def read(*parts: bytes, password: str | None = None) -> Material:
    """Certificates and key out of ``parts``, not yet judged. Raises BadInput."""
    if sum(map(len, parts)) > refusals.MAX_BYTES:
        raise refusals.too_big(CERTIFICATE)
    found = [_read_one(part, password) for part in parts if part.strip()]
    if not found:
        raise refusals.no_certificate(CERTIFICATE)
    certificates = tuple(dict.fromkeys(one for material in found for one in material.certificates))
    if len(certificates) > refusals.MAX_CERTIFICATES:
        raise refusals.too_many(CERTIFICATE)
    keys = {_spki(key.public_key()): key for material in found for key in material.keys}
    if len(keys) > refusals.MAX_KEYS:
        raise refusals.several_keys(KEY)
    return Material(certificates, tuple(keys.values()))


def subject(certificate: x509.Certificate) -> str:
    """What to call it: its first DNS name, else its subject; without control characters and not endless."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        first = next(iter(names.get_values_for_type(x509.DNSName)), "")
    except x509.ExtensionNotFound:
        first = ""
    return _plain(first or certificate.subject.rfc4514_string())


def _read_one(part: bytes, password: str | None) -> Material:
    if looks_like_pkcs12(part):
        return read_pkcs12(part, password, CERTIFICATE)
    if not looks_like_pem(part):
        raise refusals.not_pem(CERTIFICATE)
    return read_pem(part, password, CERTIFICATE)


def _keyed(leaf: x509.Certificate, material: Material, expected: Expectation) -> KeyedChain:
    key = next((key for key in material.keys if _match(leaf, key.public_key())), None)
    if key is None:
        raise refusals.key_mismatch(KEY, subject(leaf))
    certificate, chain = _judged(leaf, material.certificates, expected)
    return KeyedChain(certificate, chain.pem, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _leaf(material: Material) -> x509.Certificate:
    """The only leaf."""
    found = _leaves(material)
    if len(found) > 1:
        raise refusals.several_leaves(CERTIFICATE, _subjects(found))
    return found[0]


def _leaves(material: Material) -> tuple[x509.Certificate, ...]:
    """The only leaf; or a pair for the same names, the one with the ECDSA key first."""
    if not material.certificates:
        raise refusals.no_certificate(CERTIFICATE)
    found = leaves(material.certificates)
    if not found:
        raise refusals.is_ca(CERTIFICATE, subject(material.certificates[0]))
    if len(found) == 1:
        return found
    by_kind = {kind: leaf for leaf in found if (kind := _kind(leaf)) is not None}
    if len(found) != 2 or len(by_kind) != 2:
        raise refusals.several_leaves(CERTIFICATE, _subjects(found))
    if len(material.keys) == 1 or len(set(map(_names_of, found))) > 1:
        raise refusals.not_a_pair(CERTIFICATE, _subjects(found))
    return by_kind["ec"], by_kind["rsa"]


def _names_of(leaf: x509.Certificate) -> frozenset[str]:
    try:
        return frozenset(describe_parsed(leaf).names)
    except (ValueError, TypeError, UnsupportedAlgorithm) as trouble:
        raise refusals.certificate_unreadable(CERTIFICATE, 1) from trouble


def _kind(leaf: x509.Certificate) -> str | None:
    try:
        key = leaf.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ec"
    return "rsa" if isinstance(key, rsa.RSAPublicKey) else None


def _subjects(found: tuple[x509.Certificate, ...]) -> str:
    return ", ".join(subject(leaf) for leaf in found[:5])


def _judged(leaf: x509.Certificate, all_: tuple[x509.Certificate, ...], expected: Expectation) -> tuple[Certificate, Chain]:
    try:
        certificate = describe_parsed(leaf)
    except (ValueError, TypeError, UnsupportedAlgorithm) as trouble:
        raise refusals.certificate_unreadable(CERTIFICATE, 1) from trouble
    chain = arrange(leaf, tuple(one for one in all_ if one != leaf), expected.roots or ())
    for trouble_found in (
        _key_strength(certificate, leaf),
        _usage(certificate, leaf),
        _dates(certificate, expected.now),
        _signatures(chain),
        _names(certificate, expected.names),
        _completeness(certificate, chain, expected),
    ):
        if trouble_found is not None:
            raise trouble_found
    return certificate, chain


def _key_strength(certificate: Certificate, leaf: x509.Certificate) -> BadInput | None:
    try:
        key = leaf.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return refusals.weak_key(CERTIFICATE, certificate.key)
    if isinstance(key, rsa.RSAPublicKey) and 2048 <= key.key_size <= 8192:
        return None
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return None
    return refusals.weak_key(CERTIFICATE, certificate.key)


def _usage(certificate: Certificate, leaf: x509.Certificate) -> BadInput | None:
    if is_ca(leaf):
        return refusals.is_ca(CERTIFICATE, subject(leaf))
    try:
        purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return None
    good = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    return None if any(purpose in good for purpose in purposes) else refusals.not_for_servers(CERTIFICATE)


def _dates(certificate: Certificate, now: datetime) -> BadInput | None:
    if certificate.not_after <= now:
        return refusals.expired(CERTIFICATE, certificate.not_after)
    if certificate.not_before > now:
        return refusals.not_yet_valid(CERTIFICATE, certificate.not_before)
    return None


def _signatures(chain: Chain) -> BadInput | None:
    for one in chain.certificates:
        try:
            algorithm = one.signature_hash_algorithm
        except UnsupportedAlgorithm:
            return refusals.weak_signature(CERTIFICATE, subject(one), "unknown")
        if algorithm is not None and algorithm.name in _WEAK_HASHES:
            return refusals.weak_signature(CERTIFICATE, subject(one), algorithm.name)
    return None


def _names(certificate: Certificate, wanted: tuple[str, ...]) -> BadInput | None:
    if not certificate.names:
        return refusals.no_names(CERTIFICATE)
    missing = certificate.missing(wanted)
    return refusals.names_missing(CERTIFICATE, missing, certificate.names) if missing else None


def _completeness(certificate: Certificate, chain: Chain, expected: Expectation) -> BadInput | None:
    for one in chain.certificates[1:]:
        if one.not_valid_after_utc <= expected.now:
            return refusals.chain_expired(CERTIFICATE, subject(one), one.not_valid_after_utc)
    if chain.anchored or expected.roots is None:
        return None
    if certificate.self_signed:
        return refusals.self_signed(CERTIFICATE, subject(chain.top))
    if chain.dropped_root is not None:
        return refusals.chain_untrusted(CERTIFICATE, _plain(chain.dropped_root.subject.rfc4514_string()))
    return refusals.chain_incomplete(CERTIFICATE, _plain(chain.top.issuer.rfc4514_string()), _plain(issuer_url(chain.top)))


def _match(leaf: x509.Certificate, public: PublicKeyTypes) -> bool:
    try:
        return _spki(leaf.public_key()) == _spki(public)
    except (ValueError, UnsupportedAlgorithm):
        return False


def _spki(public: PublicKeyTypes) -> bytes:
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _plain(text: str) -> str:
    """Text out of a certificate as it may be shown: attackers choose it."""
    return "".join(character if character.isprintable() else "?" for character in text)[:200]
