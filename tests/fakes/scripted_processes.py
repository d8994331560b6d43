"""Programs that say what they were told to say (model.outside.Processes)."""

from collections.abc import Callable, Mapping, Sequence

from mailward.model.errors import NotPossible
from mailward.model.outside import Completed
from mailward.model.sentence import Sentence

Answer = Completed | NotPossible | Callable[[Sequence[str], bytes | None], Completed]


def completed(code: int = 0, stdout: str = "", stderr: str = "") -> Completed:
    return Completed((), code, stdout, stderr)


class ScriptedProcesses:
    """``answers``: how a command line begins -> what it answers; the longest beginning that fits counts. A program that
    nobody told about is missing. ``calls`` and ``stdins`` remember what was run."""

    def __init__(self, answers: Mapping[tuple[str, ...], Answer] | None = None) -> None:
        self.answers: dict[tuple[str, ...], Answer] = dict(answers or {})
        self.calls: list[tuple[str, ...]] = []
        self.stdins: list[bytes | None] = []

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes | None = None,
        timeout: float = 60,
        environment: Mapping[str, str] | None = None,
    ) -> Completed:
        command = tuple(argv)
        self.calls.append(command)
        self.stdins.append(stdin)
        fitting = [start for start in self.answers if command[: len(start)] == start]
        if not fitting:
            raise NotPossible(Sentence("The program {program} is not installed", program=argv[0]), code="program-missing")
        answer = self.answers[max(fitting, key=len)]
        if isinstance(answer, NotPossible):
            raise answer
        said = answer if isinstance(answer, Completed) else answer(command, stdin)
        return Completed(command, said.code, said.stdout, said.stderr)
