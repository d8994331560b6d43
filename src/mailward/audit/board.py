"""The board: every rule about many domains, at the same time, with one memory.

What is asked of the host's own names is asked once for all of them. A rule that breaks costs its own line (unknown, with
the code ``check-broke``), never the board; a domain whose name servers are silent is given up after a while, and what
wasn't asked by then is unknown.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import structlog

from mailward.audit.mechanisms import RULES, SERVER_RULES, Rule, ServerRule
from mailward.audit.rules import looks
from mailward.audit.seen import Expected, Seen
from mailward.model.checks import CheckFinding, Mechanism
from mailward.model.findings import SERVER, DoorFinding
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict

log = structlog.get_logger()

THREADS = 32
LONGEST = 60.0  # seconds for one domain, from its first question on

Job = Callable[[Seen], list[CheckFinding]]


@dataclass(frozen=True)
class Subject:
    """A domain (or "server"), what it ought to look like, and what was last found at its doors."""

    name: str
    expected: Expected
    looks: tuple[DoorFinding, ...] = ()


class Board:
    """Looks at domains. ``rules`` and ``server_rules`` are arguments so that tests can break one."""

    def __init__(
        self,
        seen: Seen,
        *,
        threads: int = THREADS,
        rules: Mapping[Mechanism, Rule] = RULES,
        server_rules: Mapping[Mechanism, ServerRule] = SERVER_RULES,
    ) -> None:
        self._seen = seen
        self._threads = threads
        self._rules = rules
        self._server_rules = server_rules

    def look(self, subjects: Sequence[Subject]) -> Iterator[tuple[str, tuple[CheckFinding, ...]]]:
        """What was found of each, in their order and in the board's; each as soon as it and those before it are known."""
        with ThreadPoolExecutor(self._threads, thread_name_prefix="check") as pool:
            asked = [(subject.name, self._submit(pool, subject)) for subject in subjects]
            for name, futures in asked:
                yield name, tuple(finding for future in futures for finding in future.result())

    def _submit(self, pool: ThreadPoolExecutor, subject: Subject) -> list[Future[list[CheckFinding]]]:
        began: dict[str, float] = {}  # empty until the first of its rules has its turn
        return [
            pool.submit(self._judge, subject.name, mechanism, job, began) for mechanism, job in self._jobs(subject).items()
        ]

    def _jobs(self, subject: Subject) -> dict[Mechanism, Job]:
        name, expected = subject.name, subject.expected
        if name == SERVER:
            jobs: dict[Mechanism, Job] = {m: _of_server(rule, expected) for m, rule in self._server_rules.items()}
        else:
            jobs = {m: _of_domain(rule, name, expected) for m, rule in self._rules.items()}
        jobs[Mechanism.CERTIFICATE] = lambda seen: looks.certificates(name, subject.looks, seen.now())
        jobs[Mechanism.DOOR] = lambda seen: looks.doors(name, subject.looks, seen.now())
        return {mechanism: jobs[mechanism] for mechanism in Mechanism if mechanism in jobs}

    def _judge(self, name: str, mechanism: Mechanism, job: Job, began: dict[str, float]) -> list[CheckFinding]:
        until = began.setdefault("at", self._seen.clock.monotonic()) + LONGEST
        try:
            return job(replace(self._seen, until=until))
        except Exception as trouble:
            log.exception("check broke", domain=name, mechanism=mechanism.value)
            return [self._broke(name, mechanism, trouble)]

    def _broke(self, name: str, mechanism: Mechanism, trouble: Exception) -> CheckFinding:
        says = Sentence("Mailward itself made a mistake here ({kind}), so nobody knows.", kind=type(trouble).__name__)
        remedy = Sentence("See log/steward.log, and report it.")
        return self._seen.finding(name, mechanism, name, Verdict.UNKNOWN, "check-broke", says, remedy)


def _of_server(rule: ServerRule, expected: Expected) -> Job:
    return lambda seen: rule(expected, seen)


def _of_domain(rule: Rule, name: str, expected: Expected) -> Job:
    return lambda seen: rule(name, expected, seen)
