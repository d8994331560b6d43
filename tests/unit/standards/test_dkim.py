"""DKIM: what is signed verifies, what was changed doesn't, and dkimpy, another implementation, says the same."""

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dkim as dkimpy
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from dkim.canonicalization import Relaxed, Simple
from hypothesis import given, settings
from hypothesis import strategies as st

from mailward.model.errors import BadInput
from mailward.model.outside import DnsAnswer
from mailward.standards import dkim
from mailward.standards.dkim import Canonicalization, KeyKind, KeyRecord, Outcome, Signature
from mailward.standards.txt import quoted

NOW = datetime.now(UTC).replace(microsecond=0)  # dkimpy asks the machine for the time
SIMPLE, RELAXED = Canonicalization
KEYS = {kind: dkim.make_key(kind) for kind in KeyKind}
PUBLISHED = {f"{kind}._domainkey.alpha.test": KeyRecord.of(key).format() for kind, key in KEYS.items()}
WAYS = [(header, body) for header in Canonicalization for body in Canonicalization]
MAIL = (
    b"From: Anna <anna@alpha.test>\r\nTo: bob@beta.test\r\nSubject:  Hello \tyou\r\n\r\nHi  Bob,\t \r\n\r\nAnna\r\n\r\n\r\n"
)


class Published:
    """TXT records by name; a name whose record is None has no answer today."""

    def __init__(self, records=PUBLISHED):
        self.records, self.asked = records, []

    def query(self, name, rdtype):
        self.asked.append(name)
        assert rdtype == "TXT"
        if name not in self.records:
            return DnsAnswer(name, rdtype, "NXDOMAIN", (), "fake")
        found = self.records[name]
        if found is None:
            return DnsAnswer(name, rdtype, "SERVFAIL", (), "fake")
        return DnsAnswer(name, rdtype, "NOERROR", tuple(map(quoted, [found] if isinstance(found, str) else found)), "fake")


def signed(message=MAIL, kind=KeyKind.ED25519, **more):
    more = {"domain": "alpha.test", "selector": kind.value, "key": KEYS[kind], "now": NOW} | more
    return dkim.sign(message, **more) + message


def outcomes(message, records=PUBLISHED, now=NOW):
    return [result.outcome for result in dkim.verify(message, Published(records), now)]


def codes(message, records=PUBLISHED, now=NOW):
    return [result.code for result in dkim.verify(message, Published(records), now)]


def by_dkimpy(message, records=PUBLISHED):
    """What dkimpy says of the topmost signature: True, False, or False for whatever it raises."""
    try:
        return dkimpy.verify(message, dnsfunc=lambda name, timeout=5: records.get(name.decode().rstrip("."), "").encode())
    except (dkimpy.DKIMException, IndexError):  # the latter for a message that begins with a blank
        return False


def signed_by_dkimpy(message, kind, ways, length):
    key = KEYS[kind]
    if kind is KeyKind.RSA:
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    else:
        secret = base64.b64encode(key.private_bytes_raw())
    made = dkimpy.DKIM(message)
    return made.sign(
        kind.value.encode(),
        b"alpha.test",
        secret,
        signature_algorithm=dkim.algorithm_of(key).value.encode(),
        canonicalize=tuple(way.value.encode() for way in ways),
        length=length,
    )


words = st.text(st.sampled_from('aB9 \t;:="<>äé\\.'), max_size=30).map(lambda text: text.encode())
values = (
    st.lists(words, min_size=1, max_size=3).map(b"\r\n ".join).filter(lambda value: b"\r\n \r\n" not in value + b"\r\n")
)
names = st.sampled_from(
    [b"Subject", b"to", b"CC", b"Date", b"Message-ID", b"X-Other", b"Received", b"List-Id", b"Content-Type", b"reply-to"]
)
bodies = st.lists(
    st.text(st.sampled_from("ab \t.é"), max_size=12).map(lambda text: text.encode()) | st.just(b""), max_size=8
).map(lambda lines: b"".join(line + b"\r\n" for line in lines))  # as every body that came by SMTP


@st.composite
def messages(draw):
    fields = draw(st.lists(st.tuples(names, values), max_size=6))
    fields.insert(draw(st.integers(0, len(fields))), (b"From", b" Anna <anna@alpha.test>"))
    return b"".join(name + b":" + value + b"\r\n" for name, value in fields) + b"\r\n" + draw(bodies)


mutations = st.tuples(
    st.integers(0, 10_000), st.sampled_from([b" ", b"x", b"\t", b"\r\n", b"\r\n ", b"", b";", b"From: e\r\n"])
)


def mutated(message, change):
    """Something put in, or a byte taken out, at one place."""
    place, what = change[0] % len(message), change[1]
    return message[:place] + what + message[place + (what == b"") :]


def both_say_the_same(changed):
    """Ours and dkimpy's word for the topmost signature. Where a line of the header is none, or holds a lone CR, dkimpy
    refuses the whole message or takes the CR for a blank; a blank before a colon (RFC 5322 section 4.5) is such a line."""
    head = re.split(rb"\n\r?\n", changed, maxsplit=1)[0].removesuffix(b"\r")
    if not re.search(rb"(?m)^(?![ \t]|[!-9;-~]+:)|\r(?!\n)", head):
        assert (outcomes(changed)[:1] == [Outcome.PASS]) == by_dkimpy(changed)


EXAMPLE = b"""\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
"""
EXAMPLE_KEYS = {
    "brisbane._domainkey.football.example.com": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "test._domainkey.football.example.com": "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3"
    "idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZ"
    "yVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB",
}


def test_the_example_of_rfc_8463_passes_twice():
    """The message of RFC 8463 appendix A carries an Ed25519 and an RSA signature, and both are right."""
    results = dkim.verify(EXAMPLE, Published(EXAMPLE_KEYS), NOW)
    assert [(one.outcome, one.algorithm, one.selector, one.bits) for one in results] == [
        (Outcome.PASS, "ed25519-sha256", "brisbane", 256),
        (Outcome.PASS, "rsa-sha256", "test", 1024),
    ]
    assert outcomes(EXAMPLE.replace(b"Joe.", b"Jim."), EXAMPLE_KEYS) == [Outcome.FAIL] * 2
    assert outcomes(EXAMPLE.replace(b"Suzie", b"Susie"), EXAMPLE_KEYS) == [Outcome.FAIL] * 2


def test_the_examples_of_rfc_6376_for_canonical_forms():
    """RFC 6376 section 3.4.5: the same message in both ways."""
    parts = dkim.split(b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n")
    assert b"".join(dkim.canonical_field(field, RELAXED) for field in parts.fields) == b"a:X\r\nb:Y Z\r\n"
    assert b"".join(dkim.canonical_field(field, SIMPLE) for field in parts.fields) == b"A: X\r\nB : Y\t\r\n\tZ  \r\n"
    assert dkim.canonical_body(parts.body, RELAXED) == b" C\r\nD E\r\n"
    assert dkim.canonical_body(parts.body, SIMPLE) == b" C \r\nD \t E\r\n"


@pytest.mark.parametrize(("way", "empty"), [(SIMPLE, b"\r\n"), (RELAXED, b"")])
def test_an_empty_body_is_what_the_norm_says(way, empty):
    """RFC 6376 sections 3.4.3 and 3.4.4 differ about a body of nothing, or of empty lines."""
    assert dkim.canonical_body(b"", way) == dkim.canonical_body(b"\r\n\n\r\n", way) == empty


@given(
    st.lists(st.text(st.sampled_from("a \t\r\n"), max_size=6).map(str.encode), max_size=6),
    st.sampled_from([SIMPLE, RELAXED]),
)
def test_a_body_in_pieces_is_the_same_body(pieces, way):
    """However a body is cut into pieces, between CR and LF too, it is canonical in the same way, and dkimpy's."""
    taken = dkim.Body(way)
    found = b"".join([taken.feed(piece) for piece in pieces]) + taken.end()
    assert found == dkim.canonical_body(b"".join(pieces), way)
    whole = b"".join(pieces) + b"\r\n"  # dkimpy leaves blanks that no line end follows
    theirs = {SIMPLE: Simple, RELAXED: Relaxed}[way].canonicalize_body(b"\r\n".join(re.split(b"\r?\n", whole)))
    assert dkim.canonical_body(whole, way) == theirs


def test_a_body_of_line_ends_alone_takes_its_own_time():
    """Ten million line ends, in pieces, before one letter: no piece is looked at twice."""
    hashed = dkim.BodyHash(RELAXED)
    for _ in range(100):
        hashed.update(b"\n" * 100_000)
    hashed.update(b"x")
    hashed.digest()
    assert hashed.octets == 2 * 10_000_000 + 3


@settings(max_examples=40, deadline=None)
@given(messages(), st.sampled_from(list(KeyKind)), st.sampled_from(WAYS), mutations)
def test_what_is_signed_here_is_right_for_dkimpy_and_what_was_changed_wrong_for_both(message, kind, ways, change):
    """Signed here: both say pass. Changed anywhere: both say the same."""
    sent = signed(message, kind, ways=ways)
    assert outcomes(sent) == [Outcome.PASS]
    assert by_dkimpy(sent)
    both_say_the_same(sent.removesuffix(message) + mutated(message, change))


@settings(max_examples=25, deadline=None)
@given(messages(), st.sampled_from(list(KeyKind)), st.sampled_from(WAYS), mutations, st.booleans())
def test_what_dkimpy_signs_is_right_here_and_what_was_changed_wrong_for_both(message, kind, ways, change, length):
    """The other direction, with l= too."""
    sent = signed_by_dkimpy(message, kind, ways, length) + message
    assert outcomes(sent) == [Outcome.PASS]
    both_say_the_same(sent.removesuffix(message) + mutated(message, change))


def test_two_signatures_and_each_has_its_result():
    """RSA and Ed25519 on one message: results from the top, with domain and selector; each key asked once."""
    message = signed(signed(), KeyKind.RSA)
    resolver = Published()
    results = dkim.verify(signed(message), resolver, NOW)
    assert [(one.outcome, one.domain, one.selector) for one in results] == [
        (Outcome.PASS, "alpha.test", "ed25519"),
        (Outcome.PASS, "alpha.test", "rsa"),
        (Outcome.PASS, "alpha.test", "ed25519"),
    ]
    assert sorted(resolver.asked) == sorted(PUBLISHED)


@pytest.mark.parametrize("name", [b"From", b"To", b"Cc", b"Subject", b"Date", b"Reply-To", b"Sender"])
def test_no_second_sender_recipient_or_subject_can_be_added(name):
    """What is closed by the signature can't be added above or below it."""
    sent = signed()
    assert outcomes(name + b": evil@evil.test\r\n" + sent) != [Outcome.PASS]
    assert outcomes(sent.replace(b"\r\n\r\n", b"\r\n" + name + b": evil@evil.test\r\n\r\n", 1)) != [Outcome.PASS]


def test_other_fields_may_be_added_on_the_way():
    """What mail servers add breaks nothing."""
    assert outcomes(b"Received: by mx\r\nReturn-Path: <a@b>\r\n" + signed()) == [Outcome.PASS]


def test_a_sender_added_behind_a_signature_that_doesnt_close_it_is_seen():
    """A signature over one From says nothing for a message with two."""
    sent = signed(headers=("from", "subject"))
    assert codes(b"From: evil@evil.test\r\n" + sent) == ["dkim-from-added"]


def test_what_a_length_leaves_out_is_counted():
    """l= is taken as it is, and what stands behind it is reported; more than there is, is not."""
    parts = dkim.split(MAIL)
    body = dkim.canonical_body(parts.body, RELAXED)
    hashed = dkim.BodyHash(RELAXED, 6)
    hashed.update(parts.body)
    for length, digest, wanted in (
        (6, hashed.digest(), (Outcome.PASS, len(body) - 6)),
        (len(body) + 1, b"", (Outcome.PERMERROR, 0)),
    ):
        header = dkim.Header(parts.fields)
        made = Signature(dkim.Algorithm.ED25519_SHA256, "alpha.test", "ed25519", (), digest, length=length)
        sent = b"DKIM-Signature:" + dkim.signed(header, made, KEYS[KeyKind.ED25519]) + b"\r\n" + MAIL
        (result,) = dkim.verify(sent, Published(), NOW)
        assert (result.outcome, result.uncovered) == wanted


REFUSED = {
    "v=DKIM1; p=": (Outcome.PERMERROR, "dkim-key-revoked"),
    "v=DKIM2; p=AAAA": (Outcome.PERMERROR, "dkim-version"),
    "v=spf1 -all": (Outcome.PERMERROR, "dkim-version"),
    "v=DKIM1; k=ed25519; p=AAAA": (Outcome.PERMERROR, "dkim-key"),
    "v=DKIM1; k=rsa; p=AAAA": (Outcome.PERMERROR, "dkim-key-kind"),
    "v=DKIM1; k=ed25519; p=***": (Outcome.PERMERROR, "dkim-key-form"),
    "v=DKIM1; k=ed25519; h=sha1; p=AAAA": (Outcome.PERMERROR, "dkim-key-hash"),
    "v=DKIM1; k=ed25519; s=tlsrpt; p=AAAA": (Outcome.PERMERROR, "dkim-key-service"),
    "v=DKIM1; k=ed25519": (Outcome.PERMERROR, "dkim-no-key"),
    KeyRecord.of(dkim.make_key(KeyKind.ED25519)).format(): (Outcome.FAIL, "dkim-value"),
    None: (Outcome.TEMPERROR, "dkim-no-answer"),
}


@pytest.mark.parametrize("record", REFUSED, ids=[f"{number}" for number in range(len(REFUSED))])
def test_what_a_record_is_worth(record):
    """Each way in which a key can't be used has its own outcome; silence of DNS is never the message's fault."""
    (result,) = dkim.verify(signed(), Published({"ed25519._domainkey.alpha.test": record}), NOW)
    assert (result.outcome, result.code) == REFUSED[record]
    assert str(result.reason)


def test_no_record_is_no_key_and_several_are_tried():
    """A name without a key is a lasting error; where several records stand, the right one counts."""
    assert codes(signed(), {}) == ["dkim-no-key"]
    several = ["v=spf1 -all", PUBLISHED["ed25519._domainkey.alpha.test"]]
    assert outcomes(signed(), {"ed25519._domainkey.alpha.test": several}) == [Outcome.PASS]


def test_small_keys_and_sha1_count_for_nothing():
    """RFC 8301: an RSA key below 1024 bits, and SHA-1, are refused, each with its reason."""
    small = rsa.generate_private_key(65537, 1024)
    sent = signed(selector="s", key=small)
    assert outcomes(sent, {"s._domainkey.alpha.test": KeyRecord.of(small).format()}) == [Outcome.PASS]
    public = rsa.RSAPublicNumbers(65537, (1 << 767) + 1).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    (result,) = dkim.verify(sent, Published({"s._domainkey.alpha.test": KeyRecord(der).format()}), NOW)
    assert (result.outcome, result.code) == (Outcome.POLICY, "dkim-key-size")
    assert codes(sent.replace(b"rsa-sha256", b"rsa-sha1")) == ["dkim-sha1"]


def test_time_runs_out_and_the_future_is_not_believed():
    """x= and t= count, with an hour for clocks that differ."""
    sent = signed(expires=NOW + timedelta(days=1))
    assert outcomes(sent, now=NOW + timedelta(days=1, minutes=50)) == [Outcome.PASS]
    assert codes(sent, now=NOW + timedelta(days=1, minutes=70)) == ["dkim-expired"]
    assert codes(sent, now=NOW - timedelta(minutes=70)) == ["dkim-future"]
    with pytest.raises(BadInput):
        signed(expires=NOW)


def test_a_strict_key_signs_for_no_subdomain():
    """t=s in the record, and a testing domain says so."""
    record = KeyRecord.of(KEYS[KeyKind.ED25519])
    sent = signed(identity="anna@sub.alpha.test")
    assert outcomes(sent) == [Outcome.PASS]
    assert codes(sent, {"ed25519._domainkey.alpha.test": replace(record, strict=True).format()}) == ["dkim-key-strict"]
    (result,) = dkim.verify(sent, Published({"ed25519._domainkey.alpha.test": replace(record, testing=True).format()}), NOW)
    assert result.testing


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ("v=1; a=rsa-sha256", "dkim-signature-form"),
        ("v=1; v=1", "dkim-signature-form"),
        ("v=2; a=rsa-sha256; b=; bh=; d=a.test; h=from; s=s", "dkim-version"),
        ("v=1; a=rsa-md5; b=; bh=; d=a.test; h=from; s=s", "dkim-algorithm"),
        ("v=1; a=rsa-sha256; b=; bh=; d=a.test; h=to; s=s", "dkim-from-unsigned"),
        ("v=1; a=rsa-sha256; b=; bh=; d=a..test; h=from; s=s", "dkim-signature-form"),
        ("v=1; a=rsa-sha256; b=; bh=; d=a.test; h=from; s=s; i=@b.test", "dkim-signature-form"),
        ("v=1; a=rsa-sha256; b=; bh=; d=a.test; h=from; s=s; q=web", "dkim-signature-form"),
        ("v=1; a=rsa-sha256; b=; bh=; d=a.test; h=from; s=s; l=-1", "dkim-signature-form"),
        ("v=1; a=rsa-sha256; b=; bh=; d=a.test; h=from; s=s; t=5; x=5", "dkim-signature-form"),
        ("v=1; a=rsa-sha256; b=; bh=; d=a.test; h=from; s=s; c=odd", "dkim-signature-form"),
        (";" * 100, "dkim-signature-form"),
    ],
)
def test_signatures_that_cant_be_read_are_neutral(tags, code):
    """A broken signature is neither right nor wrong, and no key is asked for."""
    resolver = Published()
    (result,) = dkim.verify(f"DKIM-Signature: {tags}\r\n".encode() + MAIL, resolver, NOW)
    assert (result.outcome, result.code, resolver.asked) == (Outcome.NEUTRAL, code, [])


def test_a_message_has_bounds():
    """Many signatures, fields or bytes cost a bounded amount of work."""
    many = b"".join([b"DKIM-Signature: v=1\r\n"] * 100) + MAIL
    assert len(dkim.verify(many, Published(), NOW)) == 9
    assert codes(b"A: b\r\n" * 3000 + MAIL) == ["message-too-large"]
    assert codes(b"A: " + b"b" * (1 << 21)) == ["message-too-large"]
    assert dkim.verify(MAIL, Published(), NOW) == ()


@given(st.builds(
    KeyRecord,
    st.binary(max_size=80),
    st.sampled_from(["rsa", "ed25519", "other"]),
    st.sampled_from([(), ("sha256",), ("sha1", "sha256")]),
    st.sampled_from([(), ("*",), ("email", "tlsrpt")]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "a note"]),
))  # fmt: skip
def test_a_record_reads_back_as_it_was_written(record):
    """Whatever a record says survives its text form."""
    assert KeyRecord.parse(record.format()) == record


lines = st.text(st.characters(max_codepoint=300), max_size=200)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), lines, lines)
def test_nothing_strange_is_raised(raw, signature, record):
    """Whatever stands in a message or in DNS, there is a result."""
    dkim.verify(raw, Published({}), NOW)
    sent = signed().replace(b"v=1", signature.encode().replace(b"\n", b" "), 1)
    for message in (sent, signed()):
        for result in dkim.verify(message, Published({"ed25519._domainkey.alpha.test": record}), NOW):
            assert result.outcome is not Outcome.PASS or message == signed() or result.domain == "alpha.test"


def test_what_is_no_key_says_nothing_of_itself():
    """A private key that can't be read is refused without a word of it."""
    with pytest.raises(BadInput) as refused:
        dkim.load_private(b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
    assert "c2VjcmV0" not in repr(refused.value) + str(refused.value)
    for kind, key in KEYS.items():
        assert KeyRecord.of(dkim.load_private(dkim.private_pem(key))) == KeyRecord.of(key)
        assert KeyRecord.of(key).kind == kind
        assert len(quoted(KeyRecord.of(key).format())) < 450


def test_a_message_without_a_sender_is_not_signed():
    """RFC 6376 section 5.4: From must be signed, so it must be there; fields that change on the way must not be."""
    with pytest.raises(BadInput):
        signed(b"To: bob@beta.test\r\n\r\nHi\r\n")
    with pytest.raises(BadInput):
        signed(headers=("from", "received"))
