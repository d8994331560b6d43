"""Both kinds of keys at once: an ECDSA certificate and its RSA companion are ordered, shown, proven and ended together."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256

from fakes import papers
from fakes.chains import Issued
from fakes.sudden_death import Countdown, Killed
from mailward.model.acme import AcmeError, AcmeProblem
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.progress import Quiet
from mailward.model.runs import RunState
from mailward.model.settings import KeyType, Settings
from mailward.steward.new_instance import demo

ANNA = Actor("anna")
DOORS = (("http", "webmail.a.test"), ("imap", "mail.a.test"), ("pop3", "mail.a.test"), ("smtp", "mail.a.test"))
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def settings(**changes) -> Settings:
    return replace(demo(ipv6=False), addresses=("127.0.0.1",), **{"key_type": KeyType.BOTH, "rsa": True, **changes})


@pytest.fixture
def host(another: Callable):
    """A host that makes both kinds of keys; a.test is held."""
    return another(settings()).holding("a.test")


def ask(made):
    from mailward.actions import choices

    return choices.secure(made.office, ANNA, "a.test")


def shown(made, *, rsa: bool) -> set[str]:
    """The fingerprints that a.test's clients of this kind are shown, over all doors."""
    found = set()
    for protocol, sni in DOORS:
        pem = made.doors.served(protocol, sni, rsa=rsa)
        certificate = x509.load_pem_x509_certificate(pem) if pem else None
        found.add(certificate.fingerprint(SHA256()).hex() if certificate else "nothing")
    return found


def row(made, lineage: str = "a.test-wildcard"):
    from mailward.actions import certificates

    return certificates.show_certificate(made.office, ANNA, lineage)


def test_two_orders_one_after_the_other_make_one_version_that_every_door_shows(host) -> None:
    """Clients that know ECDSA get the one, the others its companion, at every door; both were looked at."""
    from mailward.store import records

    assert host.carry_out(ask(host)).state is RunState.DONE
    assert len(host.ca.orders_made) == 2
    one = row(host)
    assert (one.current, one.key_type) == (1, "both")
    assert shown(host, rsa=False) == {one.sha256}
    assert shown(host, rsa=True) == {one.companion_sha256}
    found = [f for f in records.known_findings(["a.test"]) if f.name in ("mail.a.test", "webmail.a.test")]
    assert {(f.rsa_only, f.verdict, f.served_sha256, f.wanted_sha256) for f in found} == {
        (False, "pass", one.sha256, one.sha256),
        (True, "pass", one.companion_sha256, one.companion_sha256),
    }
    assert {f.door for f in found if f.rsa_only} == {f.door for f in found if not f.rsa_only} != set()


def test_a_server_wide_pair_is_shown_without_a_name_too(host) -> None:
    """Who sends no name or an unknown one, and knows no ECDSA, meets the server's own companion."""
    from mailward.actions import choices

    done = host.carry_out(choices.secure(host.office, ANNA, "server"))
    assert done.state is RunState.DONE, str(done.what)
    companion = host.files.read(host.host.layout.tls_companion("server-san", 1))
    for protocol in ("http", "imap", "smtp"):
        for sni in (None, "unknown.invalid", host.settings.hostname):
            assert host.doors.served(protocol, sni, rsa=True) == companion, (protocol, sni)


def test_killed_anywhere_it_ends_with_both_and_two_orders(another: Callable) -> None:
    """Whatever the moment, the next start goes on: the first certificate is never ordered again for the second's sake."""
    from mailward.steward.steward import Steward

    made = another(settings()).holding("a.test")
    run_id, counted = ask(made).run_id, Countdown()
    Steward(made.mortal(counted)).take(run_id, Quiet())
    assert counted.count > 20
    for at in range(1, counted.count + 1):
        made = another(settings()).holding("a.test")
        run_id = ask(made).run_id
        with pytest.raises(Killed):
            Steward(made.mortal(Countdown(at, after=at % 2 == 0))).take(run_id, Quiet())
        made.carry_out()
        one = row(made)
        assert len(made.ca.orders_made) == 2, f"killed at change {at}"
        assert shown(made, rsa=False) == {one.sha256}, f"killed at change {at}"
        assert shown(made, rsa=True) == {one.companion_sha256} != {""}, f"killed at change {at}"


def test_when_the_second_fails_the_first_is_kept_and_not_shown_alone(host) -> None:
    """What was served goes on being served; the next try orders the missing one, and nothing else."""
    before = shown(host, rsa=False)
    host.ca.says["new_order"] = [None, *[AcmeProblem("rejectedIdentifier", "not this time")] * 9]
    failed = host.carry_out(ask(host))
    assert failed.state is RunState.FAILED
    assert "not this time" in str(failed.what)
    assert shown(host, rsa=False) == before
    assert (row(host).current, row(host).failures) == (None, 1)
    host.ca.says["new_order"] = []
    assert host.carry_out(ask(host)).state is RunState.DONE
    assert len(host.ca.orders_made) == 2
    assert row(host).current == 1
    assert shown(host, rsa=True) == {row(host).companion_sha256}


def test_a_renewal_follows_both_and_old_files_go(host) -> None:
    """The next version has both again, by two orders; of a version that nothing points at, no file stays."""
    from mailward.actions import orders

    host.carry_out(ask(host))
    for number in (2, 3):
        assert host.carry_out(orders.renew(host.office, ANNA, "a.test-wildcard")).state is RunState.DONE
        assert row(host).current == number
        assert len(host.ca.orders_made) == 2 * number
        assert shown(host, rsa=True) == {row(host).companion_sha256}
    names = [name for name in host.files.names(host.host.layout.tls_versions) if name.startswith("a.test-wildcard")]
    assert names == [f"a.test-wildcard.{n}.{kind}" for n in (2, 3) for kind in ("all.pem", "pem", "rsa.pem")]
    for place in (host.host.layout.tls_companion, host.host.layout.tls_all):
        file = host.files.read(place("a.test-wildcard", 3))
        assert b"PRIVATE KEY" in file


def test_a_companion_that_a_door_does_not_show_undoes_the_switch(host) -> None:
    """Clients that know no ECDSA were promised something: a door that breaks it off is a failed proof."""
    before = {kind: shown(host, rsa=kind) for kind in (False, True)}
    host.doors.troubles = lambda target: "handshake-failed" if target.rsa_only and target.protocol == "imap" else None
    undone = host.carry_out(ask(host))
    assert undone.state is RunState.UNDONE
    assert "knows no ECDSA" in str(undone.what)
    assert {kind: shown(host, rsa=kind) for kind in (False, True)} == before


def test_back_to_one_key_takes_the_companion_away(host) -> None:
    """Ordered again with one kind of key, the next version has one certificate, and nobody is asked for the other."""
    from mailward.actions import orders

    host.carry_out(ask(host))
    assert host.carry_out(orders.issue(host.office, ANNA, "a.test", key_type=KeyType.P256)).state is RunState.DONE
    assert (row(host).current, row(host).companion_sha256) == (2, "")
    assert shown(host, rsa=True) == {"nothing"}


def test_revoking_ends_both(host) -> None:
    """The CA is told of each."""
    from mailward.actions import choices, orders
    from mailward.store.models import Version

    host.carry_out(ask(host))
    host.carry_out(choices.choose(host.office, ANNA, "a.test", webmail="self-signed", mail="self-signed"))
    assert host.carry_out(orders.revoke(host.office, ANNA, "a.test-wildcard")).state is RunState.DONE
    version = Version.objects.get(lineage="a.test-wildcard")
    assert host.ca.revoked == [bytes(version.chain_pem), bytes(version.companion_chain_pem)]


def test_lost_files_of_a_pair_are_put_right(host) -> None:
    """After a restore without ``tls/``, every name finds both again."""
    from mailward.steward import birth

    host.carry_out(ask(host))
    host.files.remove(host.host.layout.tls_companion("a.test-wildcard", 1))
    birth.put_tables_right(host.host)
    assert shown(host, rsa=True) == {row(host).companion_sha256}
    host.files.writes.clear()
    birth.put_tables_right(host.host)
    assert host.files.writes == []


def test_a_failed_name_costs_one_order(host) -> None:
    """When the CA refuses the name, the second certificate isn't asked for at all."""
    host.ca.refuses["a.test"] = AcmeError("unauthorized", "nothing found")
    assert host.carry_out(ask(host)).state is RunState.FAILED
    assert len(host.ca.orders_made) == 1


# ---- uploads


def pair(names: tuple[str, ...] = ("a.test", "*.a.test"), others: tuple[str, ...] | None = None) -> tuple[Issued, Issued]:
    return papers.leaf(*names), papers.leaf(*(others or names), key=RSA_KEY)


def pem_of(*leaves: Issued) -> bytes:
    return b"".join(papers.bundle(leaf) for leaf in leaves)


def upload(made, *leaves: Issued, **options):
    from mailward.actions import certificates

    return certificates.upload(made.office, ANNA, "a.test", pem_of(*leaves), **options)


def test_a_bought_pair_is_uploaded_in_one_piece(host) -> None:
    """In whatever order: the ECDSA one is first, the RSA one its companion; chosen, both are shown and proven."""
    from mailward.actions import choices

    first, second = pair()
    one, _ = upload(host, second, first)
    assert (one.sha256, one.companion_sha256) == (first.sha256, second.sha256)
    assert host.carry_out(choices.choose(host.office, ANNA, "a.test", webmail=one.id, mail=one.id)).state is RunState.DONE
    assert (shown(host, rsa=False), shown(host, rsa=True)) == ({first.sha256}, {second.sha256})
    single = papers.leaf("a.test", "*.a.test")
    _, asked = upload(host, single, lineage_id=one.id)
    assert host.carry_out(asked).state is RunState.DONE
    assert (shown(host, rsa=False), shown(host, rsa=True)) == ({single.sha256}, {"nothing"})


@pytest.mark.parametrize(
    ("code", "material"),
    [
        ("not-a-pair", lambda: pem_of(*pair(others=("a.test",)))),
        ("not-a-pair", lambda: pair()[1].pem + papers.bundle(pair()[0])),
        ("several-leaves", lambda: pem_of(papers.leaf("a.test"), papers.leaf("a.test"))),
        ("several-leaves", lambda: pem_of(*pair(), *pair())),
        ("key-mismatch", lambda: papers.bundle(pair()[0]) + papers.bundle(pair()[1], key=papers.leaf("a.test"))),
    ],
    ids=["other names", "one key", "the same kind", "four", "a key of another"],
)
def test_two_certificates_that_are_no_pair_are_refused(host, code: str, material: Callable[[], bytes]) -> None:
    """Each refusal says why; nothing is kept."""
    from mailward.actions import certificates

    with pytest.raises(BadInput) as caught:
        certificates.upload(host.office, ANNA, "a.test", material())
    assert caught.value.code in (code, "several-keys" if code == "several-leaves" else code)
    assert certificates.list_certificates(host.office, ANNA, "a.test").rows == ()


def test_a_host_whose_doors_show_one_kind_refuses_pairs(another: Callable) -> None:
    """Nothing is promised that the doors don't look for: a pair is refused with the setting that ends it."""
    from mailward.actions import certificates, orders

    made = another(settings(key_type=KeyType.P256, rsa=False)).holding("a.test")
    for attempt in (
        lambda: upload(made, *pair()),
        lambda: orders.issue(made.office, ANNA, "a.test", key_type=KeyType.BOTH),
    ):
        with pytest.raises(BadInput) as caught:
            attempt()
        assert caught.value.code == "one-kind-of-key"
        assert "rsa = true" in str(caught.value.remedy)
    assert certificates.list_certificates(made.office, ANNA, "a.test").rows == ()


def test_a_request_has_one_key(host) -> None:
    """A CSR for both is refused; where both are the rule, a request is for ECDSA."""
    from mailward.actions import certificates

    with pytest.raises(BadInput) as caught:
        certificates.signing_request(host.office, ANNA, "a.test", key_type=KeyType.BOTH)
    assert caught.value.code == "one-key"
    _, pem = certificates.signing_request(host.office, ANNA, "a.test")
    assert not isinstance(x509.load_pem_x509_csr(pem).public_key(), rsa.RSAPublicKey)
