"""What pages say of doors: unknown is never green, and the worst address of a door decides."""

from datetime import UTC, datetime, timedelta

from mailward.model.doors import Door
from mailward.model.findings import SERVER, DoorFinding
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.panel import board
from mailward.panel.templatetags.page import for_panel

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def finding(
    verdict: Verdict = Verdict.PASS,
    code: str = "ok",
    *,
    domain: str = "alpha.test",
    name: str = "mail.alpha.test",
    door: Door = Door.IMAPS,
    age: timedelta = timedelta(),
    address: str = "127.0.0.1",
) -> DoorFinding:
    return DoorFinding(
        domain, name, door, 993, address, door.kind.tls, name or None, verdict, code, NOTHING, NOTHING, NOW - age,
        "ab" * 32, "ab" * 32, NOW + timedelta(days=60), "TLSv1.3",
    )  # fmt: skip


def test_an_old_look_is_unknown_whatever_it_was() -> None:
    """What was green yesterday is unknown today, and says when it was looked at."""
    old, fresh = board.as_of([finding(age=board.STALE_AFTER + timedelta(minutes=1)), finding()], NOW)
    assert (old.verdict, old.code) == (Verdict.UNKNOWN, "stale")
    assert (fresh.verdict, fresh.code) == (Verdict.PASS, "ok")


def test_a_bad_address_is_not_hidden_by_a_good_one() -> None:
    """A door that is safe over IPv4 and not over IPv6 is not safe."""
    both = [finding(), finding(Verdict.FAIL, "expired", address="::1")]
    cell = board.subject("alpha.test", both, []).rows[0].cells[0]
    assert (cell.verdict, cell.code) == (Verdict.FAIL, "expired")


def test_what_differs_in_nothing_but_the_address_is_shown_once() -> None:
    """Evidence isn't repeated for each address; its age is that of the oldest look."""
    both = [finding(), finding(address="::1", age=timedelta(minutes=5))]
    evidence = board.subject("alpha.test", both, []).rows[0].cells[0].evidence
    assert [(addresses, shown.checked_at) for addresses, shown in evidence] == [
        ("127.0.0.1, ::1", NOW - timedelta(minutes=5))
    ]


def test_the_link_to_other_servers_follows_the_server_and_not_the_domain() -> None:
    """A domain's certificate doesn't make the way from other mail servers safe while the server itself isn't (A9)."""
    own = [finding(), finding(door=Door.HTTPS, name="webmail.alpha.test")]
    server = [finding(Verdict.FAIL, "self-signed", domain=SERVER, door=Door.SMTP, name="mx.test")]
    subject = board.subject("alpha.test", own, server)
    assert [link.verdict for link in subject.chain] == [Verdict.PASS, Verdict.PASS, Verdict.FAIL]
    assert subject.verdict is Verdict.WARN
    assert str(subject.state) == "its own doors are safe, the server's are not"


def test_a_link_at_which_nobody_looked_is_unknown() -> None:
    """A chain without looks has no green link."""
    assert {link.verdict for link in board.subject("alpha.test", [], []).chain} == {Verdict.UNKNOWN}


def test_commands_are_not_told_to_people_of_the_panel() -> None:
    """A remedy that names a command is left out, where a button stands for it; others are told."""
    assert for_panel(Sentence("Give it a certificate: mailward secure {domain}", domain="alpha.test")) == NOTHING
    assert for_panel(Sentence("Ask Mailward's provider for a role that allows it.")).template
