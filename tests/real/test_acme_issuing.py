"""Orders against Let's Encrypt's own test CA (Pebble) and a real name server (Knot)."""

from datetime import UTC, datetime, timedelta

import pytest

from acme_lab import challenge_server, lab
from mailward.certificates.inspect import expect, keyed_chain
from mailward.certificates.orders import Limits, OrderState, issue_many, plan_order, run_order
from mailward.model.acme import AcmeProblem
from mailward.model.certificates import Challenge
from mailward.model.settings import KeyType

pytestmark = pytest.mark.real
WILDCARD = ("lab.test", "*.lab.test")


def now():
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def running():
    with lab() as made:
        yield made


def plan(names, number=1, **more):
    return plan_order(number, f"lineage-{number}", names, ("pebble",), now(), **more)


def texts(made, name):
    return made.dns.query(name, "TXT").records


def test_wildcard_by_dns(running):
    """A wildcard certificate for a domain and all its subdomains is issued, complete, and leaves nothing in the DNS."""
    outside = running.outside()
    said = []
    ended = run_order(plan(WILDCARD), outside, lambda _record, what: said.append(str(what)))
    assert ended.state is OrderState.DONE, ended.failure
    material = outside.deliver.only
    assert set(material.certificate.names) == set(WILDCARD)
    assert material.certificate.key == "ECDSA P-256"
    checked = keyed_chain(material.pem, expected=expect(now(), (running.root(),), ("mail.lab.test", "webmail.lab.test")))
    assert checked.certificate.sha256 == material.certificate.sha256
    assert texts(running, "_acme-challenge.lab.test") == ()
    assert said[-1] == "done"
    assert len(said) == len(set(said))
    assert ended.finished_at is not None
    assert len(running.order_urls(outside)) == 1


def test_names_by_http(running):
    """A certificate for several names is issued through files that the CA fetches, and the files are gone afterwards."""
    outside = running.outside()
    with challenge_server(running):
        record = plan(("mail.lab.test", "webmail.lab.test"), challenge=Challenge.HTTP_01, key_type=KeyType.RSA2048)
        ended = run_order(record, outside)
    assert ended.state is OrderState.DONE, ended.failure
    assert outside.deliver.only.certificate.names == ("mail.lab.test", "webmail.lab.test")
    assert outside.deliver.only.certificate.key == "RSA 2048"
    assert list((running.directory / "challenges").iterdir()) == []


def test_wildcard_can_not_be_shown_by_http(running):
    """A wildcard by HTTP-01 is refused with the reason, since no CA offers it."""
    ended = run_order(plan(WILDCARD, challenge=Challenge.HTTP_01), running.outside())
    assert (ended.state, ended.failure.code) == (OrderState.FAILED, "no-challenge")
    assert "*.lab.test" in str(ended.failure.sentence)


def test_delegated_challenge(running):
    """Where _acme-challenge is an alias, the value is published where it leads, and taken away there."""
    outside = running.outside()
    ended = run_order(plan(("*.delegated.lab.test",)), outside)
    assert ended.state is OrderState.DONE, ended.failure
    assert any(state == "presented" for _, state in outside.journal.states)
    assert texts(running, "elsewhere.lab.test") == ()


def test_revocation(running):
    """A revoked certificate is revoked at the CA, and revoking it twice says so."""
    outside = running.outside()
    run_order(plan(("revoke.lab.test",)), outside)
    material = outside.deliver.only
    assert running.status_of(material.certificate) == "Valid"
    ca = outside.accounts.registered("pebble")
    ca.revoke(material.chain_pem, 4)
    assert running.status_of(material.certificate) == "Revoked"
    with pytest.raises(AcmeProblem) as again:
        ca.revoke(material.chain_pem, 4)
    assert again.value.type == "alreadyRevoked"


def test_refused_names_say_why(running):
    """A name that the CA can't validate ends its order with the CA's own detail for that name, a date, and a clean zone."""
    ended = run_order(plan(("good.lab.test", "nowhere.lab.test"), challenge=Challenge.HTTP_01), running.outside())
    assert (ended.state, ended.failure.code) == (OrderState.FAILED, "domain-refused")
    assert "nowhere.lab.test" in ended.failure.names
    assert ended.failure.retry_at > now()
    assert list((running.directory / "challenges").iterdir()) == []


def test_many_at_once(running):
    """Of many orders at once the failing ones delay nobody: all the others are done before the first of them gives up."""
    outside = running.outside(limits=Limits(visible=4, validation=10, issuance=10, total=30, first_pause=0.05))
    ends = []
    records = [plan((f"d{number}.lab.test", f"*.d{number}.lab.test"), number) for number in range(12)]
    records[1:1] = [plan((f"f{number}.nowhere.example",), 100 + number) for number in range(4)]
    ended = issue_many(records, outside, 4, lambda record, _what: ends.append(record) if record.state.is_end else None)
    assert [one.id for one in ended] == [one.id for one in records]
    good = [one for one in ended if one.id < 100]
    assert {one.state for one in good} == {OrderState.DONE}
    assert {(one.state, one.failure.code) for one in ended if one.id >= 100} == {(OrderState.FAILED, "dns-broken")}
    assert len(outside.deliver.found) == len(good)


def test_nonces_refused():
    """A CA that refuses 15 of 100 nonces, or every second one, gets its requests again and issues."""
    for percent in ("15", "50"):
        with lab(PEBBLE_WFE_NONCEREJECT=percent) as made:
            outside = made.outside()
            ended = run_order(plan(WILDCARD), outside)
            assert ended.state is OrderState.DONE, ended.failure
            assert len(made.order_urls(outside)) == 1


def test_external_account_binding():
    """A CA that wants external account binding gets it from a file; without it, or with a wrong one, it says so."""
    secret = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
    with lab(eab={"kid-1": secret}) as made:
        file = made.directory / "eab"
        file.write_text(secret + "\n")
        bound = run_order(plan(WILDCARD), made.outside(made.ca(eab_kid="kid-1", eab_hmac_file=str(file))))
        assert bound.state is OrderState.DONE, bound.failure
        unbound = run_order(plan(WILDCARD), made.outside())
        assert unbound.failure.code == "account-refused"
        missing = run_order(plan(WILDCARD), made.outside(made.ca(eab_kid="kid-1", eab_hmac_file="/nonexistent/eab")))
        assert missing.failure.code == "account-refused"
        file.write_text("A" * 64)
        wrong = run_order(plan(WILDCARD), made.outside(made.ca(eab_kid="kid-1", eab_hmac_file=str(file))))
        assert wrong.state is OrderState.FAILED
        assert secret not in repr(wrong)


def test_forgotten_account_and_order():
    """When the CA has forgotten everything (Pebble restarted), the account is made again and the order goes on."""
    from mailward.certificates.orders import advance

    with lab() as made:
        outside = made.outside()
        record = plan(WILDCARD)
        for _ in range(6):
            record = advance(record, outside)
        assert record.state is OrderState.VISIBLE
        made.restart_pebble()
        ended = run_order(record, outside)
        assert ended.state is OrderState.DONE, ended.failure
        assert ended.journal.restarts >= 1
        assert made.dns.query("_acme-challenge.lab.test", "TXT").records == ()
        assert not ended.has_leftovers


def test_short_lifetimes():
    """A CA that issues for an hour is served like any other."""
    with lab(certificate_seconds=3600) as made:
        outside = made.outside()
        ended = run_order(plan(WILDCARD), outside)
        assert ended.state is OrderState.DONE, ended.failure
        assert outside.deliver.only.certificate.lifetime <= timedelta(hours=1, seconds=2)
