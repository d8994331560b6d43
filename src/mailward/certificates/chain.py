"""Putting certificates into a chain (RFC 5280 section 6; RFC 8446 section 4.4.2 for its order on the wire).

People paste chains in any order, with the root, with strangers in between: what can be put right is put right here,
silently. Whether the result is good enough is ``inspect``'s business.
"""

from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from mailward.standards.x509 import signs


@dataclass(frozen=True)
class Chain:
    """Leaf first, then each one's issuer, without the root. ``anchored``: a trusted root signed the last one.

    ``dropped_root`` is a root that was handed in but isn't trusted (None: there was none).
    """

    certificates: tuple[x509.Certificate, ...]
    anchored: bool
    dropped_root: x509.Certificate | None

    @property
    def top(self) -> x509.Certificate:
        return self.certificates[-1]

    @property
    def pem(self) -> bytes:
        return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in self.certificates)


def arrange(leaf: x509.Certificate, others: tuple[x509.Certificate, ...], roots: tuple[x509.Certificate, ...]) -> Chain:
    """The chain from ``leaf`` upwards out of ``others``; what doesn't belong to it is left out."""
    chain = [leaf]
    while len(chain) <= len(others) + 1:
        top = chain[-1]
        if top in roots or any(signs(root, top) for root in roots):
            return Chain(tuple(chain), True, None)
        issuer = next((other for other in others if other not in chain and signs(other, top)), None)
        if issuer is None:
            return Chain(tuple(chain), False, None)
        if issuer.subject == issuer.issuer:
            return Chain(tuple(chain), issuer in roots, issuer)
        chain.append(issuer)
    return Chain(tuple(chain), False, None)


def is_ca(certificate: x509.Certificate) -> bool:
    """Whether its basic constraints say so (RFC 5280 section 4.2.1.9)."""
    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return False


def leaves(certificates: tuple[x509.Certificate, ...]) -> tuple[x509.Certificate, ...]:
    """Those that are no CA and have issued none of the others, each once."""
    unique = tuple(dict.fromkeys(certificates))
    return tuple(
        one for one in unique if not is_ca(one) and not any(other is not one and signs(one, other) for other in unique)
    )


def issuer_url(certificate: x509.Certificate) -> str:
    """Where the issuer's certificate can be fetched, as the certificate itself says (RFC 5280 section 4.2.2.1); or ""."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return ""
    for description in access:
        where = description.access_location
        if description.access_method == AuthorityInformationAccessOID.CA_ISSUERS and isinstance(
            where, x509.UniformResourceIdentifier
        ):
            return where.value
    return ""


def load_roots(*bundles: bytes) -> tuple[x509.Certificate, ...]:
    """The roots of PEM bundles; a single unreadable root in a big bundle is left out (system stores hold oddities)."""
    roots: list[x509.Certificate] = []
    for bundle in bundles:
        try:
            roots.extend(x509.load_pem_x509_certificates(bundle))
        except (ValueError, UnsupportedAlgorithm):
            roots.extend(_one_by_one(bundle))
    return tuple(dict.fromkeys(roots))


def _one_by_one(bundle: bytes) -> list[x509.Certificate]:
    found = []
    end = b"-----END CERTIFICATE-----"
    for part in bundle.split(end)[:-1]:
        try:
            found.append(x509.load_pem_x509_certificate(part + end))
        except (ValueError, UnsupportedAlgorithm):
            continue
    return found
