"""Each fault of a chain, a name, a protocol or a door has its own code and verdict; green needs all of them right."""

import re
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from fakes.chains import DAY, NOW, Issued, authority, issue, new_key
from mailward.audit.probes.doors import Attempts, DoorObservation
from mailward.audit.rules import codes, words
from mailward.audit.rules.chain import ChainJudge, TrustRoots
from mailward.audit.rules.doors import judge_door
from mailward.model.doors import Door, Tls
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER, DoorQuestion
from mailward.model.outside import Dialled, DialTarget
from mailward.model.verdict import Verdict

CA = authority()
ROOTS = TrustRoots.from_pem(CA.root.pem)
SERVER_NAME = "mx.host.test"
NAME = "mail.alpha.test"


def question(**changes) -> DoorQuestion:
    return replace(DoorQuestion("alpha.test", NAME, Door.IMAPS, 993, "192.0.2.1", NAME, None), **changes)


def dialled(chain, trouble=None, detail="", **changes) -> Dialled:
    target = DialTarget("imap", Tls.IMPLICIT, "192.0.2.1", 993, NAME)
    ders = tuple(c.der if isinstance(c, Issued) else c for c in chain)
    return replace(Dialled(target, trouble, detail, ders, "TLSv1.3" if ders else None), **changes)


REFUSED_OLD = dialled((), "handshake-failed")


def judge(*chain, at=NOW, asked=None, attempts=None, roots=ROOTS, **changes):
    seen = DoorObservation(asked or question(), dialled(chain, **changes), attempts or Attempts(REFUSED_OLD), at)
    return judge_door(seen, ChainJudge(roots), SERVER_NAME)


def good(**faults):
    return CA.leaf(NAME, **faults)


def test_everything_right_is_green():
    """A trusted, current, matching, wanted certificate over TLS 1.3 passes, and says what was served until when."""
    leaf = good()
    found = judge(leaf, CA.intermediate, asked=question(wanted_sha256=leaf.sha256))
    assert (found.verdict, found.code, found.also) == (Verdict.PASS, "ok", ())
    assert (found.served_sha256, found.protocol, found.not_after) == (leaf.sha256, "TLSv1.3", NOW + 80 * DAY)
    assert (str(found.reason), str(found.remedy)) == ("", "")


def test_serving_the_root_too_is_no_fault():
    """A chain that needlessly ends with the root is in order."""
    assert judge(good(), CA.intermediate, CA.root).code == "ok"


SELF = issue("server", names=(NAME,))
OLD_ROOT = issue("Old Root", ca=True, until=NOW - DAY)
OLD_INTERMEDIATE = issue("Old Intermediate", CA.root, ca=True, after=NOW - 90 * DAY, until=NOW - DAY)
SECOND = issue("Second Intermediate", CA.intermediate, ca=True, until=NOW + 900 * DAY)
NO_CA = issue("No Authority", CA.root, until=NOW + 900 * DAY)


@pytest.mark.parametrize(
    ("chain", "code", "also"),
    [
        ((SELF,), "self-signed", ()),
        ((issue("mx", names=(SERVER_NAME,)),), "self-signed", ("name-mismatch",)),
        ((CA.leaf("mail.beta.test"), CA.intermediate), "name-mismatch", ()),
        ((good(until=NOW - DAY), CA.intermediate), "expired", ()),
        ((good(after=NOW + DAY), CA.intermediate), "not-yet-valid", ()),
        ((good(),), "incomplete-chain", ()),
        ((good(), CA.stranger), "incomplete-chain", ("wrong-order",)),
        ((CA.leaf(NAME, by=SECOND), CA.intermediate), "incomplete-chain", ("wrong-order",)),
        ((CA.leaf(NAME, by=CA.stranger), CA.stranger, CA.stranger_root), "untrusted-root", ()),
        ((CA.leaf(NAME, by=CA.stranger), CA.stranger), "untrusted-root", ()),
        ((CA.leaf(NAME, by=SECOND), CA.intermediate, SECOND), "wrong-order", ()),
        ((good(), CA.root, CA.intermediate), "wrong-order", ()),
        ((good(), CA.intermediate, CA.stranger), "wrong-order", ()),
        ((CA.leaf(NAME, by=OLD_INTERMEDIATE), OLD_INTERMEDIATE), "issuer-expired", ()),
        ((CA.leaf(NAME, by=NO_CA), NO_CA), "chain-invalid", ()),
        ((good(purpose=ExtendedKeyUsageOID.CLIENT_AUTH), CA.intermediate), "wrong-purpose", ()),
        ((good(key=rsa.generate_private_key(65537, 1024)), CA.intermediate), "weak-key", ()),
        ((good(key=dsa.generate_private_key(2048)), CA.intermediate), "weak-key", ()),
        ((good(until=NOW + 3 * DAY), CA.intermediate), "expires-soon", ()),
        ((b"garbage", CA.intermediate.der), "certificate-unreadable", ()),
        ((), "certificate-unreadable", ()),
    ],
)
def test_each_fault_of_a_chain(chain, code, also):
    """Every fault gives its own code, never a pass, and says why and what ends it."""
    found = judge(*chain)
    assert (found.code, found.also) == (code, also)
    assert found.verdict in (Verdict.FAIL, Verdict.WARN)
    assert found.verdict is codes.VERDICTS[code]
    assert str(found.reason)
    assert str(found.remedy) or code == "certificate-unreadable"


def test_a_forged_signature_is_no_path():
    """A leaf that names a trusted issuer, but was signed by another key, is never accepted."""
    forger = Issued(CA.intermediate.certificate, new_key())
    assert judge(CA.leaf(NAME, by=forger), CA.intermediate).verdict is Verdict.FAIL


def test_weak_signatures():
    """A chain signed with SHA-1 fails; a root's own signature on itself is nobody's concern."""
    key = rsa.generate_private_key(65537, 2048)
    old = issue("Old", CA.root, ca=True, until=NOW + 900 * DAY, key=key)
    found = judge(CA.leaf(NAME, by=old, digest="sha1"), old)
    assert found.code == "weak-signature"
    assert "sha1" in str(found.reason)
    root = issue("SHA-1 Root", ca=True, until=NOW + 900 * DAY, key=key, digest="sha1")
    assert judge(CA.leaf(NAME, by=root), roots=TrustRoots.from_pem(root.pem)).code == "ok"


def test_an_expired_root_is_noticed():
    """A trusted root that has expired doesn't make a chain good."""
    leaf = CA.leaf(NAME, by=OLD_ROOT)
    assert judge(leaf, roots=TrustRoots.from_pem(OLD_ROOT.pem)).code == "issuer-expired"


def test_a_self_signed_certificate_that_is_trusted():
    """When somebody trusts a self-signed certificate by hand, it passes."""
    assert judge(SELF, roots=TrustRoots.from_pem(SELF.pem)).code == "ok"


@pytest.mark.parametrize("lifetime", [timedelta(days=90), timedelta(days=45), timedelta(days=6), timedelta(hours=1)])
def test_overdue_renewals_are_seen_at_every_lifetime(lifetime):
    """Two thirds through its life a certificate is fine, in its last quarter it is overdue, and afterwards expired."""
    leaf = good(after=NOW, until=NOW + lifetime)
    chains = [leaf, CA.intermediate]
    assert judge(*chains, at=NOW + lifetime * 0.7).code == "ok"
    assert judge(*chains, at=NOW + lifetime * 0.77).code == "expires-soon"
    assert judge(*chains, at=NOW + lifetime * 1.01).code == "expired"


def test_a_long_certificate_is_not_nagged_about():
    """A certificate of a year is warned about in its last three weeks, not in its last quarter."""
    leaf = good(after=NOW, until=NOW + 365 * DAY)
    assert judge(leaf, CA.intermediate, at=NOW + 340 * DAY).code == "ok"
    assert judge(leaf, CA.intermediate, at=NOW + 345 * DAY).code == "expires-soon"


def test_wildcards_stand_for_one_label():
    """*.alpha.test covers mail.alpha.test, but neither alpha.test nor a.b.alpha.test (RFC 9525)."""
    leaf = CA.leaf("*.alpha.test")
    for name, code in ((NAME, "ok"), ("alpha.test", "name-mismatch"), ("a.b.alpha.test", "name-mismatch")):
        assert judge(leaf, CA.intermediate, asked=question(name=name, sni=name)).code == code


def test_what_was_not_chosen_is_red_though_valid():
    """An otherwise perfect certificate that isn't the chosen one fails: the old one is still served."""
    found = judge(good(), CA.intermediate, asked=question(wanted_sha256="0" * 64))
    assert (found.verdict, found.code) == (Verdict.FAIL, "not-what-was-chosen")
    assert "mailward apply" in str(found.remedy)


def test_names_that_nothing_promised_only_warn():
    """A name that no choice promised to cover warns when only the name is wrong; a self-signed certificate still fails."""
    asked = question(name="alpha.test", sni="alpha.test", required=False)
    assert judge(good(), CA.intermediate, asked=asked).verdict is Verdict.WARN
    assert judge(SELF, asked=asked).verdict is Verdict.FAIL


@pytest.mark.parametrize(("name", "sni"), [("unknown-name.invalid", "unknown-name.invalid"), ("", None)])
def test_unknown_and_missing_names_get_the_servers_certificate(name, sni):
    """Who asks for no name or an unknown one must meet a valid certificate for the server's own name."""
    asked = question(domain=SERVER, name=name, sni=sni, expects_server=True)
    assert judge(CA.leaf(SERVER_NAME), CA.intermediate, asked=asked).code == "ok"
    assert judge(good(), CA.intermediate, asked=asked).code == "name-mismatch"
    found = judge(issue("mx", names=(SERVER_NAME,)), asked=asked)
    assert (found.code, found.also) == ("self-signed", ())
    assert str(found.remedy).endswith("mailward secure server")


@pytest.mark.parametrize(
    ("trouble", "verdict"),
    [
        ("refused", Verdict.FAIL),
        ("timeout", Verdict.UNKNOWN),
        ("unreachable", Verdict.UNKNOWN),
        ("starttls-missing", Verdict.FAIL),
        ("handshake-failed", Verdict.FAIL),
        ("protocol-error", Verdict.FAIL),
    ],
)
@pytest.mark.parametrize("door", list(Door))
def test_doors_that_show_nothing(trouble, verdict, door):
    """A door without an answer is never green: refused is red, silence is unknown."""
    found = judge(trouble=trouble, detail="why", asked=question(door=door))
    assert (found.code, found.verdict, found.served_sha256) == (trouble, verdict, None)
    assert str(found.reason)
    assert str(found.remedy)


def test_a_door_that_fails_after_the_handshake():
    """A door that shows its certificate and then doesn't speak its protocol is red for that, its certificate is told."""
    leaf = good()
    found = judge(leaf, CA.intermediate, trouble="protocol-error", detail="greeting inside TLS")
    assert (found.code, found.served_sha256, found.verdict) == ("protocol-error", leaf.sha256, Verdict.FAIL)
    assert judge(SELF, trouble="protocol-error").also == ("self-signed",)


def test_old_protocols():
    """A door that speaks TLS 1.1 when offered nothing better fails; between mail servers it warns."""
    old = Attempts(dialled((SELF,), version="TLSv1.1"))
    assert judge(good(), CA.intermediate, attempts=old).verdict is Verdict.FAIL
    assert judge(good(), CA.intermediate, attempts=old).code == "old-protocol"
    assert judge(good(), CA.intermediate, attempts=old, asked=question(door=Door.SMTP)).verdict is Verdict.WARN
    assert judge(good(), CA.intermediate, version="TLSv1").code == "old-protocol"
    half = Attempts(dialled((SELF,), "protocol-error", version="TLSv1"))
    assert judge(good(), CA.intermediate, attempts=half).code == "old-protocol"


def test_a_door_below_its_profile():
    """TLS 1.2 where the settings ask for 1.3 alone is a warning of its own, no weakness."""
    found = judge(good(), CA.intermediate, attempts=Attempts(dialled((SELF,), version="TLSv1.2")))
    assert (found.code, found.verdict) == ("below-profile", Verdict.WARN)


@pytest.mark.parametrize("trouble", ["timeout", "refused", "unreachable"])
def test_attempts_without_an_answer_are_not_green(trouble):
    """When nobody knows whether the door resists, the verdict is unknown."""
    silent = dialled((), trouble)
    for attempts in (Attempts(silent), Attempts(REFUSED_OLD, silent)):
        found = judge(good(), CA.intermediate, attempts=attempts)
        assert (found.code, found.verdict) == ("not-fully-tested", Verdict.UNKNOWN)


def test_starttls_attacks():
    """An answered injection and a log-in offered in clear are red; hanging up on the attack is right."""
    answered = Attempts(REFUSED_OLD, dialled((SELF,), injected=True, clear_login=False))
    offered = Attempts(REFUSED_OLD, dialled((SELF,), clear_login=True))
    resisted = Attempts(REFUSED_OLD, dialled((), "protocol-error"))
    chain = (good(), CA.intermediate)
    assert judge(*chain, attempts=answered).code == "starttls-injection"
    assert judge(*chain, attempts=offered).code == "clear-login"
    unseen = Attempts(REFUSED_OLD, dialled((SELF,)))
    assert judge(*chain, attempts=resisted).code == "ok"
    assert judge(*chain, attempts=unseen).code == "not-fully-tested"


def test_the_most_serious_comes_first():
    """All problems are told, the one whose remedy ends the most first."""
    leaf = issue("mx", names=(SERVER_NAME,), until=NOW - DAY, key=rsa.generate_private_key(65537, 1024))
    found = judge(leaf, asked=question(wanted_sha256="0" * 64))
    assert found.code == "not-what-was-chosen"
    assert found.also == ("expired", "self-signed", "name-mismatch", "weak-key")


def test_beta_is_told_both_faults_and_the_exact_command():
    """The server-wide self-signed certificate under a domain's name: untrusted, and not for this name."""
    asked = question(domain="beta.localhost", name="mail.beta.localhost", sni="mail.beta.localhost")
    found = judge(issue("mx", names=(SERVER_NAME,)), asked=asked)
    assert (found.code, found.also) == ("self-signed", ("name-mismatch",))
    assert "mail.beta.localhost" in str(found.reason)
    assert "self-signed" in str(found.reason)
    assert "not made for this name" in str(found.reason)
    assert "mailward secure beta.localhost" in str(found.remedy)
    assert SERVER_NAME in str(found.remedy)


def test_every_code_has_its_words():
    """No code lacks a sentence for any door, and every value that a sentence wants is given."""
    assert set(words.REASONS) - {words.SELF_SIGNED_AND_OTHER_NAME, words.NO_COMPANION} == set(codes.VERDICTS)
    given = {"name", "names", "port", "address", "detail"}
    asked = {"name", "domain", "server"}
    for code in codes.VERDICTS:
        for door in Door:
            assert set(re.findall(r"{(\w+)}", words.reason(code, door).template)) <= given
            for where in (question(door=door), question(door=door, required=False), question(door=door, domain=SERVER)):
                assert set(re.findall(r"{(\w+)}", words.remedy(code, where).template)) <= asked


def test_chains_are_judged_once():
    """50,000 rows with few chains are judged in a moment: a chain is verified once, whatever the names."""
    leaf = good()
    chains = ChainJudge(ROOTS)
    seen = DoorObservation(question(), dialled((leaf, CA.intermediate)), Attempts(REFUSED_OLD), NOW)
    start = time.perf_counter()
    for _ in range(5000):
        judge_door(seen, chains, SERVER_NAME)
    assert time.perf_counter() - start < 2.5  # 10 rows a millisecond are usual; without the cache it takes 20 times longer


def test_roots_come_from_pem():
    """Damaged roots are left out, duplicates count once, and a file without any root is refused, not trusted blindly."""
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    assert TrustRoots.from_pem(b"# ours\n" + CA.root.pem + broken + CA.root.pem + CA.stranger_root.pem).count == 2
    with pytest.raises(BadInput) as refused:
        TrustRoots.from_pem(b"nothing here")
    assert refused.value.code == "trust-empty"
