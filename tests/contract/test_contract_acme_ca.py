"""The scripted CA of the unit tests promises nothing that a real one (Pebble) doesn't do."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from acme_lab import challenge_server, lab
from fakes.scripted_ca import ScriptedCa
from mailward.certificates import make
from mailward.host.acme_ca import connect
from mailward.model.acme import AcmeProblem
from mailward.model.certificates import Challenge
from mailward.model.settings import CaSettings, KeyType

pytestmark = pytest.mark.real
NAME = "mail.lab.test"


def scripted():
    now = lambda: datetime.now(UTC)  # noqa: E731
    ca = ScriptedCa(now)
    published = {}
    ca.sees = lambda _name, value: value in published.values()
    return SimpleNamespace(ca=ca.connect(CaSettings("x", "https://x.test/"), b"", ""), publish=published.__setitem__)


@pytest.fixture(scope="module", params=["scripted", "pebble"])
def world(request):
    if request.param == "scripted":
        yield scripted()
        return
    with lab() as made, challenge_server(made):
        ca = connect(made.ca(), make.key_pem(make.private_key(KeyType.P256)), "")
        publish = lambda token, value: (made.directory / "challenges" / token).write_text(value)  # noqa: E731
        yield SimpleNamespace(ca=ca, publish=publish)


@pytest.fixture(autouse=True)
def account(world):
    return world.ca.account()


def settled(ca, url, *statuses):
    import time

    end = time.monotonic() + 10
    while (order := ca.order(url)).status not in statuses:
        assert time.monotonic() < end, order.status
        time.sleep(0.02)
    return order


def challenge_of(ca, order):
    (authorization,) = map(ca.authorization, order.authorizations)
    return authorization, next(one for one in authorization.challenges if one.type == Challenge.HTTP_01)


def test_one_account(world, account):
    """Registering the same key again finds the same account."""
    assert world.ca.account() == account


def test_a_new_order_is_listed(world):
    """A new order is pending, has an authorization for each name, and is the newest in the account's list."""
    order = world.ca.new_order((NAME,))
    assert (order.status, order.names, len(order.authorizations)) == ("pending", (NAME,), 1)
    assert world.ca.orders()[0] == order.url
    authorization, challenge = challenge_of(world.ca, order)
    assert (authorization.name, authorization.wildcard, authorization.status) == (NAME, False, "pending")
    assert world.ca.key_authorization(challenge.token).startswith(challenge.token + ".")


def test_wildcards(world):
    """A wildcard's authorization has the bare name, says that it is one, and offers DNS-01 alone."""
    (authorization,) = map(world.ca.authorization, world.ca.new_order((f"*.{NAME}",)).authorizations)
    assert (authorization.name, authorization.wildcard) == (NAME, True)
    assert Challenge.HTTP_01 not in {one.type for one in authorization.challenges}


def test_unknown_order(world):
    """An order that the CA doesn't know is notFound."""
    url = world.ca.new_order((NAME,)).url
    with pytest.raises(AcmeProblem) as unknown:
        world.ca.order(url[:-4] + "none")
    assert unknown.value.type == "notFound"


def test_finalizing_too_early(world):
    """An order whose names were not shown can't be finalized."""
    with pytest.raises(AcmeProblem) as early:
        world.ca.finalize(world.ca.new_order((NAME,)), make.request((NAME,)).csr_pem)
    assert early.value.type == "orderNotReady"


def test_unshown_name_turns_the_order_invalid(world):
    """When the CA looks and finds nothing, the order becomes invalid and the challenge says why."""
    order = world.ca.new_order((NAME,))
    world.ca.answer(challenge_of(world.ca, order)[1].url)
    settled(world.ca, order.url, "invalid")
    authorization, challenge = challenge_of(world.ca, order)
    assert authorization.status == "invalid"
    assert challenge.error.type == "unauthorized"
    assert challenge.error.detail


def test_issued_and_revoked(world):
    """A shown name makes the order ready, then valid; its chain is PEM, leaf first; it can be revoked once."""
    ca = world.ca
    order = ca.new_order((NAME,))
    challenge = challenge_of(ca, order)[1]
    world.publish(challenge.token, ca.key_authorization(challenge.token))
    ca.answer(challenge.url)
    settled(ca, order.url, "ready")
    ca.finalize(ca.order(order.url), make.request((NAME,)).csr_pem)
    valid = settled(ca, order.url, "valid")
    (chain,) = ca.chains(valid.certificate)
    assert chain.count(b"BEGIN CERTIFICATE") == 2
    ca.revoke(chain)
    with pytest.raises(AcmeProblem) as again:
        ca.revoke(chain)
    assert again.value.type == "alreadyRevoked"
    assert ca.renewal_info("aki.serial") is None
