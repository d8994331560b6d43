"""The instance's own resolver: it says what the demo's name server says, at once, vouches for what is signed with a key that it
was given, and refuses what is forged."""

import base64
from collections.abc import Iterator

import pytest

from mailward.daemons import knot
from mailward.host.dns_update import Rfc2136
from mailward.host.resolver import DnsResolver
from whole_host import WholeHost, until

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def host() -> Iterator[WholeHost]:
    with WholeHost.started(names=("knot", "unbound")) as started:
        yield started


def test_it_says_what_the_demo_holds(host: WholeHost) -> None:
    """The demo's names are known, a changed record is seen at once, nothing is vouched for without a key, and the world's
    names are not asked of the world: that is no answer, not "there is no such name"."""
    asked = DnsResolver((host.settings.own_resolver,))
    assert asked.query("example.com", "MX").rcode not in ("NOERROR", "NXDOMAIN")
    key = host.layout.root / "tsig"
    key.write_bytes(base64.b64encode(host.tsig_secret))
    updates = Rfc2136(f"127.0.0.1:{host.settings.dns_port}", "mailward", key)
    member = knot.membership("alpha.localhost")
    updates.add(member.zone, member.name, member.rdtype, member.value, member.ttl)
    until(lambda: asked.query("alpha.localhost", "MX").records, "the zone")
    found = asked.query("alpha.localhost", "MX")
    assert (found.rcode, found.authentic, found.ttl) == ("NOERROR", False, 300)
    for value in ("one", "two"):
        updates.replace("alpha.localhost", "said.alpha.localhost", "TXT", [value], 300)
        assert asked.query("said.alpha.localhost", "TXT").records == (f'"{value}"',)
