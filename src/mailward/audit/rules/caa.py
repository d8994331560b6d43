"""Whether DNS says which certificate authorities may issue for a domain (RFC 8659). That it forbids the one in use is a
contradiction, and told there, unless Mailward publishes the records and they differ. One line for each domain.
"""

from mailward.audit.seen import Expected, Seen, is_unknown
from mailward.model.checks import CheckFinding, Mechanism
from mailward.model.dns import Record
from mailward.model.errors import BadInput
from mailward.model.outside import DnsAnswer
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.standards import caa

_PUBLISH = Sentence("Publish the record that is shown.")
_LATER = Sentence("Look again later.")
_Said = tuple[Verdict, str, Sentence, Sentence]


def judge(domain: str, expected: Expected, seen: Seen) -> list[CheckFinding]:
    """The closest CAA records at or above the domain."""
    at, records, answers = caa.relevant(domain, seen)
    wanted = expected.values(domain, "CAA")
    cure = wanted or tuple(Record(domain, "CAA", str(caa.issue(name))) for name in expected.here.ca_issuers)
    said = _said(domain, at, records, answers, wanted, expected.here.ca_issuers)
    if said[0] in (Verdict.PASS, Verdict.UNKNOWN):
        return [_line(domain, said, answers, seen)]
    replaces = tuple(Record(domain, "CAA", text) for text in records if at == domain and text not in _texts(cure))
    return [_line(domain, said, answers, seen, cure, replaces)]


def _said(
    domain: str,
    at: str,
    records: tuple[str, ...],
    answers: tuple[DnsAnswer, ...],
    wanted: tuple[Record, ...],
    issuers: tuple[str, ...],
) -> _Said:
    silent = next((answer for answer in answers if is_unknown(answer)), None)
    if silent is not None:
        says = Sentence(
            "DNS gave no answer for {name} ({rcode}), so nobody knows what it says.", name=silent.name, rcode=silent.rcode
        )
        return Verdict.UNKNOWN, "caa-unknown", says, _LATER
    if not records:
        says = Sentence("Nothing says which certificate authorities may issue for {domain}: every one may.", domain=domain)
        known = bool(wanted or issuers)
        remedy = _PUBLISH if known else Sentence("Publish a CAA record that names the certificate authority in use.")
        return Verdict.WARN, "caa-missing", says, remedy
    read = _parsed(records)
    if read is None:
        says = Sentence("A CAA record of {name} can't be read: certificate authorities then issue nothing.", name=at)
        return Verdict.FAIL, "caa-broken", says, _PUBLISH
    lacking = [record.value for record in wanted if caa.parse(record.value) not in read]
    if lacking:
        says = Sentence(
            "The CAA records of {name} don't let those issue that were chosen here: the next certificate can't be had.",
            name=at,
        )
        return Verdict.FAIL, "caa-differs", says, _PUBLISH
    says = Sentence("The CAA records of {name} say which certificate authorities may issue.", name=at)
    return Verdict.PASS, "caa-pass", says, NOTHING


def _parsed(records: tuple[str, ...]) -> list[caa.Caa] | None:
    try:
        return [caa.parse(text) for text in records[: caa.MOST_RECORDS]]
    except BadInput:
        return None


def _texts(records: tuple[Record, ...]) -> set[str]:
    return {record.value for record in records}


def _line(
    domain: str,
    said: _Said,
    answers: tuple[DnsAnswer, ...],
    seen: Seen,
    cure: tuple[Record, ...] = (),
    replaces: tuple[Record, ...] = (),
) -> CheckFinding:
    verdict, code, says, remedy = said
    return seen.finding(
        domain, Mechanism.CAA, domain, verdict, code, says, remedy, answers=answers, cure=cure, replaces=replaces
    )
