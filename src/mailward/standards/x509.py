"""Reading X.509 certificates (RFC 5280): one leaf, as far as it matters to what a client will say about it.

``describe`` gives the facts, ``signs`` says whether one certificate is signed by another. Nothing here judges (see
``audit/rules``), nothing trusts, and no private key passes through.
"""

from datetime import UTC, datetime
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailward.model.certificates import Certificate
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521", "secp224r1": "P-224", "secp192r1": "P-192"}
_OTHER_KEYS = {"Ed25519": "Ed25519", "Ed448": "Ed448"}


def describe(der: bytes) -> Certificate:
    """The facts of a DER certificate. Raises BadInput (code ``certificate-unreadable``) for bytes that are none."""
    try:
        return describe_parsed(x509.load_der_x509_certificate(der))
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as trouble:
        raise unreadable() from trouble


def describe_parsed(certificate: x509.Certificate) -> Certificate:
    """The same for a certificate that ``cryptography`` has read already. May raise ValueError for broken extensions."""
    return Certificate(
        names=dns_names(certificate),
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        serial=f"{certificate.serial_number:x}",
        not_before=_utc(certificate.not_valid_before_utc),
        not_after=_utc(certificate.not_valid_after_utc),
        sha256=sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
        spki_sha256=spki_sha256(certificate),
        key=key_kind(certificate),
        signature=signature_hash(certificate),
        self_signed=signs(certificate, certificate),
    )


def unreadable() -> BadInput:
    """The refusal for bytes that are no certificate."""
    return BadInput(
        "certificate",
        Sentence("This is not an X.509 certificate, or it is damaged."),
        Sentence("Give the certificate exactly as the certificate authority issued it."),
        code="certificate-unreadable",
    )


def dns_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """The dNSNames of the subject alternative name, lower case, in the certificate's order, each once.

    The subject's common name is no name any more (RFC 9525 section 2): clients have ignored it since about 2017.
    """
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    names = extension.value.get_values_for_type(x509.DNSName)
    return tuple(dict.fromkeys(name.lower().rstrip(".") for name in names))


def spki_sha256(certificate: x509.Certificate) -> str:
    """The hash of the public key as DANE (RFC 6698 selector 1) and key pinning count it."""
    try:
        spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (UnsupportedAlgorithm, ValueError):
        return ""
    return sha256(spki).hexdigest()


def key_kind(certificate: x509.Certificate) -> str:
    """What people call the key: ECDSA P-256, RSA 2048, Ed25519; "unknown" for a kind of key that can't be read."""
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return "unknown"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ECDSA {_CURVES.get(key.curve.name, key.curve.name)}"
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, dsa.DSAPublicKey):
        return f"DSA {key.key_size}"
    return _OTHER_KEYS.get(type(key).__name__.removesuffix("PublicKey"), "unknown")


def signature_hash(certificate: x509.Certificate) -> str:
    """Like sha256; "" for signatures that have no separate hash (EdDSA), "unknown" when the algorithm can't be read."""
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return "unknown"
    return "" if algorithm is None else algorithm.name


def signs(issuer: x509.Certificate, subject: x509.Certificate) -> bool:
    """Whether ``issuer`` is named by ``subject`` as its issuer and its key made ``subject``'s signature."""
    if issuer.subject != subject.issuer:
        return False
    try:
        subject.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
