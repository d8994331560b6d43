"""The certificate switch: each name at each door in one step, proven or undone exactly, at a cost that doesn't grow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from fakes.linked_doors import LinkedDoors
from fakes.memory_files import MemoryFiles
from fakes.memory_sni import MemorySni
from fakes.memory_supervisor import MemorySupervisor
from fakes.scripted_processes import ScriptedProcesses, completed
from fakes.still_clock import StillClock
from fakes.sudden_death import Countdown, Killed, Mortal, Steps
from mailward.certificates import inspect, make
from mailward.flow.ground import Ground, Look
from mailward.flow.switch import CertificateFlow, SwitchUndone, link_name, reverse
from mailward.model.certificates import KeyedChain
from mailward.model.doors import Door, Role, Tls
from mailward.model.errors import BadInput, NotPossible
from mailward.model.findings import DoorFinding
from mailward.model.layout import Layout
from mailward.model.runs import Step
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.tables import Served, Switch, SwitchVerified
from mailward.model.verdict import Verdict

LAYOUT = Layout(Path("/instance"))
CLOCK = StillClock()
DOORS = {Role.WEB: (Door.HTTPS,), Role.MAIL: (Door.IMAPS, Door.SMTP)}
NAMES = ("*.a.test", "a.test")


def chain(*names: str) -> KeyedChain:
    return make.self_signed(names, CLOCK.now())


OWN_WEB, OWN_MAIL, FIRST, SECOND, OTHER = (
    chain("mx.test"),
    chain("mx.test"),
    chain(*NAMES),
    chain(*NAMES),
    chain("x.test"),
)
CHAINS = {("own-web", 1): OWN_WEB, ("own-mail", 1): OWN_MAIL, ("a", 1): FIRST, ("a", 2): SECOND, ("o", 1): OTHER}

BIRTH = (
    Served(Role.WEB, ("mx.test",), "own-web", 1, default=True),
    Served(Role.MAIL, ("mx.test",), "own-mail", 1, default=True),
    Served(Role.WEB, ("x.test",), "o", 1),
    Served(Role.MAIL, ("x.test",), "o", 1),
)
A1 = (Served(Role.WEB, NAMES, "a", 1), Served(Role.MAIL, NAMES, "a", 1))
A2 = (Served(Role.WEB, NAMES, "a", 2), Served(Role.MAIL, NAMES, "a", 2))


def switch(wanted: Sequence[Served], previous: Sequence[Served] = ()) -> Switch:
    """As steward.served makes one: names that had a certificate and get none are dropped."""
    kept = {(s.role, name) for s in wanted for name in s.names}
    dropped = tuple((s.role, name) for s in previous for name in s.names if (s.role, name) not in kept)
    material = dict.fromkeys((s.lineage, s.version) for s in wanted)
    return Switch(tuple(wanted), tuple((*one, CHAINS[one]) for one in material), tuple(previous), dropped)


@dataclass
class Machine:
    files: MemoryFiles
    sni: MemorySni
    doors: LinkedDoors
    processes: ScriptedProcesses

    def ground(self, countdown: Countdown | None = None) -> Ground:
        ground = Ground(LAYOUT, self.files, self.processes, MemorySupervisor(), self.sni, CLOCK)
        if countdown is None:
            return ground
        return replace(
            ground,
            files=Mortal(self.files, countdown),
            processes=Mortal(self.processes, countdown),
            sni=Mortal(self.sni, countdown),
        )

    def look(self, *expected: Served) -> Look:
        """Every name at every door of its role, and no name at all for a default."""

        def asked() -> tuple[DoorFinding, ...]:
            return tuple(
                self._finding(door, sni, CHAINS[one.lineage, one.version])
                for one in expected
                for name in (*one.names, *([None] if one.default else []))
                for sni in [name.replace("*.", "any.") if name else None]
                for door in DOORS[one.role]
            )

        return asked

    def _finding(self, door: Door, sni: str | None, wanted: KeyedChain) -> DoorFinding:
        good = self.doors.served(door.kind.protocol, sni) == wanted.pem
        code, verdict = ("ok", Verdict.PASS) if good else ("not-what-was-chosen", Verdict.FAIL)
        return DoorFinding(
            "a.test", sni or "", door, 1, "127.0.0.1", Tls.IMPLICIT, sni, verdict, code, NOTHING, NOTHING, CLOCK.now()
        )

    def tables(self) -> tuple[dict[Path, bytes | str], dict[str, bytes]]:
        """Everything by which a name finds its certificate: links and Postfix' entries (not the versions' files)."""
        links = {path: what for path, what in self.files.tree() if LAYOUT.tls_versions not in path.parents}
        return links, dict(self.sni.entries)


def flow(machine: Machine, countdown: Countdown | None = None, **options: Any) -> CertificateFlow:
    def read(pem: bytes) -> KeyedChain:
        return inspect.keyed_chain(pem, expected=inspect.expect(CLOCK.now()))

    return CertificateFlow(machine.ground(countdown), read, (("postfix", "reload"),), patience=1, **options)


def run(machine: Machine, change: Switch, countdown: Countdown | None = None, look: Look | None = None):
    look = look or machine.look(*change.wanted)
    return flow(machine, countdown).run(change, look, machine.look(*change.previous), Steps())


def born() -> Machine:
    """A host with the certificates of its birth, and a neighbour's domain."""
    files = MemoryFiles(LAYOUT.root)
    files.groups.add("mailward-web")
    for path in (LAYOUT.tls_versions, *(LAYOUT.tls_names(role) for role in Role)):
        files.make_directory(path)
    sni = MemorySni(files)
    doors = LinkedDoors(LAYOUT, files, sni)

    def reload(_argv: Sequence[str], _stdin: bytes | None):
        doors.postfix_reads()
        return completed()

    machine = Machine(files, sni, doors, ScriptedProcesses({("postfix", "reload"): reload}))
    assert isinstance(run(machine, switch(BIRTH)), SwitchVerified)
    machine.processes.calls.clear()
    sni.calls.clear()
    return machine


@pytest.fixture
def machine() -> Machine:
    return born()


def test_every_name_finds_its_certificate_at_every_door(machine: Machine) -> None:
    """Links for nginx and entries for Postfix, one per name; a wildcard lies where each of them looks for it."""
    result = run(machine, switch(A1))
    assert isinstance(result, SwitchVerified)
    for role in Role:
        names = LAYOUT.tls_names(role)
        assert machine.files.target(names / "a.test") == "../versions/a.1.pem"
        assert machine.files.target(names / "_.a.test") == "../versions/a.1.pem"
    assert set(machine.sni.entries) == {"mx.test", "x.test", "a.test", ".a.test"}
    for protocol in ("http", "imap", "smtp"):
        for sni in ("a.test", "webmail.a.test", "mail.a.test"):
            assert machine.doors.served(protocol, sni) == FIRST.pem
        assert machine.doors.served(protocol, "x.test") == OTHER.pem
        assert machine.doors.served(protocol, "deep.webmail.a.test") in (OWN_WEB.pem, OWN_MAIL.pem, FIRST.pem)
    assert machine.processes.calls == []  # nothing is reloaded


def test_webmail_and_mail_are_chosen_apart(machine: Machine) -> None:
    """A certificate chosen for webmail alone is shown by no mail door."""
    run(machine, switch(A1[:1]))
    assert machine.doors.served("http", "webmail.a.test") == FIRST.pem
    assert machine.doors.served("imap", "mail.a.test") == OWN_MAIL.pem
    assert machine.doors.served("smtp", "mail.a.test") == OWN_MAIL.pem
    assert machine.sni.calls == []


def test_a_new_version_replaces_the_old_one_for_every_name(machine: Machine) -> None:
    """Renewed means served: every name shows the new version from the next connection on."""
    run(machine, switch(A1))
    assert isinstance(run(machine, switch(A2, A1)), SwitchVerified)
    assert machine.doors.served("smtp", "mail.a.test") == SECOND.pem
    assert machine.doors.served("http", "a.test") == SECOND.pem


def test_the_server_wide_certificate_is_linked_and_its_daemons_are_told(machine: Machine) -> None:
    """Who sends no name gets the new server-wide certificate, also from processes that read it once."""
    wanted = (Served(Role.MAIL, ("mx.test",), "a", 1, default=True),)
    previous = (BIRTH[1],)
    look = machine.look(*wanted)
    assert isinstance(run(machine, switch(wanted, previous), look=look), SwitchVerified)
    assert machine.files.target(LAYOUT.tls_default(Role.MAIL)) == "versions/a.1.pem"
    assert machine.processes.calls == [("postfix", "reload")]
    assert machine.doors.served("smtp", None) == FIRST.pem
    assert machine.doors.served("imap", None) == FIRST.pem
    assert machine.doors.served("http", None) == OWN_WEB.pem


def test_names_that_chose_nothing_fall_back_to_the_server(machine: Machine) -> None:
    """Going back to the server's own certificate removes each name's links and entries, and no other's."""
    before = machine.tables()
    run(machine, switch(A1))
    assert isinstance(run(machine, switch((), A1)), SwitchVerified)
    assert machine.tables() == before
    assert machine.doors.served("smtp", "mail.a.test") == OWN_MAIL.pem


def test_keys_are_readable_by_nobody_but_root_and_the_web_server(machine: Machine) -> None:
    """A version's file holds a private key: 0640, root, nginx' group."""
    run(machine, switch(A1))
    path = LAYOUT.tls_version("a", 1)
    assert machine.files.mode(path) == (0o640, "root", "mailward-web")
    assert machine.files.read(path).startswith(b"-----BEGIN PRIVATE KEY-----")


def test_the_link_of_a_wildcard() -> None:
    """The star becomes an underscore, which is in no host name."""
    assert link_name("*.a.test") == "_.a.test"
    assert link_name("a.test") == "a.test"


BAD: Look = lambda: (  # noqa: E731
    DoorFinding(
        "a.test", "mail.a.test", Door.IMAPS, 993, "127.0.0.1", Tls.IMPLICIT, "mail.a.test", Verdict.FAIL, "timeout",
        Sentence("no answer"), NOTHING, CLOCK.now(),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("first", "wanted", "previous"),
    [
        ((), A1, ()),
        (A1, A2, A1),
        (A1, A2[:1], A1[:1]),
        ((), (Served(Role.MAIL, ("mx.test",), "a", 1, default=True),), (BIRTH[1],)),
        (A1, (), A1),
        (A1, (Served(Role.MAIL, ("mail.a.test",), "o", 1),), A1[1:]),
    ],
    ids=["new-names", "renewal", "one-role", "server-wide", "dropped", "other-names"],
)
def test_what_cannot_be_proven_is_undone_exactly(machine: Machine, first, wanted, previous) -> None:
    """After a failed verification every link, entry and default is what it was before, and that is proven."""
    if first:
        run(machine, switch(first))
    before = machine.tables()
    result = run(machine, switch(wanted, previous), look=BAD)
    assert isinstance(result, SwitchUndone)
    assert "no answer" in str(result.failed.what)
    assert isinstance(result.back, SwitchVerified)
    assert machine.tables() == before


def test_undoing_is_the_same_switch_the_other_way_round() -> None:
    """The reverse of a reverse serves the same names, and drops what the first one brought."""
    change = switch(A2, A1)
    assert reverse(change).wanted == A1
    assert reverse(reverse(change)).wanted == A2
    assert set(reverse(switch(A1)).dropped) == {(role, name) for role in Role for name in NAMES}


def test_a_table_that_refuses_in_the_middle_is_undone(machine: Machine) -> None:
    """When Postfix' table can't be written after nginx' links were moved, nothing stays half: the old one is served."""
    run(machine, switch(A1))
    before = machine.tables()
    machine.sni.broken = NotPossible(Sentence("the table can't be written"), code="sni-map")
    result = run(machine, switch(A2, A1))
    assert isinstance(result, SwitchUndone)
    assert "can't be written" in str(result.failed.what)
    assert machine.tables() == before
    assert machine.doors.served("http", "a.test") == FIRST.pem


def test_a_reload_that_is_not_taken_is_found_at_the_door(machine: Machine) -> None:
    """Postfix that goes on showing the old server-wide certificate makes the switch undone."""
    machine.doors.forgets_reload = True
    before = machine.tables()
    result = run(machine, switch((Served(Role.MAIL, ("mx.test",), "a", 1, default=True),), (BIRTH[1],)))
    assert isinstance(result, SwitchUndone)
    assert machine.tables() == before


class Corrupting(MemoryFiles):
    """A disk that keeps something else than what was written."""

    damage: Callable[[bytes], bytes] = staticmethod(lambda content: content)

    def write(self, path: Path, content: bytes, **options: Any) -> None:
        super().write(path, type(self).damage(content), **options)


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (lambda _: OTHER.pem, NotPossible),
        (lambda content: content[: len(content) // 2], BadInput),
        (lambda _: b"garbage", BadInput),
        (lambda _: SECOND.key_pem + FIRST.chain_pem, BadInput),
    ],
    ids=["another", "truncated", "garbage", "foreign-key"],
)
def test_what_was_not_written_as_meant_is_never_served(machine: Machine, damage, error) -> None:
    """The file is read back before any name points at it: another certificate, half of one, or garbage stops the switch."""
    before = machine.tables()
    machine.files.__class__ = type("Damaged", (Corrupting,), {"damage": staticmethod(damage)})
    with pytest.raises(error):
        run(machine, switch(A1))
    assert machine.tables() == before


def test_a_full_disk_switches_nothing(machine: Machine) -> None:
    """No room for the version's file: every name shows what it showed before."""
    before = machine.tables()
    machine.files.room = 100
    with pytest.raises(NotPossible, match="No space"):
        run(machine, switch(A1))
    assert machine.tables() == before


class Counting:
    """Counts every call of any method."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        self.calls += 1
        return getattr(self._thing, name)


def test_the_cost_does_not_grow_with_the_names_of_others(machine: Machine) -> None:
    """One certificate changes with the same number of file operations and table calls among 10 and among 1,000 names."""
    costs = []
    for others in (10, 1000):
        for number in range(others):
            machine.files.link(LAYOUT.tls_names(Role.MAIL) / f"d{number}.test", "../versions/o.1.pem")
        files, sni = Counting(machine.files), Counting(machine.sni)
        ground = replace(machine.ground(), files=files, sni=sni)
        wanted = switch(A1)
        made = replace(flow(machine), ground=ground).run(wanted, machine.look(*A1), machine.look(), Steps())
        assert isinstance(made, SwitchVerified)
        costs.append((files.calls, sni.calls))
    assert costs[0] == costs[1]
    assert costs[0][0] < 20


SERVER = (Served(Role.MAIL, ("mx.test",), "a", 1, default=True),)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("wanted", "previous"), [(A2, A1), (SERVER, BIRTH[1:2]), ((), A1)])
def test_killed_at_any_change_the_next_run_ends_proven(wanted, previous, after: bool) -> None:
    """At every moment each name shows the old or the new certificate, whole; run again, all show the new one."""
    counted = Countdown()
    run(_with_a1(born()), switch(wanted, previous), counted)
    for at in range(1, counted.count + 1):
        there = _with_a1(born())
        with pytest.raises(Killed):
            run(there, switch(wanted, previous), Countdown(at, after=after))
        known = {one.pem for one in CHAINS.values()}
        for protocol in ("http", "imap", "smtp"):
            for sni in ("a.test", "mail.a.test", "mx.test", "x.test", None):
                assert there.doors.served(protocol, sni) in known
        assert isinstance(run(there, switch(wanted, previous)), SwitchVerified), f"change {at}"


@pytest.mark.parametrize("after", [False, True])
def test_killed_on_the_way_back_the_next_run_still_undoes_exactly(after: bool) -> None:
    """A certificate that no door proves, killed at any change of the switch or of its undoing: the next run undoes it."""
    counted = Countdown()
    run(_with_a1(born()), switch(A2, A1), counted, look=BAD)
    for at in range(1, counted.count + 1):
        there = _with_a1(born())
        before = there.tables()
        with pytest.raises(Killed):
            run(there, switch(A2, A1), Countdown(at, after=after), look=BAD)
        assert isinstance(run(there, switch(A2, A1), look=BAD), SwitchUndone)
        assert there.tables() == before, f"change {at}"


def _with_a1(there: Machine) -> Machine:
    run(there, switch(A1))
    return there


def test_each_verb_is_recorded_before_it_is_taken(machine: Machine) -> None:
    """The recorder sees stage, check, apply, verify, and undo only when something failed."""
    recorder = Steps()
    flow(machine).run(switch(A1), machine.look(*A1), machine.look(), recorder)
    assert recorder.steps == [Step.STAGE, Step.CHECK, Step.APPLY, Step.VERIFY]
    flow(machine).run(switch(A2, A1), BAD, machine.look(*A1), recorder)
    assert recorder.steps[4:] == [Step.STAGE, Step.CHECK, Step.APPLY, Step.VERIFY, Step.UNDO]
