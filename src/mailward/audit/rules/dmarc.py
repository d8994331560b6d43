"""Whether receivers are asked to refuse mail that pretends to come from a domain (RFC 9989), and whether the reports about
it come here. One line for each domain. Permission for reports' addresses elsewhere is a matter of contradictions.
"""

from mailward.audit.seen import Expected, Seen, is_unknown
from mailward.model.checks import CheckFinding, Mechanism
from mailward.model.dns import Record
from mailward.model.outside import DnsAnswer
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.standards.dmarc import DmarcError, DmarcRecord, Policy, parse, policy_for
from mailward.standards.dmarc.record import REMOVED_TAGS, is_dmarc
from mailward.standards.txt import joined_text

_STRICTNESS = {Policy.NONE: 0, Policy.QUARANTINE: 1, Policy.REJECT: 2}
_PUBLISH = Sentence("Publish the record that is shown.")


def judge(domain: str, expected: Expected, seen: Seen) -> list[CheckFinding]:
    """What stands at ``_dmarc.<domain>``, or what a domain above says for it."""
    name = f"_dmarc.{domain}"
    answer = seen.query(name, "TXT")
    if is_unknown(answer):
        says = Sentence(
            "DNS gave no answer for {name} ({rcode}), so nobody knows what it says.", name=name, rcode=answer.rcode
        )
        return [_line(seen, domain, Verdict.UNKNOWN, "dmarc-unknown", says, Sentence("Look again later."), answer)]
    texts = [text for text in map(joined_text, answer.records) if is_dmarc(text)]
    cure = expected.values(name, "TXT")
    replaces = tuple(Record(name, "TXT", text) for text in texts)
    if len(texts) > 1:
        says = Sentence(
            "{name} has {count} DMARC records. Receivers then act as if there were none.", name=name, count=len(texts)
        )
        return [_line(seen, domain, Verdict.FAIL, "dmarc-two-records", says, _PUBLISH, answer, cure, replaces)]
    if not texts:
        return [_without(domain, seen, answer, cure)]
    try:
        record = parse(texts[0])
    except DmarcError as trouble:
        return [_line(seen, domain, Verdict.FAIL, "dmarc-broken", trouble.what, _PUBLISH, answer, cure, replaces)]
    verdict, code, says, remedy = _judged(domain, record, expected)
    if verdict is Verdict.PASS:
        return [_line(seen, domain, verdict, code, says, remedy, answer)]
    return [_line(seen, domain, verdict, code, says, remedy, answer, cure, replaces)]


_Said = tuple[Verdict, str, Sentence, Sentence]


def _judged(domain: str, record: DmarcRecord, expected: Expected) -> _Said:
    """What keeps the record from protecting comes before what keeps its reports from being seen."""
    weak = _weakness(domain, record, expected) or _unseen(domain, record, expected)
    if weak is not None:
        return weak
    says = Sentence(
        "Receivers are asked to treat forged mail with “{policy}”, and reports are sent.", policy=record.asked()
    )
    return Verdict.PASS, "dmarc-pass", says, NOTHING


def _weakness(domain: str, record: DmarcRecord, expected: Expected) -> _Said | None:
    if not record.applies:
        says = Sentence("The DMARC record of {domain} has no valid policy, so receivers pass it over.", domain=domain)
        return Verdict.FAIL, "dmarc-broken", says, _PUBLISH
    faults = [*record.faults, *(tag for tag in record.unknown if tag not in REMOVED_TAGS)]
    if faults:
        says = Sentence("Parts of the DMARC record are wrong and are passed over: {tags}.", tags=", ".join(faults))
        return Verdict.WARN, "dmarc-faults", says, _PUBLISH
    if record.testing and record.policy() is not Policy.NONE:
        says = Sentence("The DMARC record is marked as a test: forged mail is treated one step more mildly.")
        return Verdict.WARN, "dmarc-testing", says, Sentence("End the test when the reports show no harm.")
    if record.asked() is Policy.NONE:
        says = Sentence(
            "DMARC only watches: mail that pretends to come from {domain} is delivered as usual.", domain=domain
        )
        remedy = Sentence("Look at the reports, and go on to quarantine as soon as they say that it is safe.")
        return Verdict.WARN, "dmarc-none", says, remedy
    if _STRICTNESS[record.asked()] < _STRICTNESS[Policy(expected.wish.dmarc.value)]:
        says = Sentence(
            "DNS asks for {found}; {wanted} was chosen.", found=record.asked(), wanted=expected.wish.dmarc.value
        )
        return Verdict.WARN, "dmarc-weaker", says, _PUBLISH
    return None


def _unseen(domain: str, record: DmarcRecord, expected: Expected) -> _Said | None:
    if not record.rua:
        says = Sentence(
            "Nobody gets reports: who pretends to be {domain}, and whose mail fails, stays unseen.", domain=domain
        )
        return Verdict.WARN, "dmarc-no-reports", says, _PUBLISH
    if _goes_elsewhere(record, domain, expected):
        says = Sentence("Reports go to {addresses}, not here: this page can't show them.", addresses=", ".join(record.rua))
        return Verdict.WARN, "dmarc-reports-elsewhere", says, _PUBLISH
    says = Sentence(
        "Receivers are asked to treat forged mail with “{policy}”, and reports are sent.", policy=record.asked()
    )
    return Verdict.PASS, "dmarc-pass", says, NOTHING


def _goes_elsewhere(record: DmarcRecord, domain: str, expected: Expected) -> bool:
    """Whether none of the addresses is one that Mailward would have named."""
    wanted: set[str] = set()
    for one in expected.values(f"_dmarc.{domain}", "TXT"):
        wanted.update(uri.lower() for uri in parse(one.value).rua)
    return bool(wanted) and not wanted & {uri.lower() for uri in record.rua}


def _without(domain: str, seen: Seen, answer: DnsAnswer, cure: tuple[Record, ...]) -> CheckFinding:
    """No record of its own: perhaps the organization's, one of the domains above, speaks for it."""
    found = policy_for(domain, seen)
    if found.rcode is not None:
        trouble = found.walk.trouble
        name = f"_dmarc.{trouble.domain if trouble else domain}"
        says = Sentence(
            "DNS gave no answer for {name} ({rcode}), so nobody knows what it says.", name=name, rcode=found.rcode
        )
        return _line(seen, domain, Verdict.UNKNOWN, "dmarc-unknown", says, Sentence("Look again later."), answer)
    if found.record is not None and found.record.applies and found.policy is not Policy.NONE:
        says = Sentence(
            "{domain} has no DMARC record of its own; that of {above} asks for “{policy}”, and the reports go there.",
            domain=domain,
            above=found.policy_domain or "",
            policy=found.policy,
        )
        return _line(seen, domain, Verdict.WARN, "dmarc-inherited", says, _PUBLISH, answer, cure)
    says = Sentence(
        "{domain} has no DMARC record: anybody can send mail in its name, and nobody hears of it.", domain=domain
    )
    return _line(seen, domain, Verdict.FAIL, "dmarc-missing", says, _PUBLISH, answer, cure)


def _line(
    seen: Seen,
    domain: str,
    verdict: Verdict,
    code: str,
    says: Sentence,
    remedy: Sentence,
    answer: DnsAnswer,
    cure: tuple[Record, ...] = (),
    replaces: tuple[Record, ...] = (),
) -> CheckFinding:
    subject = f"_dmarc.{domain}"
    return seen.finding(
        domain, Mechanism.DMARC, subject, verdict, code, says, remedy, answers=(answer,), cure=cure, replaces=replaces
    )
