"""A throwaway certificate authority for tests: roots, intermediates and leaves with whatever fault is asked for."""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from OpenSSL.crypto import X509, PKey

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
_serials = itertools.count(1000)
_SHA256 = hashes.SHA256()


@dataclass(frozen=True)
class Issued:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: Any

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def sha256(self) -> str:
        return self.certificate.fingerprint(_SHA256).hex()


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def issue(
    subject: str,
    by: Issued | None = None,
    names: tuple[str, ...] = (),
    *,
    ca: bool = False,
    key: Any = None,
    after: datetime = NOW - 10 * DAY,
    until: datetime = NOW + 80 * DAY,
    digest: Any = _SHA256,
    purpose: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.SERVER_AUTH,
) -> Issued:
    """A certificate for ``names``, issued ``by`` another one, or by itself."""
    own = key or new_key()
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(by.certificate.subject if by else named)
        .public_key(own.public_key())
        .serial_number(next(_serials))
        .not_valid_before(after)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
    if not ca and purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    signer = by.key if by else own
    if isinstance(digest, str):  # what cryptography has given up (SHA-1) is signed by OpenSSL
        aged = X509.from_cryptography(builder.sign(signer, _SHA256))
        aged.sign(PKey.from_cryptography_key(signer), digest)
        return Issued(aged.to_cryptography(), own)
    return Issued(builder.sign(signer, digest), own)


@dataclass(frozen=True)
class Authority:
    """A root, its intermediate, and a second pair that nobody trusts."""

    root: Issued
    intermediate: Issued
    stranger_root: Issued
    stranger: Issued

    def leaf(self, *names: str, **faults: Any) -> Issued:
        """A good leaf under the trusted intermediate, but for the ``faults`` (arguments of ``issue``)."""
        return issue(names[0] if names else "leaf", faults.pop("by", self.intermediate), names, **faults)


def authority(until: datetime = NOW + 3650 * DAY, after: datetime = NOW - 365 * DAY) -> Authority:
    root = issue("Test Root", ca=True, after=after, until=until)
    stranger_root = issue("Stranger Root", ca=True, after=after, until=until)
    return Authority(
        root,
        issue("Test Intermediate", root, ca=True, after=after, until=until),
        stranger_root,
        issue("Stranger Intermediate", stranger_root, ca=True, after=after, until=until),
    )
