"""How many of the ten lookups a record takes at worst (RFC 7208 section 4.6.4), counted before a receiver does.

At worst: no term matches early, so that every one is looked at. Records are followed through include and redirect; what a
receiver would refuse on the way (a loop, a domain without a record, a wrong one) is told with the term that leads there.
"""

from dataclasses import dataclass

from mailward.model.outside import Resolver
from mailward.standards.spf import macros
from mailward.standards.spf.evaluation import MOST_LOOKUPS
from mailward.standards.spf.questions import PermError, Questions, TempError, is_name, sending_domain
from mailward.standards.spf.record import ASKING, Directive, Modifier, SpfError, parse

MOST_LINES = 200  # enough to show what is wrong with a record that needs more than ten
_MOST_TEXT = 100


@dataclass(frozen=True)
class ForecastLine:
    """One term that asks DNS: in whose record (``depth`` 0: the domain's own), what it takes with all that is below it."""

    depth: int
    domain: str
    term: str
    lookups: int
    problem: str | None = None  # loop, no-record, several-records, wrong-record, unknown or depends-on-message


@dataclass(frozen=True)
class LookupForecast:
    """``lookups`` is exact when it is ``known``; else at least that many are taken."""

    domain: str
    record: str | None
    lookups: int
    lines: tuple[ForecastLine, ...] = ()
    loops: tuple[str, ...] = ()  # "a.example > b.example > a.example"
    unknown: tuple[str, ...] = ()  # why a record could not be seen: the domain, the rcode and the server
    problem: str | None = None  # of the domain's own record
    cut: bool = False  # there is more; it is past the limit by far

    @property
    def known(self) -> bool:
        return not self.unknown and not self.cut

    @property
    def too_many(self) -> bool:
        """More than ten: receivers that come so far say permerror."""
        return self.lookups > MOST_LOOKUPS


def forecast(domain: str, resolver: Resolver, *, record: str | None = None) -> LookupForecast:
    """The forecast for a domain's record, or for ``record`` as if the domain had it already. Never raises for DNS."""
    start = sending_domain(domain)
    if start is None:
        return LookupForecast(domain, None, 0, problem="no-record")
    return _Forecast(Questions(resolver)).run(start.lower(), record)


class _Forecast:
    def __init__(self, questions: Questions) -> None:
        self.questions = questions
        self.lines: list[ForecastLine] = []
        self.loops: list[str] = []
        self.unknown: list[str] = []
        self.records: dict[str, tuple[str | None, str | None]] = {}
        self.cut = False

    def run(self, domain: str, text: str | None) -> LookupForecast:
        problem = None
        if text is None:
            text, problem = self._record(domain)
        if problem is None:
            lookups, problem = self._walk(domain, text or "", (domain,))
        else:
            lookups = 0
        return LookupForecast(
            domain, text, lookups, tuple(self.lines), tuple(self.loops), tuple(self.unknown), problem, self.cut
        )

    def _walk(self, domain: str, text: str, path: tuple[str, ...]) -> tuple[int, str | None]:
        """What a record takes, and what is wrong with the record itself."""
        try:
            record = parse(text)
        except SpfError:
            return 0, "wrong-record"
        total = 0
        for directive in record.directives:
            if directive.mechanism == "all":
                break
            if directive.mechanism in ASKING:
                total += self._term(domain, directive, path, follows=directive.mechanism == "include")
        if record.redirect is not None:
            total += self._term(domain, record.redirect, path, follows=True)
        return total, None

    def _term(self, domain: str, term: Directive | Modifier, path: tuple[str, ...], *, follows: bool) -> int:
        if len(self.lines) >= MOST_LINES:
            self.cut = True
            return 1
        at = len(self.lines)
        self.lines.append(ForecastLine(len(path) - 1, domain, term.text, 1))
        below, problem = self._below(domain, term, path) if follows else (0, None)
        self.lines[at] = ForecastLine(len(path) - 1, domain, term.text[:_MOST_TEXT], 1 + below, problem)
        return 1 + below

    def _below(self, domain: str, term: Directive | Modifier, path: tuple[str, ...]) -> tuple[int, str | None]:
        if term.target is None or term.target.letters - {"d"}:
            return 0, "depends-on-message"
        name = macros.as_name(macros.expanded(term.target, lambda _letter: domain)).lower()
        if name in path:
            self.loops.append(" > ".join((*path[path.index(name) :], name)))
            return 0, "loop"
        text, problem = self._record(name)
        if problem is not None or text is None:
            return 0, problem
        return self._walk(name, text, (*path, name))

    def _record(self, name: str) -> tuple[str | None, str | None]:
        if name not in self.records:
            self.records[name] = self._asked(name)
        return self.records[name]

    def _asked(self, name: str) -> tuple[str | None, str | None]:
        try:
            text = self.questions.policy(name, voids=False) if is_name(name) else None
        except TempError as error:
            self.unknown.append(str(error))
            return None, "unknown"
        except PermError:
            return None, "several-records"
        return text, None if text is not None else "no-record"
