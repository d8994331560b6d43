"""What is refused of the certificates people hand in, and that nothing else can come out."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.chains import DAY, NOW, authority, issue
from mailward.certificates import make
from mailward.certificates.der import costly
from mailward.certificates.inspect import expect, keyed_chain
from mailward.model.certificates import KeyedChain
from mailward.model.errors import BadInput
from mailward.standards.x509 import describe

CA = authority()
LEAF = CA.leaf("mail.a.test", "webmail.a.test")
CHAIN = LEAF.pem + CA.intermediate.pem
GOOD = CHAIN + LEAF.key_pem
EXPECTED = expect(NOW, (CA.root.pem,))


def locked(key, password=b"secret"):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))


def pkcs12(password=b"secret", leaf=LEAF, chain=(CA.intermediate,)):
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return serialize_key_and_certificates(b"x", leaf.key, leaf.certificate, [one.certificate for one in chain], how)


def refusal(*parts, expected=EXPECTED, **more):
    with pytest.raises(BadInput) as refused:
        keyed_chain(*parts, expected=expected, **more)
    assert str(refused.value.what)
    assert str(refused.value.remedy)
    assert refused.value.field in ("certificate", "key")
    return refused.value


@pytest.mark.parametrize(
    "parts",
    [
        (GOOD,),
        (CHAIN, LEAF.key_pem),
        (LEAF.key_pem, CA.intermediate.pem, LEAF.pem),
        (LEAF.key_pem + CA.root.pem + CA.intermediate.pem + LEAF.pem,),
        (LEAF.pem + LEAF.pem + CA.intermediate.pem + LEAF.key_pem + LEAF.key_pem,),
        (CHAIN + CA.stranger.pem + LEAF.key_pem,),
        (b"Bag Attributes\r\n  friendlyName: x\r\n" + GOOD.replace(b"\n", b"\r\n"),),
        (b"\xef\xbb\xbf" + GOOD + b"\n\n", b"  \n"),
    ],
    ids=["one", "two", "apart", "reversed", "twice", "stranger", "windows", "bom"],
)
def test_any_order_is_put_right(parts):
    """However the pieces are pasted, the chain comes out leaf first, without root, strangers or doubles."""
    found = keyed_chain(*parts, expected=EXPECTED)
    assert found.chain_pem == CHAIN
    assert found.certificate == describe(LEAF.der)
    assert found.key_pem.startswith(b"-----BEGIN PRIVATE KEY-----")
    assert found.pem.startswith(found.key_pem.rstrip())


def test_pkcs12():
    """A PKCS#12 file with its password is read like PEM."""
    assert keyed_chain(pkcs12(), expected=EXPECTED, password="secret").chain_pem == CHAIN
    assert keyed_chain(pkcs12(None), expected=EXPECTED).chain_pem == CHAIN


def test_encrypted_key():
    """An encrypted key is opened with its password, and kept unencrypted only in what is returned."""
    found = keyed_chain(CHAIN, locked(LEAF.key), expected=EXPECTED, password="secret")
    assert b"ENCRYPTED" not in found.key_pem
    assert "PRIVATE" not in repr(found)


BENT = CHAIN.replace(b"MII", b"MIX", 1)
OTHER = CA.leaf("other.test")
OLD_INTERMEDIATE = issue("Old Intermediate", CA.root, ca=True, after=NOW - 20 * DAY, until=NOW - DAY)
BELOW_OLD = CA.leaf("mail.a.test", by=OLD_INTERMEDIATE)
SELF = issue("mail.a.test", names=("mail.a.test",))
REFUSALS = {
    "not-pem": (b"hello",),
    "truncated": (GOOD[: GOOD.rindex(b"-----END")],),
    "truncated-in-between": (CHAIN.replace(b"-----END CERTIFICATE-----", b"", 1) + LEAF.key_pem,),
    "too-big": (b"-----BEGIN CERTIFICATE-----" + b"A" * 300_000,),
    "too-many": (LEAF.key_pem + b"".join(issue(f"ca {n}", ca=True).pem for n in range(25)),),
    "no-certificate": (LEAF.key_pem,),
    "no-certificate-only-request": (make.request(("a.test",)).csr_pem,),
    "no-certificate-empty": (b"   ",),
    "certificate-unreadable": (BENT + LEAF.key_pem,),
    "several-leaves": (GOOD + OTHER.pem,),
    "no-key": (CHAIN,),
    "several-keys": (GOOD + OTHER.key_pem,),
    "password-needed": (CHAIN, locked(LEAF.key)),
    "key-unreadable": (CHAIN + b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",),
    "key-mismatch": (CHAIN + OTHER.key_pem,),
    "chain-incomplete": (LEAF.pem + LEAF.key_pem,),
    "chain-untrusted": (
        (stranger := CA.leaf("mail.a.test", by=CA.stranger)).pem
        + CA.stranger.pem
        + CA.stranger_root.pem
        + stranger.key_pem,
    ),
    "self-signed": (SELF.pem + SELF.key_pem,),
    "is-ca": (CA.root.pem + CA.root.key_pem,),
    "no-names": ((nameless := CA.leaf()).pem + CA.intermediate.pem + nameless.key_pem,),
    "chain-expired": (BELOW_OLD.pem + OLD_INTERMEDIATE.pem + BELOW_OLD.key_pem,),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(case):
    """Every fault is refused with its own code, a reason and a remedy."""
    refused = refusal(*REFUSALS[case])
    assert case.startswith(refused.code)
    assert LEAF.key_pem.splitlines()[1].decode() not in repr(refused)


@pytest.mark.parametrize(
    ("code", "faults"),
    [
        ("expired", {"until": NOW - DAY}),
        ("not-yet-valid", {"after": NOW + DAY}),
        ("weak-key", {"key": rsa.generate_private_key(65537, 1024)}),
        ("weak-key", {"key": ec.generate_private_key(ec.SECP521R1())}),
        ("weak-key", {"key": ec.generate_private_key(ec.SECP256K1())}),
        ("weak-signature", {"digest": "sha1"}),
        ("not-for-servers", {"purpose": ExtendedKeyUsageOID.CLIENT_AUTH}),
    ],
)
def test_bad_leaves(code, faults):
    """A leaf that clients would refuse is refused here, with the reason."""
    leaf = CA.leaf("mail.a.test", **faults)
    assert refusal(leaf.pem + CA.intermediate.pem + leaf.key_pem).code == code


def test_missing_names_are_named():
    """The refusal says which names are missing and which there are."""
    refused = refusal(GOOD, expected=expect(NOW, (CA.root.pem,), ("mail.a.test", "mail.b.test")))
    assert refused.code == "names-missing"
    assert "mail.b.test" in str(refused.what)
    assert "webmail.a.test" in str(refused.what)


def test_missing_issuer_is_named():
    """An incomplete chain names the issuer that is missing."""
    assert "Test Intermediate" in str(refusal(LEAF.pem, LEAF.key_pem).what)


def test_wrong_passwords():
    """A wrong password is said to be wrong, for PEM keys and for PKCS#12, and is never repeated."""
    assert refusal(CHAIN, locked(LEAF.key), password="hunter2").code == "password-wrong"
    refused = refusal(pkcs12(), password="hunter2")
    assert refused.code == "pkcs12-unreadable"
    assert "hunter2" not in str(refused.what) + str(refused.remedy) + repr(refused)
    assert refusal(pkcs12()).code == "pkcs12-unreadable"


def test_costly_keys_are_not_tried():
    """A key whose encryption asks for a billion rounds is refused at once instead of keeping the steward busy."""
    pem = locked(LEAF.key)
    assert not costly(pkcs12())
    octets, rounds = b"\x04\x08saltsalt", b"\x02\x04\x3b\x9a\xca\x00"
    assert costly(b"\x30" + bytes([len(octets + rounds)]) + octets + rounds)
    import base64

    body = b"\x30" + bytes([len(octets + rounds)]) + octets + rounds
    block = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + base64.b64encode(body) + b"\n-----END ENCRYPTED PRIVATE KEY-----\n"
    assert refusal(CHAIN, block, password="x").code == "too-costly"
    assert b"ENCRYPTED" in pem


def test_without_roots_an_unknown_root_is_fine():
    """What an ACME CA issued need not lead to a root known here; everything else is judged all the same."""
    assert keyed_chain(GOOD, expected=expect(NOW)).chain_pem == CHAIN
    assert refusal(GOOD, expected=expect(NOW + 1000 * DAY)).code == "expired"


def test_ed25519_is_refused():
    """No browser takes Ed25519 certificates, so it isn't accepted."""
    key = ed25519.Ed25519PrivateKey.generate()
    leaf = issue("x", CA.intermediate, ("mail.a.test",), key=key)
    assert refusal(leaf.pem + CA.intermediate.pem + leaf.key_pem).code == "weak-key"


def only_the_two(*parts, password=None):
    try:
        assert isinstance(keyed_chain(*parts, expected=EXPECTED, password=password), KeyedChain)
    except BadInput as refused:
        assert refused.code
        assert len(str(refused.what)) < 2000


@given(st.binary(max_size=2000), st.none() | st.text(max_size=20))
def test_any_bytes(data, password):
    """Whatever bytes are handed in: a chain or a BadInput, nothing else."""
    only_the_two(data, password=password)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.sampled_from([GOOD, CHAIN + locked(LEAF.key), pkcs12(None)]),
    st.lists(
        st.tuples(st.integers(0, 10_000), st.binary(min_size=0, max_size=4), st.integers(0, 40)), min_size=1, max_size=4
    ),
)
def test_mutated_material(material, cuts):
    """Real material with pieces cut out and put in: a chain or a BadInput, nothing else."""
    data = material
    for place, put, gone in cuts:
        at = place % len(data) if data else 0
        data = data[:at] + put + data[at + gone :]
    only_the_two(data, password="secret")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_mutated_der_inside_pem(data):
    """Real certificates with flipped bytes below the base64: a chain or a BadInput, nothing else."""
    import base64

    der = bytearray(LEAF.der)
    for place in data.draw(st.lists(st.integers(0, len(der) - 1), min_size=1, max_size=3)):
        der[place] = data.draw(st.integers(0, 255))
    block = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(bytes(der)) + b"-----END CERTIFICATE-----\n"
    only_the_two(block + CA.intermediate.pem + LEAF.key_pem)


def test_made_certificates_pass_their_own_inspection():
    """A self-signed certificate made here is what it says: names, lifetime, backdated, trusted where it is trusted."""
    now = datetime.now(UTC)
    made = make.self_signed(("mx.a.test", "a.test"), now)
    assert made.certificate.self_signed
    assert made.certificate.names == ("mx.a.test", "a.test")
    assert made.certificate.lifetime == timedelta(days=397)
    assert now - timedelta(hours=1, seconds=1) <= made.certificate.not_before <= now - timedelta(minutes=59)
    again = keyed_chain(made.pem, expected=expect(now, (made.chain_pem,), ("mx.a.test",)))
    assert again.certificate == made.certificate


@pytest.mark.parametrize(("kind", "says"), [("p256", "ECDSA P-256"), ("rsa2048", "RSA 2048"), ("rsa3072", "RSA 3072")])
def test_kinds_of_keys(kind, says):
    """Each kind of key that can be asked for is made."""
    assert make.self_signed(("a.test",), NOW, make.KeyType(kind)).certificate.key == says


def test_answers_to_requests():
    """The answer to a request made here is taken with its key; another certificate is refused as such."""
    asked = make.request(("mail.a.test",))
    leaf = CA.leaf("mail.a.test", key=make.load_key(asked.key_pem))
    taken = make.load_answer(CA.intermediate.pem + leaf.pem, key_pem=asked.key_pem, expected=EXPECTED)
    assert taken.chain_pem == leaf.pem + CA.intermediate.pem
    with pytest.raises(BadInput) as refused:
        make.load_answer(CHAIN, key_pem=asked.key_pem, expected=EXPECTED)
    assert refused.value.code == "key-mismatch"
    assert "PRIVATE" not in repr(asked)


def test_long_names_make_requests():
    """A name longer than a common name may be is still requested."""
    name = f"{'a' * 60}.{'b' * 60}.test"
    assert make.self_signed((name,), NOW).certificate.names == (name,)
