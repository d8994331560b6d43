"""One row says how a domain stands, and always what its findings say."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailward.model.doors import Door
from mailward.model.findings import DoorFinding
from mailward.model.sentence import NOTHING
from mailward.model.verdict import Verdict
from mailward.store import records
from mailward.store.models import DomainState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def look(domain: str, door: Door, verdict: Verdict, age: timedelta = timedelta()) -> DoorFinding:
    return DoorFinding(
        domain, f"mail.{domain}", door, 993, "127.0.0.1", door.kind.tls, None, verdict, "code", NOTHING, NOTHING, NOW - age
    )


def states() -> dict[str, tuple[str, str, str]]:
    return {row.domain: (row.web, row.mail, row.verdict) for row in DomainState.objects.all()}


def test_the_worst_of_each_role_and_the_oldest_look_count(store: Path) -> None:
    """Webmail and mail stand apart; a domain is as bad as its worst door, and as old as its oldest look."""
    ago = timedelta(minutes=7)
    records.keep_findings(
        [
            look("alpha.test", Door.HTTPS, Verdict.PASS),
            look("alpha.test", Door.IMAPS, Verdict.PASS, ago),
            look("alpha.test", Door.SUBMISSION, Verdict.FAIL),
            look("beta.test", Door.HTTPS, Verdict.PASS),
        ]
    )
    assert states() == {"alpha.test": ("pass", "fail", "fail"), "beta.test": ("pass", "unknown", "unknown")}
    assert DomainState.objects.get(domain="alpha.test").checked_at == NOW - ago


def test_a_later_look_takes_its_place(store: Path) -> None:
    """What was bad and is good now is good, and a whole look drops the doors that aren't asked any more."""
    records.keep_findings([look("alpha.test", Door.IMAPS, Verdict.FAIL), look("alpha.test", Door.HTTPS, Verdict.PASS)])
    records.keep_findings([look("alpha.test", Door.IMAPS, Verdict.PASS)])
    assert states() == {"alpha.test": ("pass", "pass", "pass")}
    records.keep_findings([look("alpha.test", Door.IMAPS, Verdict.WARN)], ["alpha.test"])
    assert states() == {"alpha.test": ("unknown", "warn", "unknown")}


def test_what_is_forgotten_has_no_state(store: Path) -> None:
    """A domain that is held no more, and one whose only door was closed, stand nowhere: not even as safe."""
    records.keep_findings([look("alpha.test", Door.IMAPS, Verdict.PASS), look("beta.test", Door.POP3S, Verdict.PASS)])
    records.forget_domains(["alpha.test"])
    assert set(states()) == {"beta.test"}
    records.forget_closed_doors([("imaps", 993, "127.0.0.1")])
    assert states() == {}
