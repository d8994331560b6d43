"""Reading PKCS#12 files (RFC 7292): what Windows and Java export as .pfx or .p12."""

from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

from mailward.certificates import refusals
from mailward.certificates.der import costly
from mailward.certificates.pem import BROKEN, Material


def looks_like_pkcs12(data: bytes) -> bool:
    """Whether it begins as a PFX does: a SEQUENCE whose first element is the INTEGER 3."""
    return data[:1] == b"\x30" and b"\x02\x01\x03" in data[2:12]


def read_pkcs12(data: bytes, password: str | None, field: str) -> Material:
    """Its certificates and its key. Raises BadInput: too-big, too-costly, pkcs12-unreadable, too-many."""
    if len(data) > refusals.MAX_BYTES:
        raise refusals.too_big(field)
    if costly(data):
        raise refusals.too_costly(field)
    try:
        key, leaf, others = load_key_and_certificates(data, password.encode() if password else None)
        certificates = tuple(certificate for certificate in (leaf, *others) if certificate is not None)
        for certificate in certificates:
            _ = certificate.extensions, certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
    except BROKEN:
        raise refusals.pkcs12_unreadable(field) from None
    if len(certificates) > refusals.MAX_CERTIFICATES:
        raise refusals.too_many(field)
    return Material(certificates, () if key is None else (key,))
