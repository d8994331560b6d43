"""Records by which mail programs find a domain's servers: its mail names, autoconfig and autodiscover, and SRV (RFC 6186,
RFC 8314). What ought to be there is what Mailward publishes; nothing is made up here.
"""

from mailward.audit.seen import Expected, Seen, is_unknown
from mailward.model.checks import CheckFinding, Mechanism
from mailward.model.dns import Record
from mailward.model.outside import DnsAnswer
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict

LABELS = ("mail", "webmail", "autoconfig", "autodiscover")


def judge(domain: str, expected: Expected, seen: Seen) -> list[CheckFinding]:
    """One line for each name."""
    wanted = [record for record in expected.wanted if _is_of_clients(record, domain)]
    names = list(dict.fromkeys(record.name for record in wanted))
    if not names:
        says = Sentence("Mailward publishes no records for the mail programs of {domain}.", domain=domain)
        return [
            seen.finding(domain, Mechanism.AUTOCONFIG, domain, Verdict.NOT_APPLICABLE, "autoconfig-none", says, NOTHING)
        ]
    return [_name(domain, name, [record for record in wanted if record.name == name], seen) for name in names]


def _is_of_clients(record: Record, domain: str) -> bool:
    label, _, rest = record.name.partition(".")
    if record.rdtype in ("A", "AAAA", "CNAME"):
        return rest == domain and label in LABELS
    return record.rdtype == "SRV" and record.name.endswith(f".{domain}")


def _name(domain: str, name: str, wanted: list[Record], seen: Seen) -> CheckFinding:
    types = list(dict.fromkeys(record.rdtype for record in wanted))
    answers = tuple(seen.query(name, rdtype) for rdtype in types)
    lacking, foreign = [], []
    for rdtype, answer in zip(types, answers, strict=True):
        there = {_plain(value): value for value in answer.records}
        due = {_plain(record.value): record for record in wanted if record.rdtype == rdtype}
        if is_unknown(answer):
            return _unknown(domain, name, answers, seen)
        lacking += [record for value, record in due.items() if value not in there and not _offers_nothing(value, there)]
        foreign += [Record(name, rdtype, text) for value, text in there.items() if value not in due]
    if not lacking and not foreign:
        says = Sentence("{name} is published, so that mail programs find their settings.", name=name)
        return seen.finding(domain, Mechanism.AUTOCONFIG, name, Verdict.PASS, "autoconfig-pass", says, answers=answers)
    foreign += [Record(name, "CNAME", alias) for alias in dict.fromkeys(answer.alias for answer in answers) if alias]
    return _wrong(domain, name, wanted, foreign, answers, seen)


def _wrong(
    domain: str, name: str, wanted: list[Record], foreign: list[Record], answers: tuple[DnsAnswer, ...], seen: Seen
) -> CheckFinding:
    if foreign:
        code = "autoconfig-differs"
        says = Sentence("{name} says something else than Mailward publishes: programs that use it go astray.", name=name)
    else:
        code = "autoconfig-missing"
        says = Sentence("{name} is missing in DNS: programs that look for it find nothing.", name=name)
    remedy = Sentence("Publish the record that is shown.")
    return seen.finding(
        domain, Mechanism.AUTOCONFIG, name, Verdict.WARN, code, says, remedy,
        answers=answers, cure=tuple(wanted), replaces=tuple(foreign),
    )  # fmt: skip


def _unknown(domain: str, name: str, answers: tuple[DnsAnswer, ...], seen: Seen) -> CheckFinding:
    rcode = next(answer.rcode for answer in answers if is_unknown(answer))
    says = Sentence("DNS gave no answer for {name} ({rcode}), so nobody knows what it says.", name=name, rcode=rcode)
    return seen.finding(
        domain, Mechanism.AUTOCONFIG, name, Verdict.UNKNOWN, "autoconfig-unknown", says, Sentence("Look again later."),
        answers=answers,
    )  # fmt: skip


def _plain(value: str) -> str:
    """As values are compared: no case, no trailing dot."""
    return " ".join(value.lower().rstrip(".").split())


def _offers_nothing(value: str, there: dict[str, str]) -> bool:
    """An SRV record that says "not offered" (target ".") says no more than no record at all."""
    return not there and value.endswith(" 0") and len(value.split()) == 3
