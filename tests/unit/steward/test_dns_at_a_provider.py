"""A zone at a provider, whole: a DNS run over PowerDNS publishes, is seen, merges, leaves others' records, is undone."""

from dataclasses import replace

import pytest

from fakes.made_host import MadeHost
from mailward.bootstrap import zone_places
from mailward.host.resolver import DnsResolver
from mailward.host.zone_powerdns import PowerDnsHome
from mailward.model.dns import HomeKind
from mailward.model.people import Actor
from mailward.model.progress import Quiet
from mailward.model.runs import RunState
from mailward.model.zones import RecordSet
from powerdns_lab import KEY, powerdns

pytestmark = pytest.mark.real
ANNA = Actor("anna")


def test_a_provider_with_an_api_is_published_to_seen_and_undone(store) -> None:
    """What a domain needs stands at the provider beside what its owner has there; a server that lags takes it back."""
    from mailward.actions import dns, dns_policy, domains, runs
    from mailward.steward.steward import Steward

    made = MadeHost().born()
    domains.add_domain(made.office, ANNA, "a.test")
    made.carry_out()
    with powerdns() as (url, server):
        place, asked_at = PowerDnsHome(url, KEY), DnsResolver((server,), timeout=2)
        place.replace(
            "a.test",
            [
                RecordSet("a.test", "TXT", ('"v=spf1 include:_spf.example.com -all"', '"site-proof=1"')),
                RecordSet("a.test", "MX", ("5 elsewhere.test.",)),
                RecordSet("www.a.test", "A", ("192.0.2.7",)),
            ],
        )
        host = replace(
            made.host,
            homes=lambda home, secret: zone_places.place(home, secret, made.settings, made.host.layout),
            authoritative=lambda _zone: [asked_at],
        )

        def done(asked, on=host):
            Steward(on).take(asked.run_id, Quiet())
            return runs.show_run(made.office, ANNA, asked.run_id)

        at = {"url": url}
        moved = dns.set_dns_home(
            made.office, ANNA, "a.test", HomeKind.PROVIDER, provider="powerdns", options=at, secret=KEY
        )  # fmt: skip
        row = done(moved)
        assert row.state is RunState.DONE, str(row.what)
        assert "a.test MX" in str(row.remedy)
        held = {(one.name, one.rdtype): one.values for one in place.read("a.test")}
        assert held["a.test", "MX"] == ("5 elsewhere.test.",)
        assert held["www.a.test", "A"] == ("192.0.2.7",)
        assert '"site-proof=1"' in held["a.test", "TXT"]
        assert any("include:_spf.example.com ~all" in text for text in held["a.test", "TXT"])
        assert any(name.endswith("_domainkey.a.test") for name, _ in held)
        assert done(dns.publish_dns(made.office, ANNA, "a.test", [("a.test", "MX")])).state is RunState.DONE
        assert asked_at.query("a.test", "MX").records == (f"10 {made.settings.hostname}.",)

        stale = made.resolver  # knows nothing of what comes now
        stale.answers.clear()
        stale.answers["a.test", "SOA"] = ["ns. h. 1 1 1 1 1"]
        lagging = replace(host, authoritative=lambda _zone: [asked_at, stale])
        asked = dns_policy.set_dns_policy(made.office, ANNA, "a.test", dns_policy.DnsPolicyWish(caa=["ca.test"]))
        assert Steward(lagging).take(asked.run_id, Quiet()) is not None
        assert asked_at.query("a.test", "CAA").records
        made.clock.move(hours=2)
        row = done(asked, lagging)
        assert row.state is RunState.UNDONE, str(row.what)
        assert not asked_at.query("a.test", "CAA").records
