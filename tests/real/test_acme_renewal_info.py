"""The CA's renewal information (RFC 9773), which Pebble 2.4 hasn't: asked of a double that speaks HTTPS."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from acme_lab import double, lab
from mailward.certificates.make import key_pem, private_key
from mailward.host.acme_ca import connect
from mailward.model.acme import AcmeProblem
from mailward.model.settings import KeyType

pytestmark = pytest.mark.real
WINDOW = {
    "suggestedWindow": {"start": "2026-01-03T00:00:00Z", "end": "2026-01-07T00:00:00+00:00"},
    "explanationURL": "https://x",
}


@pytest.fixture(scope="module")
def running():
    with lab() as made:
        yield made


def asked(running, answer):
    with double(running, **{"renewalInfo/aki.serial": answer}) as ca:
        return connect(ca, key_pem(private_key(KeyType.P256)), "").renewal_info("aki.serial")


def test_window(running):
    """The window and the moment to ask again come as the CA said them."""
    found = asked(running, (200, {"Retry-After": "21600"}, json.dumps(WINDOW).encode()))
    assert (found.start, found.end) == (datetime(2026, 1, 3, tzinfo=UTC), datetime(2026, 1, 7, tzinfo=UTC))
    assert found.ask_again == timedelta(hours=6)
    assert found.explanation == "https://x"


@pytest.mark.parametrize("nonsense", [b"{}", b"[]", b"no", b'{"suggestedWindow": {"start": 1, "end": null}}'])
def test_no_window(running, nonsense):
    """Renewal information without a window is the CA's problem, said as such."""
    with pytest.raises(AcmeProblem) as problem:
        asked(running, (200, {}, nonsense))
    assert problem.value.type == "noAcme"


def test_unknown_certificate(running):
    """A certificate that the CA doesn't know has no window."""
    with pytest.raises(AcmeProblem) as problem:
        asked(running, (404, {}, b""))
    assert problem.value.type == "notFound"


def test_ca_without_renewal_information(running):
    """Of a CA that offers none (Pebble) there is none, and nobody fails for it."""
    ca = connect(running.ca(), key_pem(private_key(KeyType.P256)), "")
    assert ca.renewal_info("aki.serial") is None
