"""Directory runs: mailboxes, aliases, zones and what clients look up are published, and asked for at the running daemon."""

import pytest

from fakes.made_host import LAYOUT
from fakes.scripted_processes import completed
from mailward.daemons import knot
from mailward.model.errors import NotPossible
from mailward.model.people import Actor
from mailward.model.runs import RunState
from mailward.model.sentence import Sentence
from mailward.steward import discovery

ANNA = Actor("anna")


@pytest.fixture
def held(made):
    return made.holding("a.test")


def mailbox(made, address: str = "anna@a.test"):
    from mailward.actions import mailboxes

    return made.carry_out(mailboxes.add_mailbox(made.office, ANNA, address))


def test_a_new_domain_is_published_whole(made) -> None:
    """Directory, zone, SRV records and the three files that clients ask for; each zone's file belongs to Knot."""
    from mailward.actions import domains

    row = made.carry_out(domains.add_domain(made.office, ANNA, "a.test"))
    assert row.state is RunState.DONE
    assert set(made.directory.domains) == {"a.test"}
    zone = knot.zone_path(LAYOUT, "a.test")
    assert made.files.mode(zone) == (0o640, "knot", "knot")
    member = knot.membership("a.test")
    assert made.dns.records[(member.name, member.rdtype)] == ["a.test."]
    assert ("_submissions._tcp.a.test", "SRV") in made.dns.records
    for path in discovery.paths(LAYOUT, "a.test"):
        assert made.settings.hostname.encode() in made.files.read(path)


def test_publishing_again_leaves_the_zone_to_its_owner(held) -> None:
    """A zone's file is written once: later it holds what its owner and Knot put there."""
    from mailward.actions import domains
    from mailward.steward import zones

    zone = knot.zone_path(LAYOUT, "a.test")
    held.files.write(zone, b"; the owner's own", mode=0o640, owner="knot", group="knot")
    zones.publish(held.host, "a.test")
    assert held.files.read(zone) == b"; the owner's own"
    assert domains.list_domains(held.office, ANNA).rows[0].name == "a.test"


def test_equal_files_are_not_written_again(held) -> None:
    """What clients look up is written when it changes."""
    held.files.writes.clear()
    discovery.publish(held.host, "a.test", own_certificate=False)
    assert held.files.writes == []


def test_a_removed_domain_is_gone_everywhere(held) -> None:
    """No mail, no zone, no file of it is left published, and its addresses are unknown."""
    from mailward.actions import domains, mailboxes

    mailbox(held)
    held.carry_out(mailboxes.add_alias(held.office, ANNA, "@a.test", ["anna@a.test"]))
    assert held.carry_out(domains.remove_domain(held.office, ANNA, "a.test")).state is RunState.DONE
    assert held.directory.read_all().rows == ()
    assert not held.files.exists(knot.zone_path(LAYOUT, "a.test"))
    assert (knot.membership("a.test").name, "PTR") not in held.dns.records
    assert not [path for path in discovery.paths(LAYOUT, "a.test") if held.files.exists(path)]


def test_a_mailbox_is_one_transaction_and_one_question(held) -> None:
    """Nothing is reloaded; Dovecot is asked for exactly this address, and answers."""
    held.directory.changes.clear()
    held.processes.calls.clear()
    assert mailbox(held).state is RunState.DONE
    assert len(held.directory.changes) == 1
    assert [call[3:] for call in held.processes.calls] == [
        ("auth", "cache", "flush", "anna@a.test"),
        ("kick", "anna@a.test"),
        ("user", "-f", "uid", "anna@a.test"),
    ]


def test_a_changed_password_counts_at_once(held) -> None:
    """Dovecot forgets the old one before anybody can use it again."""
    from mailward.actions import mailboxes

    mailbox(held)
    held.processes.calls.clear()
    asked = mailboxes.change_password(held.office, ANNA, "anna@a.test")
    assert held.carry_out(asked).state is RunState.DONE
    assert held.processes.calls[0][-3:] == ("cache", "flush", "anna@a.test")
    assert held.directory.mailboxes["anna@a.test"].password == held.office.hash_password(asked.secret)


def test_sessions_end_with_the_right_to_them(held) -> None:
    """A thief who is logged in is logged out: by a new password, with the mailbox, and with the whole domain."""
    from mailward.actions import domains, mailboxes

    mailbox(held)
    for act, mask in (
        (lambda: mailboxes.change_password(held.office, ANNA, "anna@a.test"), "anna@a.test"),
        (lambda: mailboxes.remove_mailbox(held.office, ANNA, "anna@a.test"), "anna@a.test"),
        (lambda: domains.remove_domain(held.office, ANNA, "a.test"), "*@a.test"),
    ):
        held.processes.calls.clear()
        assert held.carry_out(act()).state is RunState.DONE
        assert [call[-1] for call in held.processes.calls if call[-2] == "kick"] == [mask]


@pytest.mark.parametrize("knows", [True, False], ids=["still-known", "unknown"])
def test_a_daemon_that_answers_otherwise_fails_the_run(held, knows: bool) -> None:
    """Published is not enough: an address that Dovecot doesn't know, or still knows, is the run's failure by name."""
    from mailward.actions import mailboxes

    if knows:
        mailbox(held)
    dovecot = ("doveadm", "-c", str(LAYOUT.current / "dovecot" / "dovecot.conf"), "user")
    held.processes.answers[dovecot] = completed(0 if knows else 67)
    row = held.carry_out(mailboxes.remove_mailbox(held.office, ANNA, "anna@a.test")) if knows else mailbox(held)
    assert row.state is RunState.FAILED
    assert "anna@a.test" in str(row.what)


def test_a_host_that_is_down_is_published_for_when_it_starts(held) -> None:
    """With Dovecot stopped there is nobody to ask, and nothing to forget."""
    held.supervisor.stop("dovecot")
    held.processes.calls.clear()
    assert mailbox(held).state is RunState.DONE
    assert "anna@a.test" in held.directory.mailboxes
    assert held.processes.calls == []


def test_an_alias_is_published_and_no_mailbox_is_expected(held) -> None:
    """Aliases and the catch-all are looked up by Postfix: Dovecot must not know them."""
    from mailward.actions import mailboxes

    mailbox(held)
    for address in ("info@a.test", "@a.test"):
        row = held.carry_out(mailboxes.add_alias(held.office, ANNA, address, ["anna@a.test"]))
        assert row.state is RunState.DONE
        assert held.directory.aliases[address].targets == ("anna@a.test",)
    held.carry_out(mailboxes.remove_alias(held.office, ANNA, "@a.test"))
    assert set(held.directory.aliases) == {"info@a.test"}


def test_a_zone_that_knot_does_not_load_fails_with_a_way_on(made) -> None:
    """The name server took the member and serves no zone: the run says where to look, after a bounded wait."""
    from mailward.actions import domains

    made.processes.answers[knot.knotc(LAYOUT, "zone-read")] = completed(1, "", "no such zone")
    row = made.carry_out(domains.add_domain(made.office, ANNA, "a.test"))
    assert row.state is RunState.FAILED
    assert "a.test" in str(row.what)
    assert "logs knot" in str(row.remedy)
    assert sum(made.clock.slept) < 30


def test_a_directory_that_cannot_be_written_changes_nothing(held) -> None:
    """The run fails with the reason; what was published before is still there."""
    mailbox(held)
    before = held.directory.read_all()
    held.directory.broken = NotPossible(Sentence("the disk is full"), code="disk-full")
    row = mailbox(held, "bert@a.test")
    assert row.state is RunState.FAILED
    assert "disk is full" in str(row.what)
    assert held.directory.read_all() == before
