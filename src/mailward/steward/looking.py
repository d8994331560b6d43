"""Looking at the doors: asks, by real connections, what is served, and has it judged. Findings are kept by the caller."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailward.audit.probes.doors import observe_doors
from mailward.audit.questions import domain_questions, door_questions, no_companion, server_questions
from mailward.audit.rules.chain import ChainJudge, TrustRoots
from mailward.audit.rules.doors import judge_door
from mailward.flow.ground import Look
from mailward.model.doors import Role
from mailward.model.findings import SERVER, DoorFinding, DoorQuestion
from mailward.model.layout import Layout
from mailward.model.settings import Settings
from mailward.model.tables import Served
from mailward.steward import served

if TYPE_CHECKING:
    from mailward.steward.host import Host


class Looker:
    """Looks at one host's doors. What is wanted is read from the store at the moment of looking."""

    def __init__(self, host: "Host") -> None:
        self._host = host

    def server(self) -> tuple[DoorFinding, ...]:
        """The server's own name, an unknown one and none, at every door."""
        there = served.now_served(self._host, ())
        settings = self._host.settings
        asked = server_questions(settings, served.wanted_by(there), self.addresses, companion=self._companions(there))
        return self.ask(asked, attempts=False)

    def domains(self, names: Sequence[str], *, server: bool) -> tuple[DoorFinding, ...]:
        """Everything that clients of these domains may meet, and the server itself if ``server``."""
        there = served.now_served(self._host, names)
        questions = door_questions(
            self._host.settings,
            names,
            served.wanted_by(there),
            self.addresses,
            server=server,
            companion=self._companions(there),
        )
        return self.ask(questions, attempts=True)

    def for_switch(self, scopes: Sequence[str], there: Sequence[Served], roles: frozenset[Role]) -> Look:
        """What must be proven after a certificate switch: the names of these scopes, at the doors of these roles, when
        ``there`` is what ought to be served."""
        settings = self._host.settings
        wanted, companion = served.wanted_by(there), self._companions(there)
        questions: list[DoorQuestion] = []
        for scope in scopes:
            if scope == SERVER:
                asked = server_questions(settings, wanted, self.addresses, companion=companion)
                questions += [question for question in asked if question.door.kind.role in roles]
            else:
                questions += domain_questions(settings, scope, wanted, self.addresses, sorted(roles), companion=companion)
        return lambda: self.ask(questions, attempts=False)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where the doors are looked for: the addresses they listen on."""
        return self._host.settings.addresses

    def ask(self, questions: Sequence[DoorQuestion], *, attempts: bool) -> tuple[DoorFinding, ...]:
        """One connection per question; with ``attempts`` also what a good door must resist."""
        host, chains = self._host, self.chains()
        seen = observe_doors(questions, host.dialer, host.clock, attempts=attempts)
        return tuple(judge_door(observation, chains, host.settings.hostname) for observation in seen)

    def chains(self) -> ChainJudge:
        """A judge of chains with the roots that are trusted now."""
        pem = trusted_roots(self._host.settings, self._host.layout, self._host)
        return ChainJudge(TrustRoots.from_pem(pem) if pem else TrustRoots([]))

    def wanted(self, domains: Sequence[str]) -> served.Wanted:
        """What these domains' names ought to be served."""
        return served.wanted_by(served.now_served(self._host, domains))

    def _companions(self, there: Sequence[Served]) -> served.Wanted:
        return served.companions_by(there) if self._host.settings.rsa else no_companion


def trusted_roots(settings: Settings, layout: Layout, host: "Host") -> bytes:
    """The roots that clients of this host trust; a demo whose CA was never met yet trusts none."""
    path = layout.trust_file(settings.trust)
    return host.files.read(path) if host.files.exists(path) else b""
