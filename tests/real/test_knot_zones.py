"""Zones on a real Knot, as Mailward renders it: signed, changed, killed, copied, and their keys rolled over."""

import signal
import subprocess
import time
from dataclasses import replace

import pytest

from knot_lab import free_port, knot_lab, signed, until
from mailward.daemons import knot
from mailward.host.resolver import DnsResolver
from mailward.model.dns import Record
from mailward.model.dns_settings import DnsSettings, Secondary
from mailward.model.zones import RecordSet
from mailward.steward.new_instance import demo

pytestmark = pytest.mark.real

MX = Record("a.test", "MX", "10 mx.host.test.")


def test_a_change_survives_kill_9_signed() -> None:
    """What was answered to an update is there after the next start, as a file's records are, and every signature holds."""
    with knot_lab() as lab:
        lab.put_zone("a.test", [MX])
        assert lab.signed("a.test", "MX", "a.test")
        for turn in range(3):
            lab.home.replace("a.test", [RecordSet(f"t{turn}.a.test", "TXT", (f'"turn {turn}"',))])
            lab.end(signal.SIGKILL if turn else signal.SIGTERM)
            lab.start()
            for earlier in range(turn + 1):
                until(lambda n=earlier: lab.resolver.query(f"t{n}.a.test", "TXT").records, "the record is back", 5)
                assert lab.signed(f"t{earlier}.a.test", "TXT", "a.test")
        assert lab.signed("a.test", "MX", "a.test")
        shown = {(one.name, one.rdtype) for one in lab.home.read("a.test")}
        assert shown == {("a.test", "MX"), ("a.test", "NS"), *((f"t{n}.a.test", "TXT") for n in range(3))}


def test_an_older_zone_is_signed_and_keeps_what_it_holds() -> None:
    """A zone from before signing, with changes that only the journal knew: the first start with signing loses nothing."""

    def unsigned(text: str) -> str:
        return text.replace("dnssec-signing: on", "dnssec-signing: off")

    with knot_lab(edit=unsigned) as lab:
        lab.put_zone("a.test", [MX])
        lab.home.replace(
            "a.test", [RecordSet("x.a.test", "TXT", ('"x"',)), RecordSet("a.test", "MX", ("5 mx.host.test.",))]
        )
        assert not lab.signed("x.a.test", "TXT", "a.test")
        lab.end(signal.SIGKILL)
        lab._edit = str
        lab.configure()
        lab.start()
        until(lambda: lab.resolver.query("a.test", "CDS").records, "signed")
        assert lab.signed("x.a.test", "TXT", "a.test")
        assert lab.resolver.query("a.test", "MX").records == ("5 mx.host.test.",)


def test_a_secondary_copies_what_the_catalog_names() -> None:
    """A second Knot learns of a new zone by the catalog alone, hears of every change, and shows valid signatures."""
    port = free_port("127.0.0.2")
    secondary = DnsSettings(secondaries=(Secondary("ns2.host.test", f"127.0.0.2:{port}"),))
    settings = replace(demo(ipv6=False), dns_port=free_port(), addresses=("127.0.0.1",), dns=secondary)
    with knot_lab(settings) as lab:
        directory = lab.layout.root.parent / "second"
        directory.mkdir()
        (directory / "knot.conf").write_text(
            f"server:\n  rundir: {directory}\n  listen: 127.0.0.2@{port}\n"
            f"control:\n  listen: {directory}/knot.sock\n"
            f"database:\n  storage: {directory}\n"
            f"remote:\n  - id: primary\n    address: 127.0.0.1@{settings.dns_port}\n    via: 127.0.0.2\n"
            "acl:\n  - id: primary\n    address: 127.0.0.1\n    action: notify\n"
            f"template:\n  - id: default\n    storage: {directory}\n"
            f"  - id: copied\n    storage: {directory}\n    master: primary\n    acl: primary\n"
            f"zone:\n  - domain: {knot.CATALOG}.\n    master: primary\n    acl: primary\n"
            "    catalog-role: interpret\n    catalog-template: copied\n"
        )
        second = subprocess.Popen(["/usr/sbin/knotd", "-c", str(directory / "knot.conf")], stdout=subprocess.DEVNULL)
        try:
            copy = DnsResolver((f"127.0.0.2:{port}",), timeout=2)
            until(lambda: copy.query("x.test", "SOA").rcode == "REFUSED", "it answers")
            lab.put_zone("a.test", [MX])
            until(lambda: copy.query("a.test", "MX").records, "the zone is copied")
            lab.home.replace("a.test", [RecordSet("n.a.test", "TXT", ('"new"',))])
            until(lambda: copy.query("n.a.test", "TXT").records, "the change is copied")
            assert signed(port, "n.a.test", "TXT", "a.test", "127.0.0.2")
        finally:
            second.kill()
            second.wait()


def test_keys_roll_over_unattended_and_the_parent_is_followed() -> None:
    """With lifetimes of seconds: a new KSK is shown as CDS beside nothing else, goes on when the parent has its DS, and no
    answer is without a valid signature on the way."""

    def hasty(text: str) -> str:
        text = text.replace("ksk-lifetime: 365d", "ksk-lifetime: 6s").replace("zsk-lifetime: 30d", "zsk-lifetime: 5s")
        text = text.replace("check-interval: 5m", "check-interval: 1s")
        return text.replace("nsec3: off", "nsec3: off\n    propagation-delay: 1s\n    dnskey-ttl: 1s\n    zone-max-ttl: 1s")

    settings = replace(demo(ipv6=False), dns_port=free_port(), addresses=("127.0.0.1",))
    settings = replace(settings, internal=replace(settings.internal, resolver=settings.dns_port))  # who knows the parent
    with knot_lab(settings, hasty) as lab:
        lab.put_zone("test")
        lab.put_zone("a.test", [MX])
        first = lab.resolver.query("a.test", "CDS").records
        assert len(first) == 1
        seen, deadline = {first[0]}, time.monotonic() + 30
        while len(seen) < 3:
            assert time.monotonic() < deadline, f"no roll-over: {seen}"
            shown = lab.resolver.query("a.test", "CDS").records
            seen.update(shown)
            if shown and lab.resolver.query("a.test", "DS").records != shown:
                lab.home.replace("test", [RecordSet("a.test", "DS", shown, 1)])
            assert lab.signed("a.test", "MX", "a.test")
            time.sleep(0.2)
