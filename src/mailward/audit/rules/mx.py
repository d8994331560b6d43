"""Whether mail for a domain comes here: its MX records (RFC 5321 section 5) and the addresses of what they name. An MX that
is an alias is a matter of contradictions; what its keys and certificates are, of DANE and MTA-STS.
"""

import contextlib
import ipaddress
from dataclasses import dataclass

from mailward.audit.seen import Expected, Seen, is_unknown
from mailward.model.checks import CheckFinding, Mechanism
from mailward.model.dns import Record
from mailward.model.outside import DnsAnswer
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict

MOST_EXCHANGES = 20  # of one domain; nobody tries more

_PUBLISH = Sentence("Publish the record that is shown.")
_LATER = Sentence("Look again later.")
_Said = tuple[Verdict, str, Sentence, Sentence]


@dataclass(frozen=True)
class _Exchange:
    """One MX record with where it leads."""

    preference: int
    name: str
    addresses: tuple[str, ...]
    answers: tuple[DnsAnswer, ...]
    here: bool  # at least one of its addresses is this server's

    @property
    def silent(self) -> DnsAnswer | None:
        """The answer that didn't come, where nothing else says how it stands."""
        return None if self.here else next((answer for answer in self.answers if is_unknown(answer)), None)


def judge(domain: str, expected: Expected, seen: Seen) -> list[CheckFinding]:
    """One line: all MX records of the domain."""
    answer = seen.query(domain, "MX")
    wanted = expected.values(domain, "MX")
    if is_unknown(answer):
        says = Sentence(
            "DNS gave no answer for {name} ({rcode}), so nobody knows what it says.", name=domain, rcode=answer.rcode
        )
        return [_line(seen, domain, (Verdict.UNKNOWN, "mx-unknown", says, _LATER), (answer,))]
    there = tuple(Record(domain, "MX", value) for value in answer.records)
    if not there:
        says = Sentence("{domain} has no MX record: other servers don't know where its mail goes.", domain=domain)
        return [_line(seen, domain, (Verdict.FAIL, "mx-missing", says, _PUBLISH), (answer,), wanted)]
    exchanges = _exchanges(answer, expected, seen)
    answers = (answer, *(one for exchange in exchanges for one in exchange.answers))
    said = _judged(domain, exchanges, expected)
    if said[0] in (Verdict.PASS, Verdict.UNKNOWN):
        return [_line(seen, domain, said, answers)]
    return [_line(seen, domain, said, answers, *_cure(domain, said[1], exchanges, expected, there))]


def _exchanges(answer: DnsAnswer, expected: Expected, seen: Seen) -> list[_Exchange]:
    """In the order in which senders try them; "." (RFC 7505) is not looked up."""
    found = []
    for value in answer.records[:MOST_EXCHANGES]:
        preference, _, name = value.strip().partition(" ")
        name = name.strip().lower().removesuffix(".")
        addresses, answers = seen.addresses(name) if name and not _is_address(name) else ((), ())
        here = bool(_plain(addresses) & _plain(expected.here.addresses))
        number = int(preference) if preference.isascii() and preference.isdecimal() and len(preference) < 6 else 0
        found.append(_Exchange(number, name, addresses, answers, here))
    return sorted(found, key=lambda one: (one.preference, one.name))


def _judged(domain: str, exchanges: list[_Exchange], expected: Expected) -> _Said:
    return (
        _unusable(domain, exchanges)
        or _unknown(exchanges)
        or _homeless(exchanges)
        or _elsewhere(domain, exchanges, expected)
        or (Verdict.PASS, "mx-pass", Sentence("Mail for {domain} comes to this server.", domain=domain), NOTHING)
    )


def _unusable(domain: str, exchanges: list[_Exchange]) -> _Said | None:
    if any(not one.name for one in exchanges):
        says = Sentence("The MX record “.” says that {domain} takes no mail at all (RFC 7505).", domain=domain)
        return Verdict.FAIL, "mx-null", says, _PUBLISH
    literal = next((one for one in exchanges if _is_address(one.name)), None)
    if literal is None:
        return None
    says = Sentence("The MX record names the address {address}; a host name must be there.", address=literal.name)
    return Verdict.FAIL, "mx-address", says, _PUBLISH


def _unknown(exchanges: list[_Exchange]) -> _Said | None:
    silent = next((one.silent for one in exchanges if one.silent is not None), None)
    if silent is None:
        return None
    says = Sentence(
        "DNS gave no answer for {name} ({rcode}), so nobody knows what it says.", name=silent.name, rcode=silent.rcode
    )
    return Verdict.UNKNOWN, "mx-unknown", says, _LATER


def _homeless(exchanges: list[_Exchange]) -> _Said | None:
    """A host without an address; when others are there, mail comes late, not never."""
    bad = next((one for one in exchanges if not one.addresses), None)
    if bad is None:
        return None
    says = Sentence("The mail host {name} has no address in DNS: mail that is sent there doesn't arrive.", name=bad.name)
    severe = not any(one.here for one in exchanges)
    return Verdict.FAIL if severe else Verdict.WARN, "mx-no-address", says, _PUBLISH


def _elsewhere(domain: str, exchanges: list[_Exchange], expected: Expected) -> _Said | None:
    others = [one.name for one in exchanges if not one.here]
    if len(others) == len(exchanges):
        says = Sentence(
            "Mail for {domain} goes to {names}, not to this server.", domain=domain, names=", ".join(others[:5])
        )
        return Verdict.FAIL, "mx-elsewhere", says, _PUBLISH
    if others:
        says = Sentence(
            "Some mail for {domain} goes to {names}, not to this server.", domain=domain, names=", ".join(others[:5])
        )
        remedy = Sentence("Take that record out, unless that server passes all mail on to this one.")
        return Verdict.WARN, "mx-also-elsewhere", says, remedy
    own = _plain(expected.here.addresses)
    strange = next(((one.name, at) for one in exchanges for at in one.addresses if not _plain((at,)) <= own), None)
    if strange is None:
        return None
    says = Sentence(
        "The mail host {name} also has the address {address}, which isn't this server's: mail may go astray.",
        name=strange[0],
        address=strange[1],
    )
    return Verdict.WARN, "mx-strange-address", says, Sentence("Take that address out of DNS.")


def _cure(
    domain: str, code: str, exchanges: list[_Exchange], expected: Expected, there: tuple[Record, ...]
) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    """Mailward's MX records in place of all; for a host that has the wrong addresses, its addresses."""
    wanted = expected.values(domain, "MX")
    names = {one.value.partition(" ")[2].lower().removesuffix(".") for one in wanted}
    if code in ("mx-no-address", "mx-elsewhere", "mx-strange-address") and {one.name for one in exchanges} <= names:
        due = tuple(Record(name, _type(at), at) for name in sorted(names) for at in expected.here.addresses)
        own = _plain(expected.here.addresses)
        wrong = [(one.name, at) for one in exchanges for at in one.addresses if not _plain((at,)) <= own]
        return due, tuple(Record(name, _type(at), at) for name, at in wrong)
    if code == "mx-strange-address":
        return (), ()
    return wanted, tuple(one for one in there if _value(one) not in {_value(due) for due in wanted})


def _value(record: Record) -> str:
    return " ".join(record.value.lower().removesuffix(".").split())


def _type(address: str) -> str:
    return "AAAA" if ":" in address else "A"


def _plain(addresses: tuple[str, ...]) -> set[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    found = set()
    for text in addresses:
        with contextlib.suppress(ValueError):
            found.add(ipaddress.ip_address(text))
    return found


def _is_address(name: str) -> bool:
    return bool(_plain((name.strip("[]"),)))


def _line(
    seen: Seen,
    domain: str,
    said: _Said,
    answers: tuple[DnsAnswer, ...],
    cure: tuple[Record, ...] = (),
    replaces: tuple[Record, ...] = (),
) -> CheckFinding:
    verdict, code, says, remedy = said
    return seen.finding(
        domain, Mechanism.MX, domain, verdict, code, says, remedy, answers=answers, cure=cure, replaces=replaces
    )
