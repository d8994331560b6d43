"""Certificates and lineages.

A *lineage* is one choice a person can make ("the wildcard of alpha.test"); its *versions* are the certificates it has
had, one after the other. What is served is always one version of one lineage.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Source(StrEnum):
    """Where a lineage's certificates come from."""

    SELF_SIGNED = "self-signed"
    ACME = "acme"
    UPLOAD = "upload"
    CSR = "csr"


class Challenge(StrEnum):
    """How control of a name is shown to an ACME CA (RFC 8555 section 8)."""

    DNS_01 = "dns-01"
    HTTP_01 = "http-01"


@dataclass(frozen=True)
class Certificate:
    """A leaf certificate as it matters here. ``names`` are its dNSNames, lower case, A-labels, wildcards as ``*.``.

    ``sha256`` is the fingerprint of the DER form, lower-case hex; the times are UTC and aware.
    """

    names: tuple[str, ...]
    subject: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    sha256: str
    spki_sha256: str
    key: str  # "ECDSA P-256", "RSA 2048"
    signature: str  # "sha256"
    self_signed: bool

    def covers(self, name: str) -> bool:
        """Whether a client that asks for ``name`` would accept it (RFC 9525: a wildcard stands for one label)."""
        name = name.lower().rstrip(".")
        _, _, parent = name.partition(".")
        return name in self.names or (bool(parent) and f"*.{parent}" in self.names)

    def missing(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Those of ``names`` that it does not cover, in the order given."""
        return tuple(name for name in names if not self.covers(name))

    @property
    def lifetime(self) -> timedelta:
        return self.not_after - self.not_before


@dataclass(frozen=True)
class KeyedChain:
    """A checked certificate with its chain and its private key in clear: exists only in the steward's memory.

    ``chain_pem`` is leaf first, in order, without the root; ``key_pem`` is unencrypted PKCS#8. Only
    ``certificates.inspect`` makes one, and only when key and leaf match: holding one is the proof.

    ``companion`` is a second certificate for the same names with an RSA key, for clients that know no ECDSA. It has none.
    """

    certificate: Certificate
    chain_pem: bytes
    key_pem: bytes
    companion: "KeyedChain | None" = None

    def __repr__(self) -> str:
        return f"KeyedChain({', '.join(self.certificate.names)}, {self.certificate.sha256[:16]}…)"

    @property
    def pem(self) -> bytes:
        """What a daemon reads: the key first (Postfix wants it so), then the chain. Without the companion."""
        return self.key_pem.rstrip() + b"\n" + self.chain_pem.rstrip() + b"\n"

    @property
    def all_pem(self) -> bytes:
        """The same with the companion behind it, as Postfix reads several keys out of one file."""
        return self.pem + (self.companion.pem if self.companion else b"")


@dataclass(frozen=True)
class Lineage:
    """A choice of certificate. ``owner`` is the domain it belongs to, or "" for the server's own."""

    id: str
    owner: str
    source: Source
    names: tuple[str, ...]
    current: int | None  # the version that is served where this lineage is chosen; None: nothing to serve yet
    challenge: Challenge | None = None
    ca: str | None = None


@dataclass(frozen=True)
class Version:
    """One certificate of a lineage's history. The key is sealed to the steward; ``sealed_key`` is ciphertext."""

    lineage: str
    number: int
    certificate: Certificate
    chain_pem: bytes
    sealed_key: bytes
