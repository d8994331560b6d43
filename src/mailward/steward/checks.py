"""Looking at DNS: what it says of the hosted domains and of the host, judged and kept. Nothing is changed here.

A check that somebody asked for forgets first what the host's own resolver remembers of these domains: who has just mended
a record wants to see the record, not the memory of it.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from mailward.audit.board import Board, Subject
from mailward.audit.seen import Remembering, Seen
from mailward.daemons import unbound
from mailward.daemons.quoting import name as checked_name
from mailward.model.checks import CheckFinding
from mailward.model.errors import MailwardError
from mailward.model.findings import SERVER, DoorFinding
from mailward.model.runs import Outcome, RunState, Step
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.standards.dnssec import ROOT_ANCHORS, anchors_of
from mailward.store import checks, dns, records
from mailward.store.models import Domain, Run
from mailward.store.records import StoreRecorder

if TYPE_CHECKING:
    from mailward.steward.host import Host

AT_ONCE = 200  # domains: what was found of these is kept before the next ones are looked at
MOST_FORGOTTEN = 50  # domains whose answers the resolver is told to forget: of more, what it remembers is soon old


class Checker:
    """Looks with one memory: what all domains have in common is asked once."""

    def __init__(self, host: "Host") -> None:
        self._host = host
        self._seen = Seen(
            host.resolver,
            host.http,
            host.dialer,
            host.clock,
            f"resolver {', '.join(host.settings.asked)}",
            unchecked=Remembering(host.unchecked) if host.unchecked is not None else None,
            anchors=_anchors(host),
        )
        self._board = Board(self._seen)

    def look(self, names: Sequence[str]) -> Iterator[tuple[str, tuple[CheckFinding, ...]]]:
        """What was found of each of these ("server": the host itself), in their order; kept, part by part."""
        for start in range(0, len(names), AT_ONCE):
            yield from self._part(names[start : start + AT_ONCE])

    def _part(self, names: Sequence[str]) -> Iterator[tuple[str, tuple[CheckFinding, ...]]]:
        expected = dns.expected(self._host.settings, names)
        looks: dict[str, list[DoorFinding]] = {}
        for look in records.known_findings(names):
            looks.setdefault(look.domain, []).append(look)
        held = [name for name in names if name in expected]
        found: list[CheckFinding] = []
        subjects = [Subject(name, expected[name], tuple(looks.get(name, ()))) for name in held]
        for name, findings in self._board.look(subjects):
            found += findings
            yield name, findings
        checks.keep(found, _still_held(held), self._host.clock.now())


def _anchors(host: "Host") -> dict[str, tuple[str, ...]]:
    """Where chains of DNSSEC begin: at IANA's keys, in a demo at its own."""
    path = unbound.demo_anchors(host.layout)
    if host.settings.demo is None or not host.files.exists(path):
        return dict(ROOT_ANCHORS)
    return anchors_of(host.files.read(path).decode("ascii", "replace"))


def _still_held(names: Sequence[str]) -> list[str]:
    """Without those that were removed meanwhile: nothing is kept of them."""
    held = set(Domain.objects.filter(name__in=names).values_list("name", flat=True))
    return [name for name in names if name in held or name == SERVER]


def everything() -> list[str]:
    """The host itself, then every domain."""
    return [SERVER, *Domain.objects.order_by("name").values_list("name", flat=True)]


def look_anew(
    host: "Host", names: Sequence[str], each: Callable[[str], None] = lambda _name: None
) -> tuple[CheckFinding, ...]:
    """What DNS says now of these (none: of everything), and not what is remembered of it. ``each`` hears every name."""
    wanted = list(names) or everything()
    _forget_answers(host, wanted)
    found: list[CheckFinding] = []
    for name, findings in Checker(host).look(wanted):
        found += findings
        each(name)
    return tuple(found)


def carry_out(run: Run, host: "Host", recorder: StoreRecorder) -> Outcome:
    """The engine of runs that look at DNS."""
    named: list[str] = run.request["domains"]
    held = set(Domain.objects.filter(name__in=named).values_list("name", flat=True)) | {SERVER}
    names = [name for name in named if name in held]
    if named and not names:
        said = Sentence("{domain} is not held here", domain=", ".join(named))
        return Outcome(RunState.REFUSED, said, Sentence("See: mailward domain list"), host.clock.now())
    verdicts: list[Verdict] = []
    with recorder.step(Step.VERIFY):
        verdicts = [finding.verdict for finding in look_anew(host, names)]
    unwell = sum(verdict in (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN) for verdict in verdicts)
    said = Sentence("{count} looks at DNS: all is well", count=len(verdicts))
    if unwell:
        said = Sentence("{count} looks at DNS: {unwell} need attention", count=len(verdicts), unwell=unwell)
    return Outcome(RunState.DONE, said, NOTHING, host.clock.now())


def _forget_answers(host: "Host", names: Sequence[str]) -> None:
    """Of the host's own resolver; another one remembers what it wants. A resolver that is down is found by the look."""
    if host.settings.nameservers or len(names) > MOST_FORGOTTEN:
        return
    for name in names:
        zone = checked_name(host.settings.hostname if name == SERVER else name)
        try:
            host.processes.run(unbound.control(host.layout, "flush_zone", zone), timeout=10)
        except MailwardError:
            return
