"""DKIM keys of the domains held here: made, published, replaced, with nobody there; and no moment leaves half a set."""

import json
from datetime import timedelta

import pytest

from fakes.made_host import ANNA, LAYOUT, MadeHost
from fakes.sudden_death import Countdown, Killed
from mailward.actions import dkim as actions
from mailward.mailpath import published
from mailward.model.dns import DkimState
from mailward.model.errors import BadInput
from mailward.model.runs import RunState
from mailward.publishing.dkim_rotation import EVERY, RETIRING, SETTLING
from mailward.standards import dkim as standard
from mailward.standards.dkim import KeyRecord
from mailward.standards.txt import quoted
from mailward.steward import dkim, dns_day
from mailward.store import dkim as rows
from mailward.store.models import DkimKey, Run, Zone

pytestmark = pytest.mark.usefixtures("store")
DOMAIN = "alpha.test"
LISTED = published.signing_file(LAYOUT.dkim, DOMAIN)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def made() -> MadeHost:
    made = MadeHost().born()
    made.holding(DOMAIN)
    made.carry_out()
    return made


def minute(made: MadeHost, passed: timedelta = MINUTE) -> None:
    """What the steward does in a minute."""
    made.clock.move(seconds=passed.total_seconds())
    dns_day.onward(made.host, "")
    made.carry_out()


def selectors(*states: DkimState) -> set[str]:
    return {key.selector for key in rows.keys(DOMAIN) if key.state in states}


def signs(made: MadeHost) -> set[str]:
    """What the mail path would sign with: every file that the list names is there, and is the key of its record."""
    if not made.files.exists(LISTED):
        return set()
    found = published.read(made.files.read(LISTED))
    records = {key.selector: key.record for key in rows.keys(DOMAIN)}
    for key in found:
        private = standard.load_private(made.files.read(LISTED.with_name(key.file)))
        assert KeyRecord.of(private).format() == records[key.selector]
    return {key.selector for key in found}


def in_dns(made: MadeHost) -> set[str]:
    held = {name.partition("._domainkey.")[0] for name, rdtype in made.dns.records if "._domainkey." in name}
    for key in rows.keys(DOMAIN):
        if key.selector in held:
            assert made.dns.records[(f"{key.selector}._domainkey.{DOMAIN}", "TXT")] == [quoted(key.record)]
    return held


def test_a_new_domain_signs_when_its_records_are_seen(made: MadeHost) -> None:
    """Adding a domain makes two keys; they are published, seen, and sign; the mail path alone can read them."""
    assert len(signs(made)) == 2
    assert signs(made) == selectors(DkimState.SIGNING) == in_dns(made)
    for path, entry in made.files.entries.items():
        if path.is_relative_to(LAYOUT.dkim / DOMAIN):
            assert (entry.owner, entry.group) == ("root", "mailward-mailpath")
            assert entry.mode & 0o007 == 0
    assert {row.algorithm for row in DkimKey.objects.all()} == {"rsa2048", "ed25519"}


def test_no_private_key_lies_open_in_the_store(made: MadeHost) -> None:
    """What the panel's process can read is sealed, and nothing that is printed holds a key."""
    for row in DkimKey.objects.all():
        assert b"PRIVATE" not in bytes(row.sealed_key)
        assert len(bytes(row.sealed_key)) > 100
        assert "PRIVATE" not in repr(rows.keys(DOMAIN)) + row.record


def test_a_whole_rotation_with_nobody_there(made: MadeHost) -> None:
    """Ninety days later new keys are made, published, seen, settled, and take over; the old ones leave DNS and the disk
    when their mail has arrived. At every minute, what signs is in DNS."""
    old = signs(made)
    minute(made, EVERY)
    new = selectors(DkimState.MADE, DkimState.PUBLISHED)
    assert len(new) == 2
    assert in_dns(made) == old | new
    for _ in range(4):
        minute(made, MINUTE)
        assert signs(made) == old
    minute(made, SETTLING)
    assert signs(made) == new
    assert selectors(DkimState.RETIRING) == old
    assert {path.name for path in made.files.entries if path.suffix == ".pem" and DOMAIN in path.parts} == {
        f"{name}.pem" for name in new
    }
    minute(made, RETIRING - timedelta(hours=2))
    assert in_dns(made) == old | new
    minute(made, timedelta(hours=3))
    minute(made)
    assert in_dns(made) == new == signs(made)
    assert selectors(DkimState.GONE) == old
    assert [bytes(row.sealed_key) for row in DkimKey.objects.filter(state=DkimState.GONE)] == [b"", b""]


def test_a_clock_that_moves_breaks_nothing(made: MadeHost) -> None:
    """Years ahead, and back: what signs is in DNS at every minute."""
    for jump in (timedelta(days=3650), -timedelta(days=3650), EVERY, SETTLING, -timedelta(days=200), timedelta(days=201)):
        for _ in range(3):
            minute(made, jump)
            jump = MINUTE  # noqa: PLW2901 - the first minute is the one that jumps
            assert len(signs(made)) == 2
            assert signs(made) <= in_dns(made)


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_moment_it_leaves_a_whole_set(made: MadeHost, after: bool) -> None:
    """A steward that dies at any change of the take-over leaves the old keys or the new ones signing, each in DNS; the
    next one finishes."""
    old = signs(made)
    minute(made, EVERY)
    minute(made)
    made.clock.move(seconds=SETTLING.total_seconds())
    moment = 0
    while True:
        moment += 1
        countdown = Countdown(moment, after=after)
        try:
            dkim.advance(made.mortal(countdown), DOMAIN, made.clock.now())
        except Killed:
            assert len(signs(made)) == 2
            assert signs(made) in (old, in_dns(made) - old)
            continue
        break
    assert moment > 3
    assert signs(made) == in_dns(made) - old == selectors(DkimState.SIGNING)
    assert selectors(DkimState.RETIRING) == old


def test_files_that_somebody_lost_come_back(made: MadeHost) -> None:
    """A deleted or foreign file in the published directory is put right within a minute."""
    before = {path: entry.what for path, entry in made.files.entries.items() if path.is_relative_to(LISTED.parent)}
    key = next(path for path in before if path.suffix == ".pem")
    made.files.remove(key)
    made.files.write(LISTED, b"[]")
    made.files.write(LISTED.with_name("stray.pem"), b"x")
    minute(made)
    assert {p: entry.what for p, entry in made.files.entries.items() if p.is_relative_to(LISTED.parent)} == before


def test_a_zone_that_people_change_waits_for_them(made: MadeHost) -> None:
    """By hand, no key signs before its record is seen; none is replaced for its age alone, but who asks gets new ones."""
    Zone.objects.create(name=DOMAIN, home="by-hand")
    old = signs(made)
    minute(made, 2 * EVERY)
    assert selectors(*DkimState) == old
    assert dkim.rotate(made.host, DOMAIN, made.clock.now())
    assert not dkim.rotate(made.host, DOMAIN, made.clock.now())
    for _ in range(5):
        minute(made, timedelta(days=1))
    assert signs(made) == old
    for key in rows.keys(DOMAIN):
        made.resolver.answers[(f"{key.selector}._domainkey.{DOMAIN}", "TXT")] = [quoted(key.record.replace("; ", ";"))]
    minute(made)
    minute(made, SETTLING)
    assert len(signs(made)) == 2
    assert not signs(made) & old


def test_who_asks_for_new_keys_gets_them_once(made: MadeHost) -> None:
    """Asked for by a person, they are made by the run, once, however often it is taken up; they take over by themselves."""
    old = signs(made)
    asked = actions.rotate_keys(made.office, ANNA, DOMAIN)
    again = actions.rotate_keys(made.office, ANNA, DOMAIN)
    assert asked.run_id != again.run_id
    made.carry_out()
    new = selectors(*DkimState) - old
    assert len(new) == 2
    Run.objects.filter(pk=again.run_id).update(state=RunState.RUNNING)
    minute(made, SETTLING)
    minute(made, SETTLING)
    assert selectors(*DkimState) == old | new
    assert signs(made) == new
    assert [row.state for row in actions.show_keys(made.office, ANNA, DOMAIN)] == [DkimState.SIGNING] * 2 + [
        DkimState.RETIRING
    ] * 2


@pytest.mark.parametrize("said", ["SERVFAIL", ["v=DKIM1; k=rsa; p=AAAA"], ["v=spf1 -all"], []])
def test_what_a_server_doesnt_show_doesnt_sign(made: MadeHost, said: object) -> None:
    """Silence, another key, another record or none: the new key waits, the old one signs."""
    old = signs(made)
    minute(made, EVERY)
    for name in selectors(DkimState.MADE, DkimState.PUBLISHED):
        made.resolver.answers[(f"{name}._domainkey.{DOMAIN}", "TXT")] = (
            said if isinstance(said, str) else [*map(quoted, said)]
        )
    made.clock.move(seconds=SETTLING.total_seconds())
    for _ in range(3):
        made.clock.move(seconds=SETTLING.total_seconds())
        dkim.advance(made.host, DOMAIN, made.clock.now())
        assert signs(made) == old


def test_a_removed_domain_leaves_no_key(made: MadeHost) -> None:
    """Neither in the store nor on the disk; a name that leads elsewhere is refused."""
    dkim.take_away(made.host, DOMAIN)
    assert not any(path.is_relative_to(LISTED.parent) for path in made.files.entries)
    dkim.take_away(made.host, DOMAIN)
    with pytest.raises(BadInput):
        dkim.take_away(made.host, "../tls")


def test_what_the_panel_could_write_is_published_nowhere(made: MadeHost) -> None:
    """A row whose selector leads out of the directory, or whose key is none, is refused; what signed signs on."""
    old = made.files.read(LISTED)
    DkimKey.objects.filter(algorithm="rsa2048").update(selector="../../x")
    with pytest.raises(BadInput):
        dkim.advance(made.host, DOMAIN, made.clock.now())
    assert made.files.read(LISTED) == old
    assert json.loads(old)
