"""Configuration runs on a whole host: what is declared becomes a generation, proven, or nothing changes."""

from dataclasses import replace

import pytest

from fakes.made_host import LAYOUT
from fakes.scripted_processes import completed
from mailward.model.doors import Door
from mailward.model.people import Actor
from mailward.model.runs import RunState, Step

ANNA = Actor("anna")


def apply(made):
    from mailward.actions import configuration

    return made.carry_out(configuration.apply(made.office, ANNA))


def roll_back(made, to: int | None = None):
    from mailward.actions import configuration

    return made.carry_out(configuration.rollback(made.office, ANNA, to))


def with_other_mail(made) -> None:
    """A change of mailward.toml that changes some files."""
    made.settings = replace(made.settings, contact="post@elsewhere.test" if made.settings.contact is None else None)


def test_the_first_apply_serves_and_says_so(made) -> None:
    """Every file of every daemon, checked, applied, proven at each door; the run tells what changed, and how."""
    row = apply(made)
    assert row.state is RunState.DONE
    assert made.files.target(LAYOUT.current) == "generations/1"
    assert [step.step for step in row.steps] == [Step.OBSERVE, Step.PLAN, Step.STAGE, Step.CHECK, Step.APPLY, Step.VERIFY]
    assert {change.path.split("/")[0] for change in row.changes} >= {"nginx", "postfix", "dovecot", "knot", "supervisor"}
    assert (row.generation, row.previous) == (1, None)


def test_a_second_apply_changes_nothing_and_says_so(made) -> None:
    """Unchanged: no file is written, no program is run."""
    apply(made)
    made.files.writes.clear()
    made.processes.calls.clear()
    row = apply(made)
    assert row.state is RunState.UNCHANGED
    assert made.files.writes == []
    assert made.processes.calls == []


def test_a_plan_says_what_would_change_and_changes_nothing(made) -> None:
    """What plan shows is what apply does."""
    from mailward.steward import configuration

    apply(made)
    assert configuration.planned(made.host).is_empty
    with_other_mail(made)
    before = dict(made.files.tree())
    planned = configuration.planned(made.host)
    assert dict(made.files.tree()) == before
    row = apply(made)
    assert [str(change.path) for change in planned.changes] == [change.path for change in row.changes]
    assert all(change.path.startswith(("postfix/", "mailward.toml")) for change in row.changes)


@pytest.mark.parametrize("program", ["doveconf", "postfix", "nginx", "knotc"])
def test_a_checker_that_refuses_is_the_runs_reason(made, program: str) -> None:
    """Each real daemon's checker can stop the run; its words are the reason, and the old generation serves."""
    apply(made)
    with_other_mail(made)
    before = dict(made.files.tree())
    asked = [start for start in made.processes.answers if program in start[0].rpartition("/")[2] and len(start) == 1]
    assert asked, program
    for start in asked:
        made.processes.answers[start] = completed(1, "", "fatal: no such thing")
    row = apply(made)
    assert row.state is RunState.REFUSED
    assert "no such thing" in str(row.what)
    assert dict(made.files.tree()) == before


def test_what_the_doors_do_not_prove_is_undone(made) -> None:
    """A door that fails after the switch: the earlier generation serves again, and what is found then is kept."""
    from mailward.store import records

    apply(made)
    with_other_mail(made)
    made.doors.troubles = lambda target: (
        "refused" if target.protocol == "smtp" and made.files.target(LAYOUT.current) != "generations/1" else None
    )
    row = apply(made)
    assert row.state is RunState.UNDONE
    assert "generation 1 serves again" in str(row.what)
    assert made.files.target(LAYOUT.current) == "generations/1"
    assert {finding.code for finding in records.known_findings()} == {"self-signed"}


def test_a_first_configuration_that_is_not_proven_fails(made) -> None:
    """There is nothing to go back to, and nobody is told that something serves."""
    made.doors.troubles = lambda _target: "refused"
    row = apply(made)
    assert row.state is RunState.FAILED
    assert "first configuration" in str(row.what)


def test_the_doors_that_were_proven_are_on_the_board(made) -> None:
    """Each open door, by the server's name, an unknown one and none, with its moment."""
    from mailward.store import records

    apply(made)
    found = records.known_findings()
    assert {finding.door for finding in found} == set(made.settings.ports)
    assert {finding.name for finding in found} == {made.settings.hostname, "unknown-name.invalid", ""}
    assert {finding.checked_at for finding in found} == {made.clock.now()}


def test_going_back_applies_an_earlier_generation(made) -> None:
    """To the one before, or to a number; proven like any other; certificates and mailboxes stay as they are."""
    apply(made)
    first = made.files.read(LAYOUT.current / "postfix/main.cf")
    with_other_mail(made)
    apply(made)
    assert made.files.read(LAYOUT.current / "postfix/main.cf") != first
    row = roll_back(made)
    assert row.state is RunState.DONE
    assert made.files.read(LAYOUT.current / "postfix/main.cf") == first
    row = roll_back(made, to=2)
    assert row.state is RunState.DONE
    assert made.files.read(LAYOUT.current / "postfix/main.cf") != first


def test_going_back_never_means_a_generation_that_was_not_proven(made) -> None:
    """The one before is the last that was proven, not one that was undone."""
    apply(made)
    first = made.files.read(LAYOUT.current / "postfix/main.cf")
    with_other_mail(made)
    made.doors.troubles = lambda target: "refused" if made.files.target(LAYOUT.current) == "generations/2" else None
    assert apply(made).state is RunState.UNDONE
    made.doors.troubles = lambda _target: None
    made.settings = replace(made.settings, ports={**made.settings.ports, Door.SMTP: 25})
    made.settings = replace(made.settings, contact="other@elsewhere.test")
    assert apply(made).state is RunState.DONE
    assert roll_back(made).state is RunState.DONE
    assert made.files.read(LAYOUT.current / "postfix/main.cf") == first


def test_an_earlier_generation_that_is_not_there_is_refused(made) -> None:
    """Nothing before the first, no such number, and nothing at all on an empty host."""
    assert roll_back(made).state is RunState.REFUSED
    apply(made)
    row = roll_back(made)
    assert row.state is RunState.REFUSED
    assert "no earlier generation" in str(row.what)
    assert roll_back(made, to=7).state is RunState.REFUSED
    assert made.files.target(LAYOUT.current) == "generations/1"


def test_a_tls_level_that_does_not_exist_is_refused_by_us(made) -> None:
    """Postfix' own checker takes any word; our check beside it doesn't."""
    from pathlib import PurePosixPath

    from mailward.daemons import render
    from mailward.model.generations import File, Generation, Plan
    from mailward.steward.configuration import tls_levels

    good = render(made.desired, LAYOUT)
    path = PurePosixPath("postfix/main.cf")
    text = good.files[path].content + b"\nsmtpd_tls_security_level = may_be\n"
    bad = Generation({**good.files, path: File(path, text)})
    assert tls_levels(Plan(1, good, (), {}, None)) is None
    refusal = tls_levels(Plan(1, bad, (), {}, None))
    assert refusal is not None
    assert "may_be" in str(refusal.what)


def test_no_secret_is_in_what_a_run_tells(made) -> None:
    """Plans and diffs hold no key and no password: rendered files only name the files that do."""
    from mailward.steward import birth

    birth.make_secrets(made.desired, LAYOUT, made.files, made.clock)
    row = apply(made)
    told = repr(row.changes)
    secrets = [what for path, what in made.files.tree() if path.parent == LAYOUT.secrets and isinstance(what, bytes)]
    assert secrets
    for secret in secrets:
        for line in secret.decode().splitlines():
            value = line.split('"')[1] if '"' in line else line.strip()
            assert len(value) < 20 or value not in told


def with_other_ports(made, shift: int = 1000) -> None:
    """A change of mailward.toml that opens every door somewhere else."""
    ports = {door: port + shift for door, port in made.settings.ports.items()}
    made.settings = replace(made.settings, ports=ports)


class AtTheirPorts:
    """Doors that answer only at the ports that the present configuration names. ``shut``: these can't be opened."""

    def __init__(self, made, shut: frozenset[int] = frozenset()) -> None:
        self._made = made
        self._shut = shut

    def dial(self, targets):
        from mailward.model.outside import Dialled

        parts = ("nginx/http.conf", "nginx/stream.conf", "postfix/master.cf")
        text = b"".join(self._made.files.read(LAYOUT.current / part) for part in parts).decode()
        answers = self._made.doors.dial(targets)
        return [
            answer
            if f":{target.port} " in text and target.port not in self._shut
            else Dialled(target, "refused", "Connection refused")
            for target, answer in zip(targets, answers, strict=True)
        ]


def at_their_ports(made, asked, shut: frozenset[int] = frozenset()):
    from mailward.actions import runs
    from mailward.model.progress import Quiet
    from mailward.steward.steward import Steward

    Steward(replace(made.host, dialer=AtTheirPorts(made, shut))).take(asked.run_id, Quiet())
    return runs.show_run(made.office, ANNA, asked.run_id)


def test_a_rollback_is_looked_for_where_its_own_doors_are(made) -> None:
    """After doors were moved, the generation before has them at their old ports: that is where it is proven, and the run
    says that mailward.toml still means something else."""
    from mailward.actions import configuration

    assert at_their_ports(made, configuration.apply(made.office, ANNA)).state is RunState.DONE
    with_other_ports(made)
    assert at_their_ports(made, configuration.apply(made.office, ANNA)).state is RunState.DONE
    row = at_their_ports(made, configuration.rollback(made.office, ANNA))
    assert row.state is RunState.DONE, str(row.what)
    assert "mailward.toml" in str(row.remedy)
    assert at_their_ports(made, configuration.apply(made.office, ANNA)).generation == 4


def test_what_is_undone_is_looked_for_where_its_own_doors_are(made) -> None:
    """Doors that can't be opened at their new ports: the previous generation is proven at the old ones."""
    from mailward.actions import configuration

    at_their_ports(made, configuration.apply(made.office, ANNA))
    with_other_ports(made)
    shut = frozenset([made.settings.ports[Door.IMAPS]])
    row = at_their_ports(made, configuration.apply(made.office, ANNA), shut)
    assert row.state is RunState.UNDONE
    assert "generation 1 serves again" in str(row.what)


def test_a_rollback_that_was_killed_goes_on_to_the_same_generation(made) -> None:
    """The generation before the current one is another one once the rollback has switched."""
    from mailward.actions import configuration
    from mailward.store.models import Run

    apply(made)
    with_other_mail(made)
    apply(made)
    asked = configuration.rollback(made.office, ANNA)
    assert made.carry_out(asked).state is RunState.DONE
    first = made.files.read(LAYOUT.generations / "1" / "postfix" / "main.cf")
    assert made.files.read(LAYOUT.current / "postfix" / "main.cf") == first
    Run.objects.filter(pk=asked.run_id).update(state=RunState.RUNNING, finished_at=None)
    assert made.carry_out(asked).state is RunState.DONE
    assert made.files.read(LAYOUT.current / "postfix" / "main.cf") == first


def test_settings_that_a_checker_refuses_leave_mailward_toml_as_it_was(made) -> None:
    """What the panel asked for is written only for good when it was proven; a person's file comes back byte for byte."""
    from mailward.actions import server
    from mailward.model.server_wish import ServerWish
    from mailward.model.settings import TlsProfile
    from mailward.steward.settings_file import format_settings

    apply(made)
    text = (format_settings(made.settings) + "# mine\n").encode()
    made.files.write(LAYOUT.settings, text)
    before = dict(made.files.tree())
    for start in [start for start in made.processes.answers if "nginx" in start[0] and len(start) == 1]:
        made.processes.answers[start] = completed(1, "", "fatal: no such thing")
    row = made.carry_out(server.change_server(made.office, ANNA, ServerWish(tls_profile=TlsProfile.MODERN)))
    assert row.state is RunState.REFUSED
    assert dict(made.files.tree()) == before


def test_a_wish_that_nobody_could_have_made_is_refused(made) -> None:
    """Whoever can write the store can't reach the rest of root's file: the steward takes no such run."""
    from mailward.actions import configuration
    from mailward.steward.settings_file import format_settings
    from mailward.store.models import Run

    made.files.write(LAYOUT.settings, format_settings(made.settings).encode())
    before = made.files.read(LAYOUT.settings)
    for forged in ({"hostname": "evil"}, [], "x", {"cas": ["https://evil.test"], "open_doors": None}):
        asked = configuration.apply(made.office, ANNA)
        Run.objects.filter(pk=asked.run_id).update(request={"settings": forged})
        assert made.carry_out(asked).state is RunState.REFUSED
        assert made.files.read(LAYOUT.settings) == before


def test_a_rollback_from_a_browser_brings_mailward_toml_back_too(made) -> None:
    """Who has no editor is not left with a file that says otherwise; at the command line the file stays as it is."""
    from dataclasses import replace as with_account

    from mailward.actions import configuration, server
    from mailward.model.server_wish import ServerWish
    from mailward.model.settings import TlsProfile
    from mailward.steward.settings_file import format_settings, parse_settings

    made.files.write(LAYOUT.settings, format_settings(made.settings).encode())
    apply(made)
    before = made.settings
    assert made.carry_out(server.change_server(made.office, ANNA, ServerWish(tls_profile=TlsProfile.MODERN))).state is (
        RunState.DONE
    )
    made.settings = parse_settings(made.files.read(LAYOUT.settings).decode())
    assert made.carry_out(configuration.rollback(made.office, ANNA, 1)).state is RunState.DONE
    assert b'tls_profile = "modern"' in made.files.read(LAYOUT.settings)
    asked = configuration.rollback(made.office, with_account(ANNA, account=1), 1)
    assert made.carry_out(asked).state is RunState.UNCHANGED
    assert parse_settings(made.files.read(LAYOUT.settings).decode()) == before
