"""The instance's own resolver: it says what the demo's name server says, at once, vouches for what is signed with a key
that it was given, and hands on nothing that is forged."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from whole_host import WholeHost, until

from mailward.daemons import knot, unbound
from mailward.host.dns_update import Rfc2136
from mailward.host.resolver import DnsResolver
from mailward.model.desired import DesiredState
from mailward.model.settings import CaSettings
from mailward.steward.new_instance import production

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def host() -> Iterator[WholeHost]:
    """Knot with alpha.localhost, and the resolver."""
    with WholeHost.started(names=("knot", "unbound")) as started:
        member = knot.membership("alpha.localhost")
        updates(started).add(member.zone, member.name, member.rdtype, member.value, member.ttl)
        asked = DnsResolver((started.settings.own_resolver,))
        until(lambda: asked.query("alpha.localhost", "MX").records, "the zone")
        yield started


def updates(host: WholeHost) -> Rfc2136:
    key = host.layout.root / "tsig"
    key.write_bytes(base64.b64encode(host.tsig_secret))
    return Rfc2136(f"127.0.0.1:{host.settings.dns_port}", "mailward", key)


def test_it_says_what_the_demo_holds(host: WholeHost) -> None:
    """The demo's names are known, a changed record is seen at once, nothing is vouched for without a key, and the world's
    names are not asked of the world: that is no answer, not "there is no such name"."""
    asked = DnsResolver((host.settings.own_resolver,))
    assert asked.query("example.com", "MX").rcode not in ("NOERROR", "NXDOMAIN")
    found = asked.query("alpha.localhost", "MX")
    assert (found.rcode, found.authentic) == ("NOERROR", False)
    assert found.ttl
    for value in ("one", "two"):
        updates(host).replace("alpha.localhost", "said.alpha.localhost", "TXT", [value], 300)
        assert asked.query("said.alpha.localhost", "TXT").records == (f'"{value}"',)


def test_what_is_signed_with_a_trusted_key_is_vouched_for_and_nothing_else(host: WholeHost) -> None:
    """With the zone's own key in the file of trusted keys its answers are authentic, also that a name isn't there; with one
    that didn't sign them there is no answer at all."""
    asked = DnsResolver((host.settings.own_resolver,))
    anchors = unbound.demo_anchors(host.layout)
    keymgr = ("keymgr", "-c", str(host.layout.current / "knot" / "knot.conf"), "alpha.localhost.", "ds")

    def digests() -> list[str]:
        return re.findall(r"DS (\d+ \d+ 2 [0-9a-f]+)", host.call(*keymgr)[1])

    until(digests, "Knot's key")
    (digest,) = digests()
    anchors.write_text(f"alpha.localhost. IN DS {digest}\n")
    assert host.call(*unbound.control(host.layout, "reload"))[0] == 0
    until(lambda: asked.query("alpha.localhost", "MX").authentic, "an authentic answer")
    missing = asked.query("none.alpha.localhost", "A")
    assert (missing.rcode, missing.authentic) == ("NXDOMAIN", True)
    anchors.write_text(f"alpha.localhost. IN DS {digest[:-4]}0000\n")
    assert host.call(*unbound.control(host.layout, "reload"))[0] == 0
    until(lambda: asked.query("alpha.localhost", "MX").rcode == "SERVFAIL", "no answer that can't be proven")


def test_a_command_asks_the_instances_resolver_and_etc_stays_as_it_is(host: WholeHost) -> None:
    """Root's command sees a resolv.conf of its own. Where no mount namespace can be made it runs all the same, with the
    system's, and says so."""
    conf, system = host.layout.root / "resolv.conf", Path("/etc/resolv.conf").read_text()
    settings = production("mx.a.test", ("192.0.2.1",), CaSettings("x", "https://x.test/dir"), None)
    conf.write_text(unbound.resolv_conf(settings))
    script = host.layout.root / "ask-here.sh"
    (text,) = [
        file.content
        for file in unbound.UNBOUND.render(DesiredState(settings), host.layout)
        if file.path.name == "ask-here.sh"
    ]
    script.write_bytes(text)
    command = ("/bin/sh", str(script), str(conf), "/bin/cat", "/etc/resolv.conf")
    assert host.call(*command) == (0, "nameserver 127.0.53.53\noptions trust-ad edns0\n")
    assert Path("/etc/resolv.conf").read_text() == system
    code, said = host.call("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--", *command)
    assert (code, said.startswith(system)) == (0, True)
    assert "asks the system's resolver" in said
