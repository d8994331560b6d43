"""Whether a block list holds one of the server's addresses (RFC 5782). Every list is put to its own test first; what a list
that fails it says is unknown. It is the server's matter, and every domain's: their mail leaves by the same addresses.
"""

from mailward.audit.seen import Expected, Seen
from mailward.model.checks import CheckFinding, Mechanism
from mailward.model.findings import SERVER
from mailward.model.outside import DnsAnswer
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.standards.dnsbl import (
    Listing,
    ListingState,
    ListKind,
    address_name,
    believed,
    kind_of,
    meaning,
    points_of,
    trouble_of,
)

PAGES = {
    "bl.spamcop.net": "https://www.spamcop.net/bl.shtml",
    "psbl.surriel.org": "https://psbl.org/",
    "dnsbl.dronebl.org": "https://dronebl.org/lookup",
    "zen.spamhaus.org": "https://check.spamhaus.org/",
    "b.barracudacentral.org": "https://www.barracudacentral.org/rbl/removal-request",
}
"""Where the keepers of well-known lists take questions."""

_Said = tuple[Verdict, str, Sentence, Sentence]


def judge(domain: str, expected: Expected, seen: Seen) -> list[CheckFinding]:
    """One line for each address and list."""
    here = expected.here
    if not here.dnsbls:
        says = Sentence("No block list is asked.")
        remedy = Sentence("Name some under dnsbls in mailward.toml.")
        return [seen.finding(domain, Mechanism.DNSBL, domain, Verdict.NOT_APPLICABLE, "dnsbl-none", says, remedy)]
    if not here.addresses:
        says = Sentence("The addresses of this server aren't known, so no block list can be asked about them.")
        remedy = Sentence("Set public_addresses in mailward.toml.")
        return [seen.finding(domain, Mechanism.DNSBL, domain, Verdict.UNKNOWN, "dnsbl-no-address", says, remedy)]
    return [_listed(domain, address, zone, seen) for address in here.addresses for zone in here.dnsbls]


def judge_server(expected: Expected, seen: Seen) -> list[CheckFinding]:
    return judge(SERVER, expected, seen)


def _listed(domain: str, address: str, zone: str, seen: Seen) -> CheckFinding:
    name = address_name(address, zone)
    answer = seen.query(name, "A")
    points = points_of(zone, kind_of(address))
    listed, not_listed = seen.query(points.listed, "A"), seen.query(points.not_listed, "A")
    listing = believed(answer, listed, not_listed)
    answers: tuple[DnsAnswer, ...] = (answer, listed, not_listed)
    if listing.state is ListingState.LISTED:
        answers = (*answers, seen.query(name, "TXT"))  # the list's own words about it
    if listing.state is ListingState.UNKNOWN and _knows_no_ipv6(address, zone, answers, seen):
        says = Sentence("{list} knows no IPv6 addresses.", list=zone)
        said: _Said = (Verdict.NOT_APPLICABLE, "dnsbl-ipv4-only", says, NOTHING)
    else:
        said = _judged(address, zone, listing)
    verdict, code, says, remedy = said
    return seen.finding(
        domain, Mechanism.DNSBL, f"{address} {zone}", verdict, code, says, remedy, answers=answers
    )  # fmt: skip


def _knows_no_ipv6(address: str, zone: str, answers: tuple[DnsAnswer, ...], seen: Seen) -> bool:
    """Whether the list works for IPv4, and plainly has nothing at all about IPv6, not even its own test entry."""
    if kind_of(address) is ListKind.IPV4 or any(meaning(one).state is not ListingState.NOT_LISTED for one in answers):
        return False
    points = points_of(zone, ListKind.IPV4)
    return trouble_of(seen.query(points.listed, "A"), seen.query(points.not_listed, "A")) is None


def _judged(address: str, zone: str, listing: Listing) -> _Said:
    if listing.state is ListingState.NOT_LISTED:
        says = Sentence("{list} doesn't list {address}.", list=zone, address=address)
        return Verdict.PASS, "dnsbl-pass", says, NOTHING
    if listing.state is ListingState.UNKNOWN:
        says = Sentence(
            "What {list} says of {address} can't be known: {why}.", list=zone, address=address, why=listing.reason
        )
        remedy = Sentence("Look again later, with a resolver of your own; or take the list out of dnsbls in mailward.toml.")
        return Verdict.UNKNOWN, "dnsbl-unknown", says, remedy
    says = Sentence(
        "{list} lists {address} ({codes}): servers that ask this list refuse mail from here.",
        list=zone,
        address=address,
        codes=", ".join(listing.codes[:5]),
    )
    remedy = Sentence(
        "Find out what was sent from here, end it, then ask the list to take the address off: {page}",
        page=PAGES.get(zone.lower().strip("."), zone),
    )
    return Verdict.FAIL, "dnsbl-listed", says, remedy
