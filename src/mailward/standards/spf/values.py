"""What the macros of SPF stand for in one message (RFC 7208 section 7.2)."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LONGEST_SENDER = 512  # characters; RFC 5321 allows 256


@dataclass(frozen=True)
class Message:
    """Who sends, from where, and who is asked: the same for every record that is looked at."""

    ip: Address
    local: str
    sender_domain: str
    helo: str
    receiver: str
    now: datetime | None

    @property
    def rdtype(self) -> str:
        """The type of the records that hold addresses of the client's kind."""
        return "A" if self.ip.version == 4 else "AAAA"

    @property
    def reverse(self) -> str:
        """Where the client's names are (RFC 1035 section 3.5, RFC 3596 section 2.5)."""
        return self.ip.reverse_pointer

    def value(self, letter: str, domain: str, validated: Callable[[], str]) -> str:
        """The value of one macro letter while the record of ``domain`` is looked at; ``validated`` gives that of p."""
        if letter == "p":
            return validated()
        simple = {
            "s": f"{self.local}@{self.sender_domain}",
            "l": self.local,
            "o": self.sender_domain,
            "d": domain,
            "i": self._dotted(),
            "v": "in-addr" if self.ip.version == 4 else "ip6",
            "h": self.helo,
            "c": str(self.ip),
            "r": self.receiver,
            "t": str(int(self.now.timestamp())) if self.now else "0",
        }
        return simple[letter]

    def _dotted(self) -> str:
        return str(self.ip) if self.ip.version == 4 else ".".join(f"{int(self.ip):032X}")


def message(ip: str, domain: str, sender: str, helo: str, receiver: str, now: datetime | None) -> Message:
    """Raises ValueError when ``ip`` is no address. An IPv4 address inside an IPv6 one is the IPv4 address (section 5)."""
    address = ipaddress.ip_address(ip.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    local, at, sender_domain = sender[:LONGEST_SENDER].rpartition("@")
    if not at:
        local, sender_domain = "", sender_domain or domain
    return Message(
        mapped or address, local or "postmaster", sender_domain, helo[:LONGEST_SENDER], receiver[:LONGEST_SENDER], now
    )
