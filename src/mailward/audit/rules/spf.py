"""Whether a domain's SPF record (RFC 7208) lets this server send, keeps others out, and can be followed to its end.

The record is read, counted at worst (ten lookups), and tried with this server's own addresses, as a receiver would. The
first thing that is wrong, in the order of harm, is the line; its cure is a whole record with the owner's own terms kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mailward.audit.seen import Expected, Seen, is_unknown
from mailward.model.checks import CheckFinding, Mechanism
from mailward.model.dns import Record
from mailward.model.findings import SERVER
from mailward.model.outside import DnsAnswer, Resolver
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.standards import spf
from mailward.standards.spf import LookupForecast, Qualifier, SpfCheck, SpfRecord, SpfResult
from mailward.standards.txt import joined_text

MOST_ANSWERS = 12  # that a line shows, when something is wrong; when nothing is, the record alone
_PUBLISH = Sentence("Publish the record that is shown.")
_LATER = Sentence("Look again later.")
_Said = tuple[Verdict, str, Sentence, Sentence]


def judge(domain: str, expected: Expected, seen: Seen) -> list[CheckFinding]:
    """One line: the record of the domain."""
    return [_name(domain, domain, expected, seen)]


def judge_server(expected: Expected, seen: Seen) -> list[CheckFinding]:
    """The server's own name, and ``_spf.<host>``, which the records of all domains include."""
    host = expected.here.hostname
    return [_name(SERVER, name, expected, seen) for name in (host, f"_spf.{host}") if _wanted(expected, name)]


@dataclass
class _Noting:
    """A resolver that keeps the answers that were given through it, so that a finding can show what it rests on."""

    seen: Seen
    answers: dict[tuple[str, str], DnsAnswer] = field(default_factory=dict)

    def query(self, name: str, rdtype: str) -> DnsAnswer:
        return self.answers.setdefault((name.lower(), rdtype), self.seen.query(name, rdtype))


@dataclass(frozen=True)
class _Look:
    """What there is to judge about one name."""

    name: str
    text: str
    record: SpfRecord
    wanted: str | None
    forecast: LookupForecast
    checks: tuple[tuple[str, SpfCheck], ...]  # by this server's address


def _wanted(expected: Expected, name: str) -> str | None:
    return next((one.value for one in expected.values(name, "TXT") if spf.is_spf(one.value)), None)


def _name(domain: str, name: str, expected: Expected, seen: Seen) -> CheckFinding:
    answer = seen.query(name, "TXT")
    wanted = _wanted(expected, name)
    noting = _Noting(seen)

    def line(said: _Said, cure: str | None = None, there: Sequence[str] = ()) -> CheckFinding:
        verdict, code, says, remedy = said
        shown = {(name, "TXT"): answer} | ({} if verdict is Verdict.PASS else noting.answers)
        return seen.finding(
            domain, Mechanism.SPF, name, verdict, code, says, remedy, answers=tuple(shown.values())[:MOST_ANSWERS],
            cure=(Record(name, "TXT", cure),) if cure else (), replaces=tuple(Record(name, "TXT", text) for text in there),
        )  # fmt: skip

    if is_unknown(answer):
        says = Sentence(
            "DNS gave no answer for {name} ({rcode}), so nobody knows what it says.", name=name, rcode=answer.rcode
        )
        return line((Verdict.UNKNOWN, "spf-unknown", says, _LATER))
    texts = _texts(answer)
    if not texts:
        says = Sentence("{name} has no SPF record: receivers can't tell its mail from forged mail.", name=name)
        return line((Verdict.FAIL, "spf-missing", says, _PUBLISH), wanted)
    if len(texts) > 1:
        says = Sentence(
            "{name} has {count} SPF records. Receivers then treat all of them as an error.", name=name, count=len(texts)
        )
        return line((Verdict.FAIL, "spf-two-records", says, _PUBLISH), _united(texts, wanted), texts)
    try:
        record = spf.parse(texts[0])
    except spf.SpfError as error:
        says = Sentence(
            "The SPF record can't be read at “{term}”: {why}. Receivers treat all of it as an error.",
            term=error.term[:100],
            why=error.reason,
        )
        return line((Verdict.FAIL, "spf-broken", says, _PUBLISH), wanted, texts)
    look = _Look(name, texts[0], record, wanted, spf.forecast(name, noting), _tried(name, expected, noting))
    said = next((said for rule in _RULES if (said := rule(look)) is not None), None)
    if said is None:
        says = Sentence(
            "This server may send for {name}; at worst {count} of 10 lookups are needed.",
            name=name,
            count=look.forecast.lookups,
        )
        return line((Verdict.PASS, "spf-pass", says, NOTHING))
    cure = _cure(look, said[1])
    return line(said, cure, texts if cure else ())


def _texts(answer: DnsAnswer) -> list[str]:
    return [text for text in map(joined_text, answer.records) if spf.is_spf(text)]


def _tried(name: str, expected: Expected, resolver: Resolver) -> tuple[tuple[str, SpfCheck], ...]:
    """What receivers say of mail that this server sends for the name, from each of its addresses."""
    host = expected.here.hostname
    sender = f"postmaster@{name}"
    return tuple((one, spf.check_host(one, name, sender, resolver, helo=host)) for one in expected.here.addresses)


def _loops(look: _Look) -> _Said | None:
    if not look.forecast.loops:
        return None
    says = Sentence("The SPF record leads back to itself: {loop}. Receivers end in an error.", loop=look.forecast.loops[0])
    return Verdict.FAIL, "spf-loop", says, Sentence("Take the term out that closes the circle.")


def _lookups(look: _Look) -> _Said | None:
    if not look.forecast.too_many:
        return None
    terms = [f"{one.term} ({one.lookups})" for one in look.forecast.lines if one.depth == 0]
    says = Sentence(
        "The SPF record needs {count} lookups; after 10 receivers give up. Each of its terms takes: {terms}.",
        count=look.forecast.lookups,
        terms=", ".join(terms[:20]),
    )
    remedy = Sentence(
        "Take out what nobody sends by any more; the record that is shown has only what this server needs. Don't replace "
        "includes by addresses: those change."
    )
    return Verdict.FAIL, "spf-lookups", says, remedy


def _includes(look: _Look) -> _Said | None:
    bad = next(
        (one for one in look.forecast.lines if one.problem in ("no-record", "several-records", "wrong-record")), None
    )
    if bad is None:
        return None
    says = Sentence(
        "“{term}” in the SPF record of {domain} leads to a domain without a usable SPF record. Receivers end in an error "
        "there.",
        term=bad.term,
        domain=bad.domain,
    )
    return Verdict.FAIL, "spf-include", says, Sentence("Correct the name in that term, or take the term out.")


def _errors(look: _Look) -> _Said | None:
    bad = next((check for _, check in look.checks if check.result is SpfResult.PERMERROR), None)
    if bad is None:
        return None
    step = bad.trace[-1] if bad.trace else None
    says = Sentence(
        "Receivers give up at “{term}” in the SPF record of {domain}: it names hosts that don't exist, or too many.",
        term=step.term[:100] if step else "",
        domain=step.domain if step else look.name,
    )
    return Verdict.FAIL, "spf-error", says, Sentence("Correct the names in the record, or take those terms out.")


def _refuses_us(look: _Look) -> _Said | None:
    settled = (SpfResult.PASS, SpfResult.TEMPERROR)
    bad = [(address, check.result) for address, check in look.checks if check.result not in settled]
    if not bad:
        return None
    says = Sentence(
        "Mail that this server sends for {name} from {address} gets “{result}” at receivers: it is not allowed to send.",
        name=look.name,
        address=bad[0][0],
        result=bad[0][1].value,
    )
    return Verdict.FAIL, "spf-refuses-us", says, _PUBLISH


def _open(look: _Look) -> _Said | None:
    if not spf.is_open(look.record):
        return None
    says = Sentence("The SPF record of {name} ends in +all: everybody may send in its name.", name=look.name)
    return Verdict.FAIL, "spf-open", says, _PUBLISH


def _unseen(look: _Look) -> _Said | None:
    if look.forecast.known and all(check.result is not SpfResult.TEMPERROR for _, check in look.checks):
        return None
    trouble = next(iter(look.forecast.unknown), None) or next(
        (check.problem or "" for _, check in look.checks if check.result is SpfResult.TEMPERROR), ""
    )
    says = Sentence(
        "DNS gave no answer for a part of the SPF record, so nobody knows how it ends: {trouble}", trouble=trouble
    )
    return Verdict.UNKNOWN, "spf-unknown", says, _LATER


def _neutral(look: _Look) -> _Said | None:
    last = look.record.all
    if look.record.redirect is not None or (last is not None and last.qualifier is not Qualifier.NEUTRAL):
        return None
    says = Sentence(
        "The SPF record of {name} says nothing about all other servers: forged mail isn't marked.", name=look.name
    )
    return Verdict.WARN, "spf-neutral", says, _PUBLISH


def _lacks(look: _Look) -> _Said | None:
    lacking = [term for term in _needed(look.wanted) if not spf.holds(look.text, term)]
    if not lacking:
        return None
    says = Sentence(
        "The SPF record of {name} lacks what was chosen here: {terms}.", name=look.name, terms=" ".join(lacking)
    )
    return Verdict.WARN, "spf-lacks", says, _PUBLISH


def _ptr(look: _Look) -> _Said | None:
    if all(one.mechanism != "ptr" for one in look.record.directives):
        return None
    says = Sentence("The SPF record uses “ptr”, which is slow and which some receivers pass over.")
    return Verdict.WARN, "spf-ptr", says, Sentence("Name the servers by a, mx, ip4, ip6 or include instead.")


_RULES: tuple[Callable[[_Look], _Said | None], ...] = (
    _loops, _lookups, _includes, _errors, _refuses_us, _open, _unseen, _neutral, _lacks, _ptr,
)  # fmt: skip
"""In the order of harm: what is an error for receivers, what keeps our mail out, what lets others in, then the rest."""


def _needed(wanted: str | None) -> list[str]:
    """The terms of the wanted record that matter, its end left out."""
    return [] if wanted is None else [one.text for one in spf.parse(wanted).directives if one.mechanism != "all"]


def _cure(look: _Look, code: str) -> str | None:
    """The whole record to publish: the owner's, completed; ended as Mailward ends records where its end is the fault."""
    if look.wanted is None:
        return None
    if code in ("spf-refuses-us", "spf-lacks"):
        return spf.merge(look.text, _needed(look.wanted))
    if code in ("spf-open", "spf-neutral"):
        return spf.with_end_of(spf.merge(look.text, _needed(look.wanted)), look.wanted)
    if code in ("spf-loop", "spf-include", "spf-error"):
        kept = SpfRecord(tuple(term for term in look.record.terms if term.text not in _culprits(look)))
        cure = spf.merge(str(kept), _needed(look.wanted))
        return None if cure == look.text else cure
    return look.wanted if code == "spf-lookups" else None


def _culprits(look: _Look) -> set[str]:
    """The record's own terms that lead to what receivers stumble over."""
    found: set[str] = set()
    own = ""
    for one in look.forecast.lines:
        own = one.term if one.depth == 0 else own
        if one.problem in ("loop", "no-record", "several-records", "wrong-record"):
            found.add(own)
    for _, check in look.checks:
        if check.result is SpfResult.PERMERROR:
            found.update(step.term for step in check.trace[-1:] if step.domain == look.name)
    return found


def _united(texts: Sequence[str], wanted: str | None) -> str | None:
    """One record of several: Mailward's, with the terms of all that can be read."""
    if wanted is None:
        return None
    united = wanted
    for text in texts:
        try:
            united = spf.merge(united, _needed(text))
        except spf.SpfError:
            continue
    return united
