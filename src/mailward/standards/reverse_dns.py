"""Names of addresses (RFC 1035 section 3.5, RFC 3596 section 2.5), and whether they lead back (RFC 8601 section 2.7.3:
"iprev"; receivers want it of every mail server). Pure: it says what to ask, and what the answers mean.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from mailward.model.outside import DnsAnswer

MOST_NAMES = 10  # of one address; more are not followed


class Reverse(StrEnum):
    """How an address and its names stand to each other."""

    CONFIRMED = "confirmed"  # a name that leads back to the address
    UNCONFIRMED = "unconfirmed"  # names, but none leads back
    MISSING = "missing"  # no name
    UNKNOWN = "unknown"  # DNS didn't say


@dataclass(frozen=True)
class ReverseLook:
    """What the answers come to. ``names``: all that the address has; ``confirmed``: those that lead back to it.
    ``answers``: what it rests on, the PTR answer first."""

    state: Reverse
    names: tuple[str, ...]
    confirmed: tuple[str, ...]
    answers: tuple[DnsAnswer, ...]


def reverse_name(address: str) -> str:
    """The name whose PTR record names the address, lower case, without a trailing dot. Raises ValueError."""
    return ipaddress.ip_address(address).reverse_pointer


def address_type(address: str) -> str:
    """A or AAAA: the type of record that holds this address. Raises ValueError."""
    return "A" if ipaddress.ip_address(address).version == 4 else "AAAA"


def looked_up(address: str, query: Callable[[str, str], DnsAnswer]) -> ReverseLook:
    """What ``query`` (a Resolver's) says about an address. One name that leads back is enough; when none does, but one
    could not be asked for, it is unknown. Raises ValueError for what is no address."""
    wanted, rdtype = ipaddress.ip_address(address), address_type(address)
    ptr = query(reverse_name(address), "PTR")
    if ptr.rcode not in ("NOERROR", "NXDOMAIN"):
        return ReverseLook(Reverse.UNKNOWN, (), (), (ptr,))
    names = tuple(record.removesuffix(".").lower() for record in ptr.records[:MOST_NAMES])
    if not names:
        return ReverseLook(Reverse.MISSING, (), (), (ptr,))
    answers = tuple(query(name, rdtype) for name in names)
    confirmed = tuple(name for name, said in zip(names, answers, strict=True) if any(_is(wanted, r) for r in said.records))
    if confirmed:
        state = Reverse.CONFIRMED
    elif any(said.rcode not in ("NOERROR", "NXDOMAIN") for said in answers):
        state = Reverse.UNKNOWN
    else:
        state = Reverse.UNCONFIRMED
    return ReverseLook(state, names, confirmed, (ptr, *answers))


def _is(wanted: ipaddress.IPv4Address | ipaddress.IPv6Address, record: str) -> bool:
    try:
        return ipaddress.ip_address(record) == wanted
    except ValueError:
        return False
