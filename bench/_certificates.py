"""Many real certificates quickly: one CA with an intermediate, every domain its own key and its own wildcard."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True)
class Issued:
    """A leaf with its intermediate, and its key."""

    names: tuple[str, ...]
    chain_pem: bytes
    key_pem: bytes
    sha256: str
    not_before: datetime
    not_after: datetime

    @property
    def pem(self) -> bytes:
        return self.key_pem + self.chain_pem


class Ca:
    """A root and an intermediate, like those of public CAs, so that what is served has a real size."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC).replace(microsecond=0)
        root_key, self._key = _key(), _key()
        root = _name("Mailward bench root")
        self.issuer = _name("Mailward bench intermediate")
        self.root_pem = _pem(self._authority(root, root, root_key, root_key))
        self._intermediate_pem = _pem(self._authority(self.issuer, root, self._key, root_key))

    def wildcard(self, domain: str) -> Issued:
        """A certificate of ``domain`` and ``*.domain`` with a key of its own."""
        key = _key()
        names = (domain, f"*.{domain}")
        alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        public = key.public_key()
        certificate = (
            self._builder(_name(domain), self.issuer, public)
            .add_extension(alternative, critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return Issued(
            names,
            _pem(certificate) + self._intermediate_pem,
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            certificate.fingerprint(hashes.SHA256()).hex(),
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
        )

    def _authority(
        self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey
    ) -> x509.Certificate:
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        return (
            self._builder(subject, issuer, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(signer, hashes.SHA256())
        )

    def _builder(self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - timedelta(hours=1))
            .not_valid_after(self._now + timedelta(days=60))
        )


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)
