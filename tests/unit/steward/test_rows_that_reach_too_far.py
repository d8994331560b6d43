"""Rows that nobody could have declared, in a store that somebody else wrote: root doesn't act on them."""

import pytest

from fakes.made_host import MadeHost
from mailward.model.people import STEWARD
from mailward.model.runs import RunKind, RunState
from mailward.store import records
from mailward.store.models import PublishedRecord, TlsDestination, Zone

pytestmark = pytest.mark.usefixtures("store")


@pytest.mark.parametrize("zone", ["catalog.mailward", "mailward", "com", "removed.test", "below.alpha.test"])
def test_no_zone_is_served_or_changed_that_this_host_doesnt_hold(zone):
    """Neither the catalog of all zones, whatever is said to be published in it, nor one that was removed meanwhile."""
    made = MadeHost().born().holding("alpha.test")
    now = made.clock.now()
    if zone == "catalog.mailward":
        Zone.objects.create(name=zone, home="here")
    PublishedRecord.objects.create(
        zone=zone, name=f"x.zones.{zone}", rdtype="PTR", values=["alpha.test."], published_at=now
    )
    run = records.ask(RunKind.DNS, zone, {}, STEWARD, now)
    made.carry_out()
    run.refresh_from_db()
    assert (run.state, run.plan or []) == (RunState.UNCHANGED, [])
    assert not made.resolver.query(zone, "NS").records


@pytest.mark.parametrize("level", ["none", "may", "encrypt protocols=!TLSv1.3", "secure match=evil.test", ""])
def test_postfix_is_told_no_level_that_nobody_can_choose(level):
    """A level with more behind it, or one that demands nothing, becomes the one that demands the most."""
    made = MadeHost().born()
    TlsDestination.objects.create(name="bank.test", level=level)
    request = {"domains": [], "addresses": [], "destinations": ["bank.test"]}
    records.ask(RunKind.DIRECTORY, "bank.test", request, STEWARD, made.clock.now())
    made.carry_out()
    assert [one.level for one in made.directory.tls_destinations.values()] == ["secure"]
