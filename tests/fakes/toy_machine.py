"""A small machine with two daemons, on which the flow can be watched: what each daemon has read, and when it read it.

``web`` re-reads its files when told; ``mail`` must be restarted. What a file says decides how a daemon takes it:
``refuse`` (its checker says no), ``die`` (the checker accepts, the daemon doesn't start), ``break`` (it runs, its door
doesn't answer).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path, PurePosixPath

from fakes.memory_files import MemoryFiles
from fakes.memory_sni import MemorySni
from fakes.still_clock import StillClock
from mailward.daemons.daemon import Checker, Daemon, Program, always
from mailward.flow.ground import Ground
from mailward.model.desired import DesiredState
from mailward.model.doors import Door, Tls
from mailward.model.errors import NotPossible
from mailward.model.findings import DoorFinding
from mailward.model.generations import File, Generation, Renewal
from mailward.model.layout import Layout
from mailward.model.outside import Completed
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.steward.new_instance import demo

LAYOUT = Layout(Path("/instance"))
DESIRED = DesiredState(demo(ipv6=False), python="python3")
PROGRAMS = PurePosixPath("supervisor/programs")


def toy(name: str, *, reloads: bool) -> Daemon:
    return Daemon(
        name=name,
        wanted=always,
        render=lambda _desired, _layout: (),
        program=lambda _desired, _layout: Program((name,)),
        checkers=lambda _desired, _layout, staged: (Checker(("check", name, str(staged)), ("fishy",)),),
        reload=(lambda _layout: ("reload", name)) if reloads else None,
        renewal=lambda file: {"hard": Renewal.RESTART, "idle": Renewal.NOTHING}.get(file.path.name, Renewal.RELOAD),
    )


WEB, MAIL = toy("web", reloads=True), toy("mail", reloads=False)
DAEMONS = (WEB, MAIL)


def generation(programs: str = "web mail", /, **contents: str) -> Generation:
    """``web="a"`` is the file ``web/main``; ``web_hard="a"`` is ``web/hard``."""
    files = {PROGRAMS: File(PROGRAMS, programs.encode())}
    for key, text in contents.items():
        name, _, rest = key.partition("_")
        path = PurePosixPath(name, rest or "main")
        files[path] = File(path, text.encode())
    return Generation(files)


class ToyMachine:
    """The supervisor, the programs and the doors of it all. ``told`` remembers what the daemons were told."""

    def __init__(self) -> None:
        self.files = MemoryFiles(LAYOUT.root)
        self.files.make_directory(LAYOUT.generations)
        self.clock = StillClock()
        self.read: dict[str, dict[PurePosixPath, bytes]] = {}
        self.told: list[tuple[str, ...]] = []
        self.looks = 0
        self.up = False  # whether a supervisor runs
        self.deaf: set[str] = set()  # daemons whose reload command fails
        self.missing: set[str] = set()  # programs that can't be run at all
        self._states: dict[str, str] = {}

    def ground(self) -> Ground:
        return Ground(LAYOUT, self.files, self, self, MemorySni(self.files), self.clock)

    def serves(self) -> dict[str, bytes]:
        """What every running daemon has read, as one table."""
        return {str(path): content for held in self.read.values() for path, content in held.items()}

    def is_on_disk(self, wanted: Generation) -> bool:
        """Whether ``current`` is this generation, byte for byte, and complete."""
        return all(
            self.files.exists(LAYOUT.current / path) and self.files.read(LAYOUT.current / path) == file.content
            for path, file in wanted.files.items()
        ) and self.files.exists(LAYOUT.current / "manifest.json")

    def is_served(self, wanted: Generation) -> bool:
        """Whether it is on disk, and every daemon runs and has read its part of it, and no other's."""
        parts = {str(path): file.content for path, file in wanted.files.items() if path != PROGRAMS}
        running = all(self._states.get(daemon.name) == "RUNNING" for daemon in DAEMONS)
        return self.up and running and self.is_on_disk(wanted) and self.serves() == parts

    def number(self) -> str | None:
        return self.files.target(LAYOUT.current)

    def look(self) -> tuple[DoorFinding, ...]:
        self.looks += 1
        return tuple(self._door(daemon.name) for daemon in DAEMONS)

    # model.outside.Supervisor
    def states(self) -> Mapping[str, str]:
        return dict(self._states) if self.up else {}

    def start(self, program: str) -> None:
        self._tell("start", program)
        self._start(program)

    def stop(self, program: str) -> None:
        self._tell("stop", program)
        self._states[program] = "STOPPED"
        self.read.pop(program, None)

    def restart(self, program: str) -> None:
        self._tell("restart", program)
        self._start(program)

    def signal(self, program: str, name: str) -> None:
        self._tell("signal", program, name)

    def update(self) -> None:
        self.told.append(("update",))
        self.up = True
        wanted = self.files.read(LAYOUT.current / PROGRAMS).decode().split()
        for gone in set(self._states) - set(wanted):
            del self._states[gone]
            self.read.pop(gone, None)
        for name in wanted:
            if name not in self._states:
                self._take(name)

    def shutdown(self, timeout: float = 60) -> None:
        self.up = False
        self._states.clear()
        self.read.clear()

    # model.outside.Processes
    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes | None = None,
        timeout: float = 60,
        environment: Mapping[str, str] | None = None,
    ) -> Completed:
        verb, name = argv[0], argv[1]
        if name in self.missing:
            raise NotPossible(Sentence("The program {name} is not installed", name=name), code="program-missing")
        if verb == "check":
            return self._check(name, Path(argv[2]), tuple(argv))
        self.told.append((verb, name))
        if name in self.deaf or self._states.get(name) != "RUNNING":
            return Completed(tuple(argv), 1, "", f"{name} doesn't listen")
        self._take(name)
        return Completed(tuple(argv), 0, "", "")

    def _check(self, name: str, staged: Path, argv: tuple[str, ...]) -> Completed:
        texts = [self.files.read(staged / name / file) for file in self.files.names(staged / name)]
        if any(b"refuse" in text for text in texts):
            return Completed(argv, 1, "", f"line 1: {name} doesn't like this")
        return Completed(argv, 0, "something is fishy" if any(b"fishy" in text for text in texts) else "", "")

    def _tell(self, verb: str, program: str, *rest: str) -> None:
        self.told.append((verb, program, *rest))
        if not self.up:
            raise NotPossible(Sentence("The supervisor does not answer"), code="supervisor-down")
        if program not in self._states:
            raise NotPossible(
                Sentence("The supervisor knows no program {program}", program=program), code="no-such-program"
            )

    def _start(self, program: str) -> None:
        self._take(program)
        if self._states[program] == "FATAL":
            raise NotPossible(Sentence("{program} could not be started", program=program), code="daemon")

    def _take(self, name: str) -> None:
        """The daemon reads its files."""
        directory = LAYOUT.current / name
        held = {PurePosixPath(name, file): self.files.read(directory / file) for file in self.files.names(directory)}
        self.read[name] = held
        dies = any(b"die" in content for content in held.values())
        self._states[name] = "FATAL" if dies else "RUNNING"

    def _door(self, name: str) -> DoorFinding:
        broken = any(b"break" in content for content in self.read.get(name, {}).values())
        code = "refused" if self._states.get(name) != "RUNNING" else "handshake-failed" if broken else "ok"
        verdict = Verdict.PASS if code == "ok" else Verdict.FAIL
        now = self.clock.now() + timedelta()
        return DoorFinding(
            "server", name, Door.HTTPS, 443, "127.0.0.1", Tls.IMPLICIT, name, verdict, code, NOTHING, NOTHING, now
        )
