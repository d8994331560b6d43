"""Whether other servers can check by DNS that they meet the right mail host (RFC 6698, RFC 7672): the TLSA records of each
of a domain's mail hosts, held against what its port 25 really shows. One line for each host.
"""

from mailward.audit.seen import Expected, Seen, is_unknown
from mailward.model.checks import CheckFinding, Evidence, Mechanism
from mailward.model.dns import Record
from mailward.model.outside import Dialled, DnsAnswer
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.standards import dane
from mailward.standards.dane import Match

MOST_HOSTS = 10
MOST_ADDRESSES = 4  # of one host
TTL = 3600
_PUBLISH = Sentence("Publish the record that is shown.")
_LATER = Sentence("Look again later.")


def judge(domain: str, expected: Expected, seen: Seen) -> list[CheckFinding]:
    """A line for each host that takes the domain's mail."""
    answer = seen.query(domain, "MX")
    if is_unknown(answer):
        return [_no_answer(domain, domain, answer, seen)]
    hosts = _judged_hosts(domain, answer, expected)
    if not hosts:
        says = Sentence("{domain} has no mail host, so there is no key to be checked.", domain=domain)
        return [
            seen.finding(domain, Mechanism.DANE, domain, Verdict.NOT_APPLICABLE, "dane-no-host", says, answers=(answer,))
        ]
    return [_host(domain, host, expected, seen) for host in hosts]


def judge_server(expected: Expected, seen: Seen) -> list[CheckFinding]:
    """The server's own name."""
    return [_host("server", expected.here.hostname, expected, seen)]


def mail_hosts(answer: DnsAnswer) -> tuple[str, ...]:
    """The names in MX records, each once; "." (RFC 7505) is none."""
    names = (record.split()[-1].rstrip(".").lower() for record in answer.records[:MOST_HOSTS] if record.split())
    return tuple(dict.fromkeys(name for name in names if name))


def meant_hosts(domain: str, expected: Expected) -> tuple[str, ...]:
    """Where mail ought to go, when no MX says so: that one is missing is told by its own line."""
    return tuple(record.value.split()[-1].rstrip(".").lower() for record in expected.values(domain, "MX"))


def _judged_hosts(domain: str, answer: DnsAnswer, expected: Expected) -> tuple[str, ...]:
    """Where mail ought to go, where Mailward knows it: that DNS leads elsewhere is told by the line of the MX records, and
    what is wrong with a host elsewhere isn't this domain's to mend."""
    said, meant = mail_hosts(answer), meant_hosts(domain, expected)
    return tuple(host for host in said if host in meant) or meant or said


def _tlsa(host: str, seen: Seen) -> DnsAnswer:
    """The host's records, or those of what it is an alias of (RFC 7672 section 2.2.2)."""
    answer = seen.query(dane.owner(host), "TLSA")
    if is_unknown(answer) or answer.records:
        return answer
    alias = seen.query(host, "A").alias
    return seen.query(dane.owner(alias.rstrip(".").lower()), "TLSA") if alias else answer


def _host(domain: str, host: str, expected: Expected, seen: Seen) -> CheckFinding:
    owner = dane.owner(host)
    answer = _tlsa(host, seen)
    if is_unknown(answer):
        return _no_answer(domain, owner, answer, seen)
    if not answer.records:
        return _absent(domain, host, answer, expected, seen)
    if not answer.authentic:
        says = Sentence(
            "{name} has TLSA records, but the answer isn't signed (DNSSEC): other servers pass them over.", name=owner
        )
        remedy = Sentence("Sign the zone of {name}, and have its DS record published.", name=host)
        return seen.finding(domain, Mechanism.DANE, owner, Verdict.WARN, "dane-unsigned", says, remedy, answers=(answer,))
    return _held_against_door(domain, host, answer, expected, seen)


def _absent(domain: str, host: str, answer: DnsAnswer, expected: Expected, seen: Seen) -> CheckFinding:
    owner = dane.owner(host)
    if not answer.authentic and not seen.query(host, "A").authentic:
        says = Sentence("The zone of {name} isn't signed (DNSSEC), so that TLSA records would say nothing.", name=host)
        return seen.finding(
            domain, Mechanism.DANE, owner, Verdict.NOT_APPLICABLE, "dane-not-signed", says, answers=(answer,)
        )
    says = Sentence(
        "{name} has no TLSA record: somebody between two servers can turn encryption off, or pretend to be this one.",
        name=owner,
    )
    cure = _wanted(host, expected)
    return seen.finding(
        domain, Mechanism.DANE, owner, Verdict.WARN, "dane-missing", says, _PUBLISH if cure else NOTHING,
        answers=(answer,), cure=cure,
    )  # fmt: skip


def _held_against_door(domain: str, host: str, answer: DnsAnswer, expected: Expected, seen: Seen) -> CheckFinding:
    owner = dane.owner(host)
    records, _ = dane.parse_all(answer.records)
    addresses, answers = seen.addresses(host)
    met: list[tuple[Match, Dialled]] = []
    for address in addresses[:MOST_ADDRESSES]:
        port = expected.here.smtp_port if address in expected.here.addresses else 25
        dialled = seen.smtp(host, address, port)
        if dialled.trouble is None:
            met.append((dane.judge(records, dialled.chain, names=(host, domain), now=seen.now()), dialled))
        elif dialled.trouble == "starttls-missing":
            says = Sentence(
                "{name} promises encryption by its TLSA records and doesn't offer it: servers that check don't deliver.",
                name=host,
            )
            remedy = Sentence("Let the mail server offer STARTTLS; see what is between it and the world.")
            return seen.finding(
                domain, Mechanism.DANE, owner, Verdict.FAIL, "dane-no-starttls", says, remedy,
                answers=(answer,), evidence=(_shown(dialled),),
            )  # fmt: skip
    if not met:
        says = Sentence(
            "{name} could not be met on port 25, so nobody knows whether its key is the published one.", name=host
        )
        return seen.finding(
            domain, Mechanism.DANE, owner, Verdict.UNKNOWN, "dane-not-met", says, _LATER, answers=(answer, *answers)
        )
    return _judged(domain, host, answer, met, expected, seen)


def _judged(
    domain: str, host: str, answer: DnsAnswer, met: list[tuple[Match, Dialled]], expected: Expected, seen: Seen
) -> CheckFinding:
    owner = dane.owner(host)
    evidence = tuple(_shown(dialled) for _, dialled in met)
    worst = next((match for match in (Match.DIFFERS, Match.UNUSABLE) if match in [one for one, _ in met]), Match.MATCHES)
    if worst is Match.MATCHES and (lacking := _lacking(owner, answer, expected)):
        says = Sentence(
            "{name} serves a key that its signed TLSA records vouch for, but the next key's record isn't there: without "
            "it the next certificate can't be served.",
            name=host,
        )
        return seen.finding(
            domain, Mechanism.DANE, owner, Verdict.WARN, "dane-incomplete", says, _PUBLISH,
            answers=(answer,), evidence=evidence, cure=lacking,
        )  # fmt: skip
    if worst is Match.MATCHES:
        says = Sentence("{name} serves a key that its signed TLSA records vouch for.", name=host)
        return seen.finding(
            domain, Mechanism.DANE, owner, Verdict.PASS, "dane-pass", says, answers=(answer,), evidence=evidence
        )
    cure = _wanted(host, expected) or _of_chains(owner, met)
    kept = {one.value.lower() for one in cure}
    replaces = tuple(Record(owner, "TLSA", text) for text in answer.records[:20] if text.lower() not in kept)
    if worst is Match.UNUSABLE:
        code = "dane-unusable"
        says = Sentence(
            "None of the TLSA records of {name} is of a kind that mail servers use (RFC 7672): they can't tell with whom "
            "they speak.",
            name=host,
        )
    else:
        code = "dane-differs"
        says = Sentence(
            "{name} serves a key that is not in its TLSA records: servers that check them (DANE) don't deliver.", name=host
        )
    return seen.finding(
        domain, Mechanism.DANE, owner, Verdict.FAIL, code, says, _PUBLISH,
        answers=(answer,), evidence=evidence, cure=cure, replaces=replaces,
    )  # fmt: skip


def _lacking(owner: str, answer: DnsAnswer, expected: Expected) -> tuple[Record, ...]:
    """What Mailward publishes for this name, all of it, when a part is missing."""
    wanted = expected.values(owner, "TLSA")
    there = {str(record) for record in dane.parse_all(answer.records)[0]}
    return wanted if any(record.value not in there for record in wanted) else ()


def _wanted(host: str, expected: Expected) -> tuple[Record, ...]:
    """What Mailward publishes for this host; for its own name at least the keys that it serves."""
    found = expected.values(dane.owner(host), "TLSA")
    if found or host != expected.here.hostname:
        return found
    return tuple(Record(dane.owner(host), "TLSA", dane.of_key(key), TTL) for key in expected.here.tlsa)


def _of_chains(owner: str, met: list[tuple[Match, Dialled]]) -> tuple[Record, ...]:
    keys = (dane.key_of(dialled.chain[0]) for _, dialled in met if dialled.chain)
    return tuple(Record(owner, "TLSA", dane.of_key(key), TTL) for key in dict.fromkeys(keys) if key)


def _shown(dialled: Dialled) -> Evidence:
    """The handshake as evidence: the served key, as a TLSA record would name it."""
    target = dialled.target
    key = dane.key_of(dialled.chain[0]) if dialled.chain else ""
    said = (f"3 1 1 {key}",) if key else (dialled.detail[:200],)
    return Evidence(target.sni or "", "SMTP", dialled.trouble or "STARTTLS", said, f"{target.address}:{target.port}")


def _no_answer(domain: str, subject: str, answer: DnsAnswer, seen: Seen) -> CheckFinding:
    says = Sentence(
        "DNS gave no answer for {name} ({rcode}), so nobody knows what it says.", name=answer.name, rcode=answer.rcode
    )
    return seen.finding(domain, Mechanism.DANE, subject, Verdict.UNKNOWN, "dane-unknown", says, _LATER, answers=(answer,))
