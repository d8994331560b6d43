"""Whether other servers must insist on encryption and on a valid certificate when they bring mail (RFC 8461): the record,
the policy as a sender fetches it, and whether the policy names the servers that mail is to go to. One line for each domain.
"""

from dataclasses import dataclass

from mailward.audit.seen import Expected, Seen, is_unknown
from mailward.model.checks import CheckFinding, Evidence, Mechanism
from mailward.model.dns import MtaStsMode, Record
from mailward.model.outside import DnsAnswer, HttpAnswer
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.standards.mta_sts import MEDIA_TYPE, Mode, MtaStsError, StsPolicy, is_record, parse_policy, parse_record
from mailward.standards.txt import joined_text

SHORTEST_MAX_AGE = 86_400  # seconds: shorter, and a policy is forgotten before an attacker tires
_PUBLISH = Sentence("Publish the record that is shown.")
_LATER = Sentence("Look again later.")


@dataclass(frozen=True)
class _Said:
    """A judgement, before it becomes a line."""

    verdict: Verdict
    code: str
    reason: Sentence
    remedy: Sentence = NOTHING
    cure: tuple[Record, ...] = ()
    replaces: tuple[Record, ...] = ()
    evidence: tuple[Evidence, ...] = ()


def judge(domain: str, expected: Expected, seen: Seen) -> list[CheckFinding]:
    """The record at ``_mta-sts.<domain>`` and the policy at ``https://mta-sts.<domain>``."""
    answer = seen.query(f"_mta-sts.{domain}", "TXT")
    said = _record(domain, answer, expected) or _policy(domain, expected, seen)
    return [
        seen.finding(
            domain,
            Mechanism.MTA_STS,
            f"_mta-sts.{domain}",
            said.verdict,
            said.code,
            said.reason,
            said.remedy,
            answers=(answer,),
            evidence=said.evidence,
            cure=said.cure,
            replaces=said.replaces,
        )
    ]


def _record(domain: str, answer: DnsAnswer, expected: Expected) -> _Said | None:
    """What is wrong with the record; None: nothing, and there is one."""
    name = f"_mta-sts.{domain}"
    if is_unknown(answer):
        says = Sentence(
            "DNS gave no answer for {name} ({rcode}), so nobody knows what it says.", name=name, rcode=answer.rcode
        )
        return _Said(Verdict.UNKNOWN, "mta-sts-unknown", says, _LATER)
    cure = expected.values(name, "TXT")
    texts = [text for text in map(joined_text, answer.records) if is_record(text)]
    replaces = tuple(Record(name, "TXT", text) for text in texts)
    if not texts:
        says = Sentence("{domain} has no MTA-STS: an attacker between two servers can turn encryption off.", domain=domain)
        remedy = _PUBLISH if cure else Sentence("Turn MTA-STS on for this domain, in testing mode first.")
        return _Said(Verdict.WARN, "mta-sts-missing", says, remedy, cure)
    if len(texts) > 1:
        says = Sentence(
            "{name} has {count} MTA-STS records. Senders then act as if there were none.", name=name, count=len(texts)
        )
        return _Said(Verdict.FAIL, "mta-sts-two-records", says, _PUBLISH, cure, replaces)
    try:
        record = parse_record(texts[0])
    except MtaStsError as trouble:
        return _Said(Verdict.FAIL, "mta-sts-record", trouble.what, _PUBLISH, cure, replaces)
    wish = expected.wish
    if cure and wish.mta_sts is not MtaStsMode.OFF and record.id != wish.mta_sts_id:
        says = Sentence("The record's id isn't the latest: senders that know an older policy don't fetch the new one.")
        return _Said(Verdict.WARN, "mta-sts-old-id", says, _PUBLISH, cure, replaces)
    return None


def _policy(domain: str, expected: Expected, seen: Seen) -> _Said:
    host = f"mta-sts.{domain}"
    addresses, answers = seen.addresses(host)
    if not addresses:
        unknown = next((answer for answer in answers if is_unknown(answer)), None)
        if unknown is not None:
            says = Sentence(
                "DNS gave no answer for {name} ({rcode}), so nobody knows what it says.", name=host, rcode=unknown.rcode
            )
            return _Said(Verdict.UNKNOWN, "mta-sts-unknown", says, _LATER)
        says = Sentence("The policy can't be fetched: {name} has no address.", name=host)
        cure = (*expected.values(host, "A"), *expected.values(host, "AAAA"))
        return _Said(Verdict.FAIL, "mta-sts-no-address", says, _PUBLISH, cure)
    port = expected.here.https_port if addresses[0] in expected.here.addresses else 443
    url = f"https://{host}/.well-known/mta-sts.txt"
    fetched = seen.fetch(url, addresses[0], port)
    said = _fetched(url, fetched, expected, domain)
    shown = tuple(fetched.body[:2000].decode("utf-8", "replace").splitlines()[:20])
    rcode = fetched.trouble or str(fetched.status)
    evidence = Evidence(url, "HTTPS", rcode, shown, f"{addresses[0]}:{port}")
    return _Said(said.verdict, said.code, said.reason, said.remedy, said.cure, said.replaces, (evidence,))


def _fetched(url: str, fetched: HttpAnswer, expected: Expected, domain: str) -> _Said:
    if fetched.trouble in ("timeout", "unreachable"):
        says = Sentence("{url} didn't answer ({reason}), so nobody knows what it says.", url=url, reason=fetched.trouble)
        return _Said(Verdict.UNKNOWN, "mta-sts-unknown", says, _LATER)
    if fetched.trouble == "handshake-failed":
        says = Sentence("{url} shows no valid certificate for its name, so senders don't take the policy.", url=url)
        return _Said(Verdict.FAIL, "mta-sts-certificate", says, Sentence("Order a certificate with this name."))
    if fetched.trouble or fetched.status != 200 or fetched.url != url:  # section 3.3: no redirect is followed
        what = fetched.trouble or ("redirect" if fetched.url != url else fetched.status)
        says = Sentence("The policy isn't served at {url} ({reason}).", url=url, reason=what)
        return _Said(Verdict.FAIL, "mta-sts-unserved", says, Sentence("Serve the policy there."))
    try:
        policy = parse_policy(fetched.body)
    except MtaStsError as trouble:
        return _Said(Verdict.FAIL, "mta-sts-policy", trouble.what, trouble.remedy)
    return _said_by(policy, fetched, expected, domain)


def _said_by(policy: StsPolicy, fetched: HttpAnswer, expected: Expected, domain: str) -> _Said:
    wanted = [record.value.split()[-1] for record in expected.values(domain, "MX")]
    refused = [name.rstrip(".") for name in wanted if not policy.allows(name)]
    if policy.mode is Mode.NONE:
        says = Sentence("The MTA-STS policy says “none”: senders need not insist on anything.")
        return _Said(
            Verdict.WARN, "mta-sts-none", says, Sentence("Turn MTA-STS on for this domain, in testing mode first.")
        )
    if refused:
        says = Sentence(
            "The policy doesn't name {names}, where mail for {domain} goes.", names=", ".join(refused), domain=domain
        )
        verdict = Verdict.FAIL if policy.mode is Mode.ENFORCE else Verdict.WARN
        return _Said(verdict, "mta-sts-other-servers", says, Sentence("Name these servers in the policy."))
    if fetched.content_type.partition(";")[0].strip().lower() != MEDIA_TYPE:
        says = Sentence(
            "The policy is served as {type}, not as text/plain: some senders refuse it.", type=fetched.content_type
        )
        return _Said(Verdict.WARN, "mta-sts-media-type", says, Sentence("Serve it as text/plain."))
    if policy.mode is Mode.TESTING:
        says = Sentence("MTA-STS is in testing: senders report what fails, and deliver all the same.")
        return _Said(
            Verdict.WARN, "mta-sts-testing", says, Sentence("Go on to enforce when the TLS reports show no failures.")
        )
    if policy.max_age < SHORTEST_MAX_AGE:
        says = Sentence("Senders forget the policy after {seconds} seconds: it hardly protects.", seconds=policy.max_age)
        return _Said(Verdict.WARN, "mta-sts-short", says, Sentence("Choose a max_age of a week or more."))
    says = Sentence("Other servers must connect encrypted, and to a server whose certificate is valid.")
    return _Said(Verdict.PASS, "mta-sts-pass", says)
