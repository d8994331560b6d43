"""Whether other servers are told where to report failed encryption (RFC 8460 section 3). One line for each domain."""

from mailward.audit.seen import Expected, Seen, is_unknown
from mailward.model.checks import CheckFinding, Mechanism
from mailward.model.dns import Record
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.standards.tls_rpt import TlsRptError, is_record, parse_record
from mailward.standards.txt import joined_text

_PUBLISH = Sentence("Publish the record that is shown.")


def judge(domain: str, expected: Expected, seen: Seen) -> list[CheckFinding]:
    """What stands at ``_smtp._tls.<domain>``."""
    name = f"_smtp._tls.{domain}"
    answer = seen.query(name, "TXT")
    cure = expected.values(name, "TXT")
    texts = [text for text in map(joined_text, answer.records) if is_record(text)]
    verdict, code, says, remedy = Verdict.WARN, "tls-rpt-missing", _MISSING.having(domain=domain), _PUBLISH
    if is_unknown(answer):
        says = Sentence(
            "DNS gave no answer for {name} ({rcode}), so nobody knows what it says.", name=name, rcode=answer.rcode
        )
        verdict, code, remedy, cure = Verdict.UNKNOWN, "tls-rpt-unknown", Sentence("Look again later."), ()
    elif not texts and not cure:
        remedy = Sentence("Turn TLS reports on for this domain.")
    elif len(texts) > 1:
        says = Sentence("{name} has {count} records for TLS reports. Senders then send none.", name=name, count=len(texts))
        code = "tls-rpt-two-records"
    elif texts:
        verdict, code, says = _judged(texts[0], cure)
    if verdict is Verdict.PASS:
        remedy, cure = NOTHING, ()
    replaces = tuple(Record(name, "TXT", text) for text in texts) if cure else ()
    return [
        seen.finding(
            domain, Mechanism.TLS_RPT, name, verdict, code, says, remedy, answers=(answer,), cure=cure, replaces=replaces
        )
    ]


def _judged(text: str, cure: tuple[Record, ...]) -> tuple[Verdict, str, Sentence]:
    try:
        record = parse_record(text)
    except TlsRptError as trouble:
        return Verdict.WARN, "tls-rpt-broken", trouble.what
    wanted = {uri.lower() for one in cure for uri in parse_record(one.value).rua}
    if wanted and not wanted & {uri.lower() for uri in record.rua}:
        says = Sentence("Reports go to {addresses}, not here: this page can't show them.", addresses=", ".join(record.rua))
        return Verdict.WARN, "tls-rpt-elsewhere", says
    says = Sentence("Other servers are asked to report connections that could not be encrypted as they should.")
    return Verdict.PASS, "tls-rpt-pass", says


_MISSING = Sentence("{domain} asks for no TLS reports: when other servers can't connect safely, nobody hears of it.")
