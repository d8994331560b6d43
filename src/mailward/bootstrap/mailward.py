"""An opened instance: what the faces can ask of it."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mailward.actions import runs
from mailward.actions.office import Office
from mailward.actions.rows import RunRow
from mailward.audit.clients import ClientReport
from mailward.bootstrap import joining
from mailward.model.checks import CheckFinding
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER, STALE_AFTER, DoorFinding
from mailward.model.generations import Plan
from mailward.model.layout import Layout
from mailward.model.people import STEWARD
from mailward.model.progress import Progress
from mailward.model.runs import RunState
from mailward.model.sentence import Sentence
from mailward.model.settings import Settings
from mailward.model.verdict import Verdict
from mailward.steward import checks, configuration, daily, looks
from mailward.steward.host import Host
from mailward.steward.looking import Looker
from mailward.steward.steward import Steward
from mailward.store import records
from mailward.store.models import Domain

PATIENCE = 120.0  # seconds that a command waits for what others (DNS) have to do first


@dataclass(frozen=True)
class DaemonRow:
    """A program of the host, as its keeper sees it. Whether its door is safe is verify's word."""

    name: str
    state: str


@dataclass(frozen=True)
class HostStatus:
    daemons: tuple[DaemonRow, ...]
    generation: int | None
    worst: Verdict
    checked_at: datetime | None  # of the oldest of the latest looks
    reports_aside: int = 0  # messages to the reports' address that nobody could read


@dataclass(frozen=True)
class Mailward:
    """One instance. Opening it reads its settings once."""

    layout: Layout
    settings: Settings
    office: Office
    host: Host

    def carry_out(self, run_id: int, progress: Progress) -> RunRow:
        """Become the steward (or wait for whoever is), until this run has ended. A run that has to wait for DNS is given up
        after a while: the steward's daemon goes on with it."""
        steward, clock = Steward(self.host), self.host.clock
        patience = clock.monotonic() + PATIENCE
        while (waiting := steward.take(run_id, progress)) is not None and clock.monotonic() < patience:
            clock.sleep(min(max((waiting.until - clock.now()).total_seconds(), 0.2), 2.0))
        return runs.show_run(self.office, STEWARD, run_id)

    def plan(self) -> Plan:
        """What ``apply`` would change now."""
        return configuration.planned(self.host)

    def verify(self, domains: Sequence[str], progress: Progress) -> tuple[DoorFinding, ...]:
        """Connect to every door by every name of these domains (none: all of them and the server), and keep what was found.

        Raises BadInput for a domain that isn't held here.
        """
        held = _held(domains)
        names = [name for name in domains if name != SERVER] if domains else sorted(held)
        server = not domains or SERVER in domains
        with progress.stage(Sentence("Connecting to every door")):
            findings = Looker(self.host).domains(names, server=server)
        records.keep_findings(findings, [*names, *([SERVER] if server else [])])
        return findings

    def check(self, domains: Sequence[str], progress: Progress) -> tuple[CheckFinding, ...]:
        """Ask DNS about these domains ("server": the host itself; none: everything), and keep what was found.

        Raises BadInput for a domain that isn't held here.
        """
        total = len(set(domains)) or len(_held(())) + 1
        _held(domains)
        done: list[str] = []
        tenth = max(100, -(-total // 10))

        def each(name: str) -> None:
            done.append(name)
            if len(done) % tenth == 0 and len(done) < total:
                progress.note(Sentence("{done} of {total}", done=len(done), total=total))

        with progress.stage(Sentence("Looking at DNS")):
            return checks.look_anew(self.host, tuple(dict.fromkeys(domains)), each)

    def client(self, address: str) -> ClientReport:
        """What mail clients will find for this address, what they will be served, and what they will say."""
        return looks.client_report(self.host, address)

    def status(self) -> HostStatus:
        """The daemons, the generation, and the worst of what was last found at the doors. Unknown when a domain was never
        looked at, or not lately."""
        states = self.host.ground.supervisor.states()
        found, checked_at = records.worst_known(self.host.clock.now() - STALE_AFTER)
        target = self.host.files.target(self.layout.current)
        return HostStatus(
            daemons=tuple(DaemonRow(name, state) for name, state in sorted(states.items())),
            generation=int(target.rpartition("/")[2]) if target else None,
            worst=found,
            checked_at=checked_at,
            reports_aside=self.host.reports.aside() if self.host.reports is not None else 0,
        )

    def log_files(self) -> tuple[tuple[str, Path], ...]:
        return tuple((path.stem, path) for path in sorted(self.layout.log.glob("*.log")))

    def steward_forever(self) -> None:
        """The steward's daemon: takes up what waits, renews what is due, looks at the doors now and then."""
        daily.forever(self.host)

    def take_down(self, progress: Progress) -> None:
        """Stop every daemon. Nothing is lost; ``up`` starts them again."""
        with progress.stage(Sentence("Stopping the daemons")), self.host.lock("host"):
            self.host.ground.supervisor.shutdown()

    def destroy(self, progress: Progress) -> None:
        """Stop everything and delete the instance's directory, with all the mail in it."""
        self.take_down(progress)
        with progress.stage(Sentence("Deleting {path}", path=self.layout.root)):
            shutil.rmtree(self.layout.root)


def _held(named: Sequence[str]) -> set[str]:
    """Every domain that is held. Raises BadInput when one that was named is not."""
    held = set(Domain.objects.values_list("name", flat=True))
    unknown = [name for name in named if name not in held and name != SERVER]
    if unknown:
        said = Sentence("{domain} is not held here", domain=", ".join(unknown))
        raise BadInput("domain", said, Sentence("See: mailward domain list"), code="unknown")
    return held


def open_instance(root: Path) -> Mailward:
    """The instance in ``root``. NotPossible when there is none; BadInput when mailward.toml is wrong."""
    layout = Layout(root.resolve())
    settings = joining.read_settings(layout)
    joining.use_store(layout, settings)
    joining.log_to(layout.log / "steward.log")
    return Mailward(layout, settings, joining.make_office(layout, settings), joining.make_host(layout, settings))


def has_failed(row: RunRow) -> bool:
    return row.state not in (RunState.DONE, RunState.UNCHANGED)
