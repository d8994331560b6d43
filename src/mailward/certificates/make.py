"""Making private keys, self-signed certificates and requests for certificates (PKCS#10, RFC 2986).

A key lives in memory only; whoever keeps it seals it. The self-signed certificate is what a server has in its first
minute (rows A1 and A2): it encrypts, and proves nothing about who is at the other end.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mailward.certificates import inspect
from mailward.model.certificates import KeyedChain
from mailward.model.settings import KeyType
from mailward.standards.x509 import describe_parsed

BACKDATED = timedelta(hours=1)  # clients' clocks are often a little behind
SELF_SIGNED_DAYS = 397  # longer ones are refused by Apple's clients even when the user trusts them
_COMMON_NAME_LONGEST = 64  # RFC 5280 appendix A: ub-common-name

MadeKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Request:
    """A request and its key, in clear: to be sealed before anything else is done with it."""

    csr_pem: bytes
    key_pem: bytes

    def __repr__(self) -> str:
        return "Request(…)"


def private_key(kind: KeyType) -> MadeKey:
    """One key; of BOTH, the one that comes first."""
    if kind in (KeyType.P256, KeyType.BOTH):
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=3072 if kind is KeyType.RSA3072 else 2048)


def key_pem(key: MadeKey) -> bytes:
    """Unencrypted PKCS#8: what daemons read."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def load_key(pem: bytes) -> MadeKey:
    """A key that was made here, unsealed again."""
    key = load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise TypeError("not a key that Mailward makes")
    return key


def self_signed(
    names: tuple[str, ...],
    now: datetime,
    kind: KeyType = KeyType.P256,
    days: int = SELF_SIGNED_DAYS,
    *,
    key_ahead: bytes | None = None,
) -> KeyedChain:
    """A certificate for ``names`` that nobody vouches for, valid from an hour ago. ``key_ahead``: the key to use."""
    key = private_key(kind) if key_ahead is None else load_key(key_ahead)
    name = _subject(names)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now - BACKDATED + timedelta(days=days))
        .add_extension(_alternative(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return KeyedChain(describe_parsed(certificate), certificate.public_bytes(Encoding.PEM), key_pem(key))


def request(names: tuple[str, ...], kind: KeyType = KeyType.P256, key_ahead: bytes | None = None) -> Request:
    """A new key (or the one that was made ahead) and the request for a certificate of ``names`` with it."""
    key = private_key(kind) if key_ahead is None else load_key(key_ahead)
    return Request(request_for(key, names), key_pem(key))


def request_for(key: MadeKey, names: tuple[str, ...]) -> bytes:
    """The request for ``names`` with a key that is there already, as PEM."""
    csr = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(_subject(names))
        .add_extension(_alternative(names), critical=False)
    )
    return csr.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def load_answer(*parts: bytes, key_pem: bytes, expected: inspect.Expectation) -> KeyedChain:
    """The certificate pasted or fetched as the answer to a request. Raises BadInput (``key-mismatch`` and the others)."""
    return inspect.answer(*parts, key=load_key(key_pem), expected=expected)


def _alternative(names: tuple[str, ...]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.DNSName(name) for name in names])


def _subject(names: tuple[str, ...]) -> x509.Name:
    """The first name that fits: some CAs still want a common name, and clients never read it."""
    fitting = [name for name in names if len(name) <= _COMMON_NAME_LONGEST][:1]
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in fitting])
