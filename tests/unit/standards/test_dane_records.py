"""TLSA records: read, written, and held against chains as SMTP clients do."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256, sha512

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import papers
from mailward.model.errors import BadInput
from mailward.standards import dane
from mailward.standards.dane import Match, Tlsa

NOW = papers.NOW
LEAF = papers.leaf("mx.a.test")
ISSUER = x509.load_pem_x509_certificate(papers.CHAIN)
CHAIN = (LEAF.certificate.public_bytes(Encoding.DER), ISSUER.public_bytes(Encoding.DER))


def spki(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def said(*records: Tlsa, chain: tuple[bytes, ...] = CHAIN, names: tuple[str, ...] = ("mx.a.test",), now: datetime = NOW):
    return dane.judge(records, chain, names=names, now=now)


EE_KEY = Tlsa(3, 1, 1, sha256(spki(LEAF.certificate)).digest())
TA_KEY = Tlsa(2, 1, 1, sha256(spki(ISSUER)).digest())


@pytest.mark.parametrize(
    "record",
    [
        EE_KEY,
        Tlsa(3, 1, 0, spki(LEAF.certificate)),
        Tlsa(3, 1, 2, sha512(spki(LEAF.certificate)).digest()),
        Tlsa(3, 0, 1, sha256(CHAIN[0]).digest()),
        Tlsa(3, 0, 0, CHAIN[0]),
        TA_KEY,
        Tlsa(2, 0, 1, sha256(CHAIN[1]).digest()),
        Tlsa(2, 0, 0, CHAIN[1]),
    ],
    ids=lambda record: f"{record.usage} {record.selector} {record.matching}",
)
def test_what_is_served_matches_its_records(record: Tlsa) -> None:
    """Every usage, selector and matching type that SMTP clients use finds its certificate or key."""
    assert said(record) is Match.MATCHES
    other = papers.leaf("mx.a.test").certificate.public_bytes(Encoding.DER)
    if record.usage == 3:
        assert said(record, chain=(other, CHAIN[1])) is Match.DIFFERS


def test_a_key_of_ones_own_needs_neither_name_nor_date() -> None:
    """RFC 7672 section 3.1.1: for usage 3 the key is all that counts; for usage 2 names and dates count as well."""
    late = datetime(2099, 1, 1, tzinfo=UTC)
    assert said(EE_KEY, names=("other.test",), now=late) is Match.MATCHES
    assert said(TA_KEY, names=("other.test",)) is Match.DIFFERS
    assert said(TA_KEY, now=late) is Match.DIFFERS
    assert said(TA_KEY, chain=CHAIN[:1]) is Match.DIFFERS


@pytest.mark.parametrize("usage", [0, 1])
def test_records_for_public_cas_are_no_use_for_mail(usage: int) -> None:
    """RFC 7672 section 3.1.3: with such records alone, clients encrypt and can't tell with whom."""
    assert said(Tlsa(usage, 1, 1, EE_KEY.data)) is Match.UNUSABLE
    assert dane.matches(Tlsa(1, 1, 1, EE_KEY.data), dane.read_chain(CHAIN), names=(), now=NOW)


def test_a_digest_of_a_wrong_length_is_no_use() -> None:
    """A cut hash neither protects nor stops mail; beside a good record it changes nothing."""
    assert said(Tlsa(3, 1, 1, EE_KEY.data[:31])) is Match.UNUSABLE
    assert said(Tlsa(3, 1, 1, EE_KEY.data[:31]), EE_KEY) is Match.MATCHES
    assert said() is Match.NONE


def test_only_the_strongest_digest_counts() -> None:
    """RFC 7671 section 9: a right SHA-256 beside a wrong SHA-512 of the same kind doesn't help."""
    assert said(EE_KEY, Tlsa(3, 1, 2, b"\0" * 64)) is Match.DIFFERS
    assert said(EE_KEY, Tlsa(3, 0, 2, b"\0" * 64)) is Match.MATCHES


def test_the_record_that_is_published_reads_back() -> None:
    """``3 1 1`` and the key's hash, under the name of port 25."""
    text = dane.of_key(EE_KEY.data.hex())
    assert dane.parse(text) == EE_KEY
    assert dane.parse(text.upper().replace(" 1 1 ", " 1  1 ")) == EE_KEY
    assert dane.owner("mx.a.test") == "_25._tcp.mx.a.test"


@pytest.mark.parametrize("text", ["", "3 1 1", "3 1 1 abc", "3 1 1 xy", "300 1 1 ab", "3 1 ab", "3 1 1 ab;", "-3 1 1 ab"])
def test_what_is_no_record_is_refused(text: str) -> None:
    """Each fault is one refusal with its code."""
    with pytest.raises(BadInput) as refused:
        dane.parse(text)
    assert refused.value.code == "tlsa-unreadable"


@settings(max_examples=80, deadline=None)
@given(st.one_of(st.text(max_size=90), st.from_regex(r"[0-9 ]{0,12}[0-9a-f ]{0,80}", fullmatch=True)))
def test_reading_ends_with_a_record_or_a_refusal(text: str) -> None:
    """Whatever DNS holds: a record that writes back to itself, or BadInput."""
    read, broken = dane.parse_all([text])
    assert len(read) + len(broken) == 1
    assert all(dane.parse(str(record)) == record for record in read)
    assert dane.judge(read, CHAIN, names=("mx.a.test",), now=NOW) in Match


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=30))
def test_a_chain_of_anything_is_judged(chain: list[bytes]) -> None:
    """Bytes that are no certificates match nothing and break nothing."""
    assert dane.judge([EE_KEY, TA_KEY], chain, names=("mx.a.test",), now=NOW + timedelta(0)) is Match.DIFFERS
