"""Whether the server's addresses have names that lead back to them (RFC 8601 section 3, iprev). Many receivers refuse mail
from an address without. It is the server's matter, and every domain's: their mail leaves by the same addresses.
"""

from mailward.audit.seen import Expected, Seen, is_unknown
from mailward.model.checks import CheckFinding, Mechanism
from mailward.model.dns import Record
from mailward.model.findings import SERVER
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.standards.reverse_dns import Reverse, ReverseLook, address_type, looked_up, reverse_name

_LATER = Sentence("Look again later.")
_ASK = Sentence(
    "Publish the record that is shown. The reverse zone mostly belongs to whoever gave you the address: ask there."
)


def judge(domain: str, expected: Expected, seen: Seen) -> list[CheckFinding]:
    """One line for each address that the server sends from."""
    if not expected.here.addresses:
        says = Sentence("The addresses of this server aren't known, so nobody can look for their names.")
        remedy = Sentence("Set public_addresses in mailward.toml.")
        return [seen.finding(domain, Mechanism.RDNS, domain, Verdict.UNKNOWN, "rdns-no-address", says, remedy)]
    return [_address(domain, one, expected, seen) for one in expected.here.addresses]


def judge_server(expected: Expected, seen: Seen) -> list[CheckFinding]:
    return judge(SERVER, expected, seen)


def _address(domain: str, address: str, expected: Expected, seen: Seen) -> CheckFinding:
    look = looked_up(address, seen.query)
    host = expected.here.hostname
    verdict, code, says, remedy = _judged(address, look, host)
    cure, replaces = _cure(address, look, code, expected)
    return seen.finding(
        domain, Mechanism.RDNS, address, verdict, code, says, remedy, answers=look.answers, cure=cure, replaces=replaces
    )


def _judged(address: str, look: ReverseLook, host: str) -> tuple[Verdict, str, Sentence, Sentence]:
    if look.state is Reverse.UNKNOWN:
        silent = next(answer for answer in look.answers if is_unknown(answer))
        says = Sentence(
            "DNS gave no answer for {name} ({rcode}), so nobody knows what it says.", name=silent.name, rcode=silent.rcode
        )
        return Verdict.UNKNOWN, "rdns-unknown", says, _LATER
    if look.state is Reverse.MISSING:
        says = Sentence("The address {address} has no name: many servers refuse mail from it.", address=address)
        return Verdict.FAIL, "rdns-missing", says, _ASK
    names = ", ".join(look.names[:5])
    if look.state is Reverse.UNCONFIRMED:
        says = Sentence(
            "The address {address} has the name {names}, which doesn't lead back to it: many servers refuse mail from it.",
            address=address,
            names=names,
        )
        return Verdict.FAIL, "rdns-unconfirmed", says, _ASK
    if host.lower() not in look.confirmed:
        says = Sentence(
            "The address {address} is called {names}; this server introduces itself as {host}. Some servers mistrust that.",
            address=address,
            names=names,
            host=host,
        )
        return Verdict.WARN, "rdns-other-name", says, _ASK
    says = Sentence("The address {address} is called {host}, and that name leads back to it.", address=address, host=host)
    return Verdict.PASS, "rdns-pass", says, NOTHING


def _cure(address: str, look: ReverseLook, code: str, expected: Expected) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    host, reverse = expected.here.hostname, reverse_name(address)
    if code == "rdns-unconfirmed" and host.lower() in look.names:
        rdtype = address_type(address)
        due = [one for one in expected.values(host, rdtype) if one.value == address]
        return tuple(due) or (Record(host, rdtype, address),), ()
    if code in ("rdns-missing", "rdns-unconfirmed", "rdns-other-name"):
        cure = expected.values(reverse, "PTR") or (Record(reverse, "PTR", f"{host}."),)
        return cure, tuple(Record(reverse, "PTR", f"{name}.") for name in look.names if name != host.lower())
    return (), ()
