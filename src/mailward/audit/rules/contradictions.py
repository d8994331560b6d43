"""What is right by itself and wrong together: two records (or a record and a door) that can't both be meant. Each has an
owner of its own, so that the break of one record turns one line: what a mechanism's own rule tells isn't told again here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mailward.audit.rules.dane import mail_hosts, meant_hosts
from mailward.audit.seen import Expected, Seen, is_unknown
from mailward.model.checks import CheckFinding, Evidence, Mechanism
from mailward.model.dns import Record
from mailward.model.errors import BadInput
from mailward.model.outside import DnsAnswer
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.standards import caa, dane, dmarc, spf
from mailward.standards.mta_sts import Mode, is_record, parse_policy
from mailward.standards.txt import joined_text
from mailward.standards.x509 import describe

MOST_RUA = 10


@dataclass(frozen=True)
class _Said:
    """One contradiction; ``UNKNOWN``: nobody could see whether there is one."""

    verdict: Verdict
    code: str
    subject: str
    reason: Sentence
    remedy: Sentence = NOTHING
    answers: tuple[DnsAnswer, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    cure: tuple[Record, ...] = ()
    replaces: tuple[Record, ...] = ()


_Look = Callable[[str, Expected, Seen], list[_Said]]


def judge(domain: str, expected: Expected, seen: Seen) -> list[CheckFinding]:
    """A line for each contradiction; one that says that there is none."""
    found = [said for look in _LOOKS for said in look(domain, expected, seen)]
    if not found:
        says = Sentence("Nothing that is published for {domain} contradicts anything else.", domain=domain)
        found = [_Said(Verdict.PASS, "contradiction-none", domain, says)]
    return [
        seen.finding(
            domain, Mechanism.CONTRADICTION, said.subject, said.verdict, said.code, said.reason, said.remedy,
            answers=said.answers, evidence=said.evidence, cure=said.cure, replaces=said.replaces,
        )
        for said in _once(domain, found)
    ]  # fmt: skip


def _once(domain: str, found: list[_Said]) -> list[_Said]:
    """What couldn't be seen is one line."""
    unseen = [said for said in found if said.verdict is Verdict.UNKNOWN]
    rest = [said for said in found if said.verdict is not Verdict.UNKNOWN]
    if not unseen:
        return rest
    answers = tuple(dict.fromkeys(answer for said in unseen for answer in said.answers))
    says = Sentence("Not everything could be seen that might contradict each other for {domain}.", domain=domain)
    unknown = _Said(Verdict.UNKNOWN, "contradiction-unknown", domain, says, Sentence("Look again later."), answers)
    return [*rest, unknown]


def _unseen(*answers: DnsAnswer) -> list[_Said]:
    return [_Said(Verdict.UNKNOWN, "contradiction-unknown", "", NOTHING, answers=answers)]


def mx_alias(domain: str, expected: Expected, seen: Seen) -> list[_Said]:
    """MX records must name hosts, not aliases (RFC 2181 section 10.3, RFC 5321 section 5.1)."""
    answer = seen.query(domain, "MX")
    if is_unknown(answer):
        return _unseen(answer)
    found = []
    for host in mail_hosts(answer):
        alias = seen.query(host, "CNAME")
        if is_unknown(alias):
            found += _unseen(alias)
        elif alias.records or alias.alias:
            target = (alias.alias or alias.records[0]).rstrip(".")
            says = Sentence(
                "The mail host {name} is an alias of {target}: an MX record must not name one, and some servers then don't "
                "deliver.",
                name=host,
                target=target,
            )
            wanted = expected.values(domain, "MX")
            replaced = tuple(
                Record(domain, "MX", text) for text in answer.records if text.split()[-1].rstrip(".").lower() == host
            )
            cure = wanted or tuple(Record(domain, "MX", f"{one.value.split()[0]} {target}.") for one in replaced)
            cured = replaced if {one.value.lower() for one in replaced} != {one.value.lower() for one in cure} else ()
            remedy = Sentence("Publish the record that is shown, or addresses in place of the alias.")
            found.append(
                _Said(Verdict.FAIL, "contradiction-mx-alias", host, says, remedy, (answer, alias), (), cure, cured)
            )
    return found


def mta_sts_certificate(domain: str, expected: Expected, seen: Seen) -> list[_Said]:
    """A policy that is enforced, and a mail host whose certificate doesn't have its name (RFC 8461 section 4.2)."""
    record = seen.query(f"_mta-sts.{domain}", "TXT")
    if is_unknown(record):
        return _unseen(record)
    if not any(is_record(joined_text(text)) for text in record.records):
        return []
    enforced, mx = _is_enforced(domain, expected, seen), seen.query(domain, "MX")
    if enforced is None or (enforced and is_unknown(mx)):
        return _unseen(record, mx)
    hosts = (mail_hosts(mx) or meant_hosts(domain, expected)) if enforced else ()
    return [said for host in hosts for said in _certificate_of(host, expected, seen, (record, mx))]


def _is_enforced(domain: str, expected: Expected, seen: Seen) -> bool | None:
    """None: nobody could see. A policy that isn't there, or is none, is a matter of MTA-STS itself."""
    addresses, answers = seen.addresses(f"mta-sts.{domain}")
    if not addresses:
        return None if any(map(is_unknown, answers)) else False
    port = expected.here.https_port if addresses[0] in expected.here.addresses else 443
    fetched = seen.fetch(f"https://mta-sts.{domain}/.well-known/mta-sts.txt", addresses[0], port)
    if fetched.trouble in ("timeout", "unreachable"):
        return None
    try:
        return fetched.trouble is None and parse_policy(fetched.body).mode is Mode.ENFORCE
    except BadInput:
        return False


def _certificate_of(host: str, expected: Expected, seen: Seen, answers: tuple[DnsAnswer, ...]) -> list[_Said]:
    addresses, asked = seen.addresses(host)
    if not addresses:
        return _unseen(*asked) if any(map(is_unknown, asked)) else []
    port = expected.here.smtp_port if addresses[0] in expected.here.addresses else 25
    dialled = seen.smtp(host, addresses[0], port)
    if dialled.trouble is not None and dialled.trouble != "starttls-missing":
        return _unseen(*asked)
    names: tuple[str, ...] = ()
    try:
        leaf = describe(dialled.chain[0]) if dialled.chain else None
        names = leaf.names if leaf is not None else ()
        if leaf is not None and leaf.covers(host) and not leaf.self_signed:
            return []
    except (BadInput, ValueError):
        pass
    says = Sentence(
        "The MTA-STS policy is enforced, and {name} doesn't show a certificate for this name: servers that follow the "
        "policy don't deliver.",
        name=host,
    )
    shown = Evidence(host, "SMTP", dialled.trouble or "STARTTLS", names[:20], f"{addresses[0]}:{port}")
    remedy = Sentence("Secure the server with a certificate for this name (mailward secure server), or go back to testing.")
    return [_Said(Verdict.FAIL, "contradiction-mta-sts-name", host, says, remedy, answers, (shown,))]


def tlsa_unserved(domain: str, expected: Expected, seen: Seen) -> list[_Said]:
    """TLSA records of keys that this server neither serves nor is about to, beside the right one. That the served key has
    none is told by DANE itself."""
    here = expected.here
    mx = seen.query(domain, "MX")
    if is_unknown(mx) and here.tlsa:
        return _unseen(mx)
    if not here.tlsa or here.hostname not in (mail_hosts(mx) or meant_hosts(domain, expected)):
        return []
    owner = dane.owner(here.hostname)
    answer = seen.query(owner, "TLSA")
    if is_unknown(answer):
        return _unseen(answer)
    records, _ = dane.parse_all(answer.records)
    known = set(here.tlsa) | {record.value.split()[-1].lower() for record in expected.values(owner, "TLSA")}
    known |= set(here.tlsa_set)
    if not any(record.data.hex() in here.tlsa for record in records):
        return []
    foreign = [record for record in records if record.usage == dane.DANE_EE and record.data.hex() not in known]
    if not foreign:
        return []
    says = Sentence("{name} has TLSA records of keys that the server doesn't serve.", name=owner)
    remedy = Sentence("Take away the records that are shown, unless another server has these keys.")
    replaces = tuple(Record(owner, "TLSA", str(record)) for record in foreign)
    return [_Said(Verdict.WARN, "contradiction-tlsa", owner, says, remedy, (answer,), replaces=replaces)]


def caa_forbids(domain: str, expected: Expected, seen: Seen) -> list[_Said]:
    """CAA records that forbid the CA in use, where Mailward doesn't publish them itself."""
    found = []
    if expected.values(domain, "CAA"):
        return []
    for issuer in expected.here.ca_issuers[:1]:  # the first is the one that is asked
        judged = caa.may_issue(issuer, domain, False, seen)
        if judged.permission is caa.Permission.UNKNOWN:
            return _unseen(*judged.answers)
        if judged.permission is caa.Permission.FORBIDDEN:
            says = Sentence(
                "The CAA records of {name} forbid {issuer} to issue, and certificates here come from there: the next one "
                "can't be had.",
                name=judged.at,
                issuer=issuer,
            )
            own = [one for one in judged.records if judged.at == domain]
            nobody = [one for one in own if one.value.strip() in ("", ";")]
            cured = [*(one for one in own if one not in nobody), caa.issue(issuer)]
            cure = tuple(Record(domain, "CAA", str(one)) for one in cured)
            replaces = tuple(Record(domain, "CAA", str(one)) for one in nobody)
            remedy = Sentence("Publish the record that is shown, or ask another certificate authority.")
            found.append(
                _Said(Verdict.FAIL, "contradiction-caa", judged.at, says, remedy, judged.answers, (), cure, replaces)
            )
    return found


def reports_not_permitted(domain: str, expected: Expected, seen: Seen) -> list[_Said]:
    """A DMARC record whose reports go to another organization that didn't say that it takes them (RFC 9990 section 4)."""
    answer = seen.query(f"_dmarc.{domain}", "TXT")
    if is_unknown(answer):
        return _unseen(answer)
    found: list[_Said] = []
    for text in map(joined_text, answer.records):
        try:
            record = dmarc.parse(text)
        except dmarc.DmarcError:
            continue
        for uri in record.rua[:MOST_RUA]:
            found += _permission(domain, uri, answer, seen)
    return found


def _permission(domain: str, uri: str, answer: DnsAnswer, seen: Seen) -> list[_Said]:
    try:
        said = dmarc.external(domain, uri, seen)
    except dmarc.DmarcError:
        return []
    if said.permission is dmarc.Permission.UNKNOWN:
        return _unseen(seen.query(said.name, "TXT"))
    if said.permission is not dmarc.Permission.MISSING or not said.name:
        return []
    says = Sentence(
        "DMARC reports of {domain} are to go to {target}, and {target} doesn't say that it takes them: nobody sends any.",
        domain=domain,
        target=said.target,
    )
    cure = (Record(said.name, "TXT", "v=DMARC1"),)
    remedy = Sentence("Have the record that is shown published there, or choose another address for the reports.")
    answers = (answer, seen.query(said.name, "TXT"))
    return [_Said(Verdict.FAIL, "contradiction-dmarc-rua", said.name, says, remedy, answers, (), cure)]


def spf_limits(domain: str, expected: Expected, seen: Seen) -> list[_Said]:
    """An SPF record as it is wished here that no receiver would follow to its end (RFC 7208 section 4.6.4). What is in DNS
    already is told by SPF itself."""
    wanted = next((one for one in expected.values(domain, "TXT") if spf.is_spf(one.value)), None)
    if wanted is None:
        return []
    published = seen.query(domain, "TXT")
    if is_unknown(published):
        return _unseen(published)
    if wanted.value in [joined_text(text) for text in published.records]:
        return []
    forecast = spf.forecast(domain, seen, record=wanted.value)
    if not forecast.too_many:
        return [] if forecast.known else _unseen(published)
    terms = ", ".join(f"{line.term} ({line.lookups})" for line in forecast.lines if line.depth == 0)
    says = Sentence(
        "The SPF record that is wished for {domain} needs {count} lookups, and receivers give up after 10: {terms}",
        domain=domain,
        count=forecast.lookups,
        terms=terms[:500],
    )
    remedy = Sentence("Take out what nobody sends by any more.")
    return [_Said(Verdict.FAIL, "contradiction-spf-lookups", domain, says, remedy, (published,))]


_LOOKS: tuple[_Look, ...] = (
    mx_alias, mta_sts_certificate, tlsa_unserved, caa_forbids, reports_not_permitted, spf_limits,
)  # fmt: skip
