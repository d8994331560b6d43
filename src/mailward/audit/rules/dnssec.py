"""Whether what DNS says of a domain can't be forged (RFC 4033): its zone is signed, the zone above vouches for its keys,
and a validating resolver agrees. Where it doesn't, the chain is walked with a resolver that checks nothing, to tell where
it breaks. One line for each zone.
"""

from mailward.audit.seen import Expected, Seen, is_unknown
from mailward.model.checks import CheckFinding, Mechanism
from mailward.model.dns import Record
from mailward.model.errors import BadInput
from mailward.model.outside import DnsAnswer
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.standards import dnssec
from mailward.standards.dnssec import Chain, Security

TTL = 3600
_LATER = Sentence("Look again later.")
_PUBLISH = Sentence("Have the DS record that is shown published in the zone above, where the domain was registered.")
_Said = tuple[Verdict, str, Sentence, Sentence]


def judge(domain: str, expected: Expected, seen: Seen) -> list[CheckFinding]:
    """The zone that holds the domain's records."""
    return [_zone(domain, expected.wish.zone, seen)]


def judge_server(expected: Expected, seen: Seen) -> list[CheckFinding]:
    """The zone of the server's own name."""
    return [_zone("server", expected.wish.zone, seen)]


def _zone(domain: str, zone: str, seen: Seen) -> CheckFinding:
    soa, keys, ds = (seen.query(zone, rdtype) for rdtype in ("SOA", "DNSKEY", "DS"))
    answers = (soa, keys, ds)
    chain: Chain | None = None
    if soa.authentic and not is_unknown(soa):
        says = Sentence("{zone} is signed, and a validating resolver vouches for what it says.", zone=zone)
        return _line(domain, zone, (Verdict.PASS, "dnssec-pass", says, NOTHING), answers, seen)
    refused = any(answer.rcode == "SERVFAIL" for answer in answers)  # a validating resolver's word for "bogus", too
    if seen.unchecked is not None and (refused or (keys.records and ds.records)):
        chain = dnssec.explain(zone, seen.unchecked, seen.now(), seen.anchors)
    said = _broken(zone, chain) or _silent(answers) or _without_chain(zone, keys, ds, chain)
    cure, replaces = _cure(zone, said[1], keys, ds)
    return _line(domain, zone, said, (*answers, *(chain.answers if chain is not None else ())), seen, cure, replaces)


def _broken(zone: str, chain: Chain | None) -> _Said | None:
    """What the chain itself says, where it was walked to an end."""
    if chain is None or chain.security is Security.UNKNOWN:
        return None
    if chain.security is Security.BOGUS:
        says = Sentence(
            "The signatures of {zone} don't hold: {why}. Servers that check them find nothing of this domain.",
            zone=zone,
            why=chain.links[-1].said,
        )
        return Verdict.FAIL, "dnssec-bogus", says, Sentence("Put the DS record and the keys in step again.")
    if chain.security is Security.INSECURE and chain.broke_at != zone:
        says = Sentence("{zone} is signed, but nobody can check it: {why}.", zone=zone, why=chain.links[-1].said)
        return Verdict.WARN, "dnssec-above", says, Sentence("Ask whoever runs the zone above to sign it.")
    return None


def _silent(answers: tuple[DnsAnswer, ...]) -> _Said | None:
    silent = next((answer for answer in answers if is_unknown(answer)), None)
    if silent is None:
        return None
    says = Sentence(
        "DNS gave no answer for {name} ({rcode}), so nobody knows what it says.", name=silent.name, rcode=silent.rcode
    )
    return Verdict.UNKNOWN, "dnssec-unknown", says, _LATER


def _without_chain(zone: str, keys: DnsAnswer, ds: DnsAnswer, chain: Chain | None) -> _Said:
    if not keys.records and not ds.records:
        says = Sentence("{zone} isn't signed: what DNS says of it can be forged on the way, and DANE is no use.", zone=zone)
        return Verdict.WARN, "dnssec-unsigned", says, Sentence("Let it be signed by who runs its name servers.")
    if not ds.records:
        says = Sentence("{zone} is signed, but the zone above doesn't vouch for its keys: nobody checks them.", zone=zone)
        return Verdict.WARN, "dnssec-no-ds", says, _PUBLISH
    if not keys.records or not _vouched(zone, keys, ds):
        says = Sentence(
            "The zone above vouches for other keys than {zone} has: servers that check find nothing of this domain.",
            zone=zone,
        )
        return Verdict.FAIL, "dnssec-other-keys", says, _PUBLISH
    if chain is not None and chain.security is Security.SECURE:
        says = Sentence("{zone} is signed, and every signature up to the trust anchor fits.", zone=zone)
        return Verdict.PASS, "dnssec-pass", says, NOTHING
    says = Sentence("{zone} is signed, but the resolver that was asked vouches for nothing: nobody checked it.", zone=zone)
    return Verdict.UNKNOWN, "dnssec-not-checked", says, Sentence("Ask by a validating resolver on this machine.")


def _vouched(zone: str, keys: DnsAnswer, ds: DnsAnswer) -> bool:
    return bool({_plain(record) for record in ds.records} & {_plain(one) for one in _all_ds(zone, keys)})


def _all_ds(zone: str, keys: DnsAnswer) -> list[str]:
    found = []
    for key in keys.records[: dnssec.MOST_KEYS]:
        for digest in dnssec.DIGESTS:
            try:
                found.append(dnssec.ds_of(zone, key, digest))
            except BadInput:
                continue
    return found


def _cure(zone: str, code: str, keys: DnsAnswer, ds: DnsAnswer) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    """The DS records that the zone above needs, and those that have to go there."""
    if code not in ("dnssec-no-ds", "dnssec-other-keys", "dnssec-bogus") or not keys.records:
        return (), ()
    made = []
    for key in dnssec.entry_keys(keys.records):
        try:
            made.append(Record(zone, "DS", dnssec.ds_of(zone, key), TTL))
        except BadInput:
            continue
    wanted = {_plain(record.value) for record in made}
    if code == "dnssec-bogus" and wanted & {_plain(text) for text in ds.records}:
        return (), ()  # the right DS is there: something else is wrong
    return tuple(made), tuple(Record(zone, "DS", text) for text in ds.records[:20] if _plain(text) not in wanted)


def _plain(ds: str) -> str:
    """Digests are written with and without spaces, in either case."""
    parts = ds.lower().split()
    return " ".join((*parts[:3], "".join(parts[3:])))


def _line(
    domain: str,
    zone: str,
    said: _Said,
    answers: tuple[DnsAnswer, ...],
    seen: Seen,
    cure: tuple[Record, ...] = (),
    replaces: tuple[Record, ...] = (),
) -> CheckFinding:
    verdict, code, says, remedy = said
    return seen.finding(
        domain, Mechanism.DNSSEC, zone, verdict, code, says, remedy, answers=answers, cure=cure, replaces=replaces
    )
