"""A certificate for a CA's own HTTPS, for tests that run a CA outside of an instance."""

from datetime import UTC, datetime
from pathlib import Path

from mailward.certificates import make


def write_https_certificate(certificate: Path, key: Path) -> None:
    """A self-signed certificate for localhost, and its key."""
    made = make.self_signed(("localhost",), datetime.now(UTC))
    certificate.write_bytes(made.chain_pem)
    key.write_bytes(made.key_pem)
