"""check_host() of RFC 7208 (sections 4 to 6): may this address send for this domain?

Questions go to the resolver that is handed in; the answers are strangers' and bounded: 10 terms that ask, 2 questions
without an answer, 10 names of an MX or PTR answer.
"""

from datetime import datetime
from ipaddress import IPv4Address, IPv6Address

from mailward.model.outside import Resolver
from mailward.standards.spf import macros
from mailward.standards.spf.macros import MacroError, MacroString
from mailward.standards.spf.outcome import SpfCheck, SpfResult, SpfStep
from mailward.standards.spf.questions import PermError, Questions, TempError, is_name, sending_domain
from mailward.standards.spf.record import Directive, Modifier, SpfError, SpfRecord, parse
from mailward.standards.spf.values import Address, Message, message
from mailward.standards.txt import joined_text

MOST_LOOKUPS = 10
MOST_NAMES = 10  # of an MX or PTR answer (section 4.6.4)
MOST_STEPS = 500  # of a trace; the evaluation goes on without writing them down
LONGEST_EXPLANATION = 1024


def check_host(
    ip: str,
    domain: str,
    sender: str,
    resolver: Resolver,
    *,
    helo: str = "",
    now: datetime | None = None,
    receiver: str = "unknown",
) -> SpfCheck:
    """The result for a client at ``ip`` and a ``sender`` ("user@example.com"; for the HELO identity, ``domain`` is the HELO
    name). ``now`` and ``receiver`` are only for explanations. Raises ValueError when ``ip`` is no address, nothing else."""
    told = message(ip, domain, sender, helo, receiver, now)
    start = sending_domain(domain)
    if start is None:
        return SpfCheck(SpfResult.NONE, problem=f"{domain[:80]!r} can't be asked for in DNS")
    return _Evaluation(told, Questions(resolver)).run(start)


class _Evaluation:
    """One check, with what was counted so far."""

    def __init__(self, told: Message, questions: Questions) -> None:
        self.told = told
        self.version, self.number = told.ip.version, int(told.ip)
        self.questions = questions
        self.lookups = 0
        self.steps: list[SpfStep] = []

    def run(self, domain: str) -> SpfCheck:
        text: str | None = None
        term: str | None = None
        explanation: str | None = None
        problem: str | None = None
        try:
            text = self.questions.policy(domain)
            if text is None:
                result, problem = SpfResult.NONE, f"{domain} has no SPF record"
            else:
                result, decided, where, record = self._judge(domain, text)
                term = decided.text if decided else None
                if result is SpfResult.FAIL and record.exp is not None:
                    explanation = self._explanation(where, record.exp)
        except TempError as error:
            result, problem = SpfResult.TEMPERROR, str(error)
        except PermError as error:
            result, problem = SpfResult.PERMERROR, str(error)
        voids = self.questions.voids
        return SpfCheck(result, term, explanation, text, self.lookups, voids, tuple(self.steps), problem)

    def _judge(self, domain: str, text: str) -> tuple[SpfResult, Directive | None, str, SpfRecord]:
        """The result of a record, redirections followed: with the directive that matched, whose record it is in."""
        while True:
            record = _parsed(domain, text)
            for directive in record.directives:
                block = directive.block
                if block is not None:  # most terms are addresses: no more than what they need
                    matches = block.version == self.version and self.number >> block.shift == block.value
                else:
                    matches = directive.mechanism == "all" or self._matches(domain, directive)
                if block is not None or directive.mechanism == "all":
                    self._note(domain, directive.text, "match" if matches else "no match")
                if matches:
                    return SpfResult(directive.qualifier.value), directive, domain, record
            if record.redirect is None:
                return SpfResult.NEUTRAL, None, domain, record
            domain, text = self._followed(domain, record.redirect)

    def _followed(self, domain: str, redirect: Modifier) -> tuple[str, str]:
        self._count(redirect.text)
        target = self._name(redirect.target, domain)
        text = self._policy(target)
        self._note(domain, redirect.text, f"goes on at {target}")
        if text is None:
            raise PermError(f"{redirect.text} of {domain}: {target or 'the name'} has no SPF record")
        return target, text

    def _policy(self, name: str) -> str | None:
        return self.questions.policy(name) if is_name(name) and "." in name else None

    def _matches(self, domain: str, directive: Directive) -> bool:
        self._count(directive.text)
        try:
            found = self._found(domain, directive)
        except (TempError, PermError) as error:
            self._note(domain, directive.text, str(error))
            raise
        self._note(domain, directive.text, "match" if found else "no match")
        return found

    def _found(self, domain: str, directive: Directive) -> bool:
        mechanism = directive.mechanism
        name = domain if directive.target is None else self._name(directive.target, domain)
        if mechanism == "include":
            return self._included(domain, directive, name)
        if mechanism == "a":
            return self._among(self.questions.addresses(name, self.told.rdtype), directive)
        if mechanism == "mx":
            return any(self._among(found, directive) for found in map(self._of_exchange, self._exchanges(name)))
        if mechanism == "ptr":
            return any(_below(one, name) for one in self._validated())
        return bool(self.questions.addresses(name, "A"))

    def _included(self, domain: str, directive: Directive, name: str) -> bool:
        text = self._policy(name)
        if text is None:
            raise PermError(f"{directive.text} of {domain}: {name or 'the name'} has no SPF record")
        return self._judge(name, text)[0] is SpfResult.PASS

    def _exchanges(self, name: str) -> list[str]:
        if not is_name(name):
            return []
        records = self.questions.records(name, "MX")
        if len(records) > MOST_NAMES:
            raise PermError(f"{name} has more than {MOST_NAMES} MX records")
        split = (record.split() for record in records)
        pairs = sorted((int(p[0]), p[1]) for p in split if len(p) == 2 and len(p[0]) <= 5 and p[0].isdecimal())
        return [exchange.removesuffix(".") for _, exchange in pairs]

    def _of_exchange(self, exchange: str) -> tuple[str, ...]:
        return self.questions.addresses(exchange, self.told.rdtype)

    def _among(self, records: tuple[str, ...], directive: Directive) -> bool:
        ip = self.told.ip
        shift = ip.max_prefixlen - (directive.prefix4 if ip.version == 4 else directive.prefix6)
        wanted = int(ip) >> shift
        return any(number is not None and number >> shift == wanted for number in (_number(ip, one) for one in records))

    def _validated(self, *, voids: bool = True) -> list[str]:
        """The client's names that lead back to it (section 5.5): the first ten are looked at, errors are read over."""
        try:
            names = self.questions.records(self.told.reverse, "PTR", voids=voids)[:MOST_NAMES]
        except TempError:
            return []
        return [name for name in (one.removesuffix(".") for one in names) if self._leads_back(name, voids)]

    def _leads_back(self, name: str, voids: bool) -> bool:
        if not is_name(name):
            return False
        try:
            records = self.questions.records(name, self.told.rdtype, voids=voids)
        except TempError:
            return False
        return any(_number(self.told.ip, record) == int(self.told.ip) for record in records)

    def _p(self, domain: str, *, voids: bool) -> str:
        names = self._validated(voids=voids)
        best = [name for name in names if name.lower() == domain.lower()]
        best = best or [name for name in names if _below(name, domain)] or names
        return best[0] if best else "unknown"

    def _expanded(self, text: MacroString, domain: str, *, voids: bool = True) -> str:
        return macros.expanded(text, lambda letter: self.told.value(letter, domain, lambda: self._p(domain, voids=voids)))

    def _name(self, target: MacroString, domain: str) -> str:
        return macros.as_name(self._expanded(target, domain))

    def _explanation(self, domain: str, exp: Modifier) -> str | None:
        """The domain's own words (section 6.2). Whatever is wrong with them: none."""
        try:
            name = macros.as_name(self._expanded(exp.target, domain, voids=False))
            records = self.questions.records(name, "TXT", voids=False) if is_name(name) else ()
            if len(records) != 1:
                return None
            words = self._expanded(macros.read(joined_text(records[0]), explanation=True), domain, voids=False)
        except (TempError, PermError, MacroError):
            return None
        return words[:LONGEST_EXPLANATION]

    def _count(self, term: str) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise PermError(f"{term}: more than {MOST_LOOKUPS} terms ask DNS")

    def _note(self, domain: str, term: str, outcome: str) -> None:
        if len(self.steps) < MOST_STEPS:
            self.steps.append(SpfStep(domain, term, outcome))


def _parsed(domain: str, text: str) -> SpfRecord:
    try:
        return parse(text)
    except SpfError as error:
        raise PermError(f"the SPF record of {domain} is wrong: {error}") from error


def _below(name: str, domain: str) -> bool:
    name, domain = name.lower(), domain.lower()
    return name == domain or name.endswith(f".{domain}")


def _number(kind: Address, text: str) -> int | None:
    """The number of an address record of the client's kind; None for what isn't one."""
    try:
        return int(IPv4Address(text) if kind.version == 4 else IPv6Address(text))
    except ValueError:
        return None
