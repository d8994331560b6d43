"""A certificate authority outside ACME, from which certificates are bought and uploaded; and the files it hands out."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from demo_host import DemoHost
from fakes.chains import Issued, issue

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Seller:
    """A root that is trusted once ``trusted_by`` was called, and the intermediate it signs with."""

    root: Issued
    intermediate: Issued

    @classmethod
    def new(cls) -> "Seller":
        now = datetime.now(UTC)
        life = {"after": now - DAY, "until": now + 3650 * DAY}
        root = issue("Seller Root", ca=True, **life)
        return cls(root, issue("Seller Intermediate", root, ca=True, **life))

    def trusted_by(self, host: DemoHost) -> None:
        """Clients of this host trust the seller from now on."""
        roots = host.layout.tls / "demo-roots.pem"
        roots.write_bytes(roots.read_bytes() + self.root.pem)

    def sells(self, *names: str, days: int = 80) -> Issued:
        now = datetime.now(UTC)
        return issue(names[0], self.intermediate, names, after=now - DAY, until=now + days * DAY)

    def answers(self, csr_pem: bytes) -> bytes:
        """The chain that the seller sends for a request."""
        csr = x509.load_pem_x509_csr(csr_pem)
        now = datetime.now(UTC)
        names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        leaf = (
            x509.CertificateBuilder()
            .subject_name(csr.subject)
            .issuer_name(self.intermediate.certificate.subject)
            .public_key(csr.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + 80 * DAY)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(names, critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(self.intermediate.key, hashes.SHA256())
        )
        return leaf.public_bytes(Encoding.PEM) + self.intermediate.pem

    def as_pem(self, leaf: Issued) -> bytes:
        """Key, leaf and intermediate in one file."""
        return leaf.key_pem + leaf.pem + self.intermediate.pem

    def as_pkcs12(self, leaf: Issued, password: str) -> bytes:
        assert isinstance(leaf.key, ec.EllipticCurvePrivateKey)
        return pkcs12.serialize_key_and_certificates(
            b"bought", leaf.key, leaf.certificate, [self.intermediate.certificate],
            BestAvailableEncryption(password.encode()),
        )  # fmt: skip


def written(path: Path, content: bytes) -> str:
    """``content`` in a file that only its owner may read, as people should keep keys."""
    path.touch(0o600)
    path.write_bytes(content)
    return str(path)
