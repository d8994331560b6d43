"""What is read out of a certificate is what was put in."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from mailward.model.errors import BadInput
from mailward.standards.x509 import describe

FROM = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = FROM + timedelta(days=90)
SHA256 = hashes.SHA256()


def certificate(key, names=(), digest=SHA256, issuer="me", signer=None):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "me")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(0xABC)
        .not_valid_before(FROM)
        .not_valid_after(UNTIL)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    return builder.sign(signer or key, digest).public_bytes(Encoding.DER)


def test_facts_are_read():
    """Names, times, key, signature and serial come out as they went in."""
    found = describe(certificate(ec.generate_private_key(ec.SECP256R1()), ("A.test", "*.a.test", "a.test")))
    assert found.names == ("a.test", "*.a.test")
    assert (found.not_before, found.not_after) == (FROM, UNTIL)
    assert (found.key, found.signature, found.serial) == ("ECDSA P-256", "sha256", "abc")
    assert found.self_signed
    assert len(found.sha256) == len(found.spki_sha256) == 64


@pytest.mark.parametrize(
    ("key", "digest", "kind", "signature"),
    [
        (rsa.generate_private_key(65537, 1024), hashes.SHA256(), "RSA 1024", "sha256"),
        (ed25519.Ed25519PrivateKey.generate(), None, "Ed25519", ""),
        (ec.generate_private_key(ec.SECP384R1()), hashes.SHA384(), "ECDSA P-384", "sha384"),
    ],
)
def test_kinds_of_keys(key, digest, kind, signature):
    """Every usual kind of key has its name."""
    found = describe(certificate(key, digest=digest))
    assert (found.key, found.signature, found.names) == (kind, signature, ())


def test_self_issued_is_not_self_signed():
    """A certificate that names itself as issuer, but was signed by another key, is not self-signed."""
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    assert not describe(certificate(key, signer=other)).self_signed
    assert not describe(certificate(key, issuer="other", signer=other)).self_signed


@given(st.binary(max_size=400))
def test_garbage_is_refused(garbage):
    """Bytes that are no certificate give BadInput and nothing else."""
    with pytest.raises(BadInput) as refused:
        describe(garbage)
    assert refused.value.code == "certificate-unreadable"


@given(st.integers(0, 300), st.integers(0, 255))
def test_damaged_certificates_never_crash(position, value):
    """One wrong byte in a certificate is either read or refused, never another error."""
    der = bytearray(ONE)
    der[position % len(der)] = value
    try:
        describe(bytes(der))
    except BadInput as refused:
        assert refused.code == "certificate-unreadable"


ONE = certificate(ec.generate_private_key(ec.SECP256R1()), ("a.test",))
