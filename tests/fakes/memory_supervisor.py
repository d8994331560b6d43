"""A supervisor in memory (model.outside.Supervisor)."""

from collections.abc import Iterable, Mapping

from mailward.model.errors import NotPossible
from mailward.model.sentence import Sentence


class MemorySupervisor:
    """``configured`` are the programs of its configuration, ``failing`` those that die at once. ``calls`` remembers."""

    def __init__(self, configured: Iterable[str] = (), *, running: bool = True) -> None:
        self.configured = list(configured)
        self.failing: set[str] = set()
        self.calls: list[tuple[str, ...]] = []
        self._running = running
        self._states: dict[str, str] = dict.fromkeys(self.configured, "RUNNING") if running else {}

    def states(self) -> Mapping[str, str]:
        return dict(self._states) if self._running else {}

    def start(self, program: str) -> None:
        self._known("start", program)
        if program in self.failing:
            self._states[program] = "FATAL"
            raise NotPossible(Sentence("{program} could not be started", program=program), code="daemon")
        self._states[program] = "RUNNING"

    def stop(self, program: str) -> None:
        self._known("stop", program)
        self._states[program] = "STOPPED"

    def restart(self, program: str) -> None:
        self.stop(program)
        self.start(program)

    def signal(self, program: str, name: str) -> None:
        self._known("signal", program, name)
        if self._states[program] != "RUNNING":
            raise NotPossible(
                Sentence("{program} could not be told: {reason}", program=program, reason="NOT_RUNNING"), code="supervisor"
            )

    def update(self) -> None:
        self.calls.append(("update",))
        self._running = True
        gone = [name for name in self._states if name not in self.configured]
        for name in gone:
            del self._states[name]
        for name in self.configured:
            self._states.setdefault(name, "FATAL" if name in self.failing else "RUNNING")

    def end_leftovers(self, timeout: float = 20) -> None:
        self.calls.append(("end_leftovers",))

    def shutdown(self, timeout: float = 60) -> None:
        self.calls.append(("shutdown",))
        self._running = False

    def _known(self, verb: str, program: str, *rest: str) -> None:
        self.calls.append((verb, program, *rest))
        if not self._running:
            raise NotPossible(Sentence("The supervisor of {root} does not answer", root="memory"), code="supervisor-down")
        if program not in self._states:
            raise NotPossible(
                Sentence("The supervisor knows no program {program}", program=program), code="no-such-program"
            )
