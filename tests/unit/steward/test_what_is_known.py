"""What is said of the doors between two looks: nothing of domains and doors that are gone, unknown where nobody looked."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fakes.made_host import ANNA, LAYOUT
from mailward.model.doors import Door
from mailward.model.findings import SERVER, DoorFinding
from mailward.model.runs import RunState
from mailward.model.sentence import NOTHING
from mailward.model.verdict import Verdict


def looked_at(made, domain: str, verdict: Verdict = Verdict.PASS, **changes) -> None:
    """A look at one door of this domain, just now."""
    from mailward.store import records

    found = DoorFinding(
        domain, "", Door.IMAPS, made.settings.ports[Door.IMAPS], "127.0.0.1", Door.IMAPS.kind.tls, None, verdict, "ok",
        NOTHING, NOTHING, made.clock.now(),
    )  # fmt: skip
    records.keep_findings([replace(found, **changes)])


def status(made):
    from mailward.bootstrap.mailward import Mailward

    return Mailward(LAYOUT, made.settings, made.office, made.host).status()


@pytest.fixture
def well(made):
    """Two domains and the server, all found safe just now."""
    made.holding("a.test", "b.test")
    for domain in (SERVER, "a.test", "b.test"):
        looked_at(made, domain)
    return made


def test_all_was_found_safe(well) -> None:
    """Only then it is safe."""
    assert status(well).worst is Verdict.PASS


def test_a_new_domain_at_which_nobody_looked_is_unknown(well) -> None:
    """The other domains' safe doors say nothing of it."""
    well.holding("new.test")
    assert status(well).worst is Verdict.UNKNOWN


def test_a_server_at_which_nobody_looked_is_unknown(made) -> None:
    """Domains that are safe say nothing of the server itself."""
    made.holding("a.test")
    looked_at(made, "a.test")
    assert status(made).worst is Verdict.UNKNOWN


def test_what_was_found_long_ago_is_unknown(well) -> None:
    """With the steward dead nobody looks: after an hour, what was safe then is unknown."""
    well.clock.move(minutes=61)
    assert status(well).worst is Verdict.UNKNOWN
    looked_at(well, "a.test")
    assert status(well).worst is Verdict.UNKNOWN, "the others are still old"


def test_what_was_found_of_a_removed_domain_is_forgotten(well) -> None:
    """A domain that is held no more makes the host neither worse nor better."""
    from mailward.actions import domains
    from mailward.store import records

    looked_at(well, "b.test", Verdict.FAIL)
    assert status(well).worst is Verdict.FAIL
    assert well.carry_out(domains.remove_domain(well.office, ANNA, "b.test")).state is RunState.DONE
    assert records.known_findings(["b.test"]) == ()
    assert status(well).worst is Verdict.PASS


def test_what_was_found_at_a_closed_door_is_forgotten(well) -> None:
    """A door that was closed or moved is asked no more: what it said before stands on no board."""
    from mailward.actions import configuration
    from mailward.store import records

    looked_at(well, "a.test", Verdict.FAIL, port=1143, door=Door.IMAP)
    row = well.carry_out(configuration.apply(well.office, ANNA))
    assert row.state is RunState.DONE, str(row.what)
    assert {finding.port for finding in records.known_findings(["a.test"])} == {well.settings.ports[Door.IMAPS]}


def test_the_worst_is_counted_by_the_store(well) -> None:
    """The number of questions doesn't grow with the number of findings."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from mailward.store import records

    with CaptureQueriesContext(connection) as asked:
        records.worst_known(well.clock.now() - timedelta(hours=1))
    assert len(asked) <= 5


def test_publishing_a_domain_again_keeps_its_clients_at_its_own_name(made) -> None:
    """A directory run that was left waiting comes after the domain got its certificate: its mail clients stay with
    ``mail.<domain>``."""
    from mailward.model.runs import RunKind
    from mailward.steward import discovery
    from mailward.store import records

    made.holding("a.test").secured("a.test")
    path = discovery.paths(LAYOUT, "a.test")[0]
    assert b"mail.a.test" in made.files.read(path)
    records.ask(RunKind.DIRECTORY, "a.test", {"domains": ["a.test"], "addresses": []}, ANNA, made.clock.now())
    made.carry_out()
    assert b"mail.a.test" in made.files.read(path)
