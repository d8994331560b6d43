"""Questions to DNS as SPF asks them (RFC 7208 sections 4.3 to 4.6.4): each at most once in a check, names made safe to
ask, voids counted, and errors told apart: what may go away (temperror) from what stays (permerror)."""

import idna

from mailward.model.outside import DnsAnswer, Resolver
from mailward.standards.spf.macros import LONGEST_NAME
from mailward.standards.spf.record import is_spf
from mailward.standards.txt import joined_text

MOST_VOIDS = 2


class TempError(Exception):
    """DNS could not say it now."""


class PermError(Exception):
    """The domain's records are wrong; asking again doesn't help."""


def is_name(name: str) -> bool:
    """Whether DNS can be asked for it at all: labels of 1 to 63 bytes, at most 253 in all."""
    if name.isascii():
        return 0 < len(name) <= LONGEST_NAME and all(0 < len(label) <= 63 for label in name.split("."))
    return len(name.encode()) <= LONGEST_NAME and all(0 < len(label.encode()) <= 63 for label in name.split("."))


def sending_domain(name: str) -> str | None:
    """A sender's domain in A-labels; None for one that check_host() calls malformed (section 4.3)."""
    name = name.removesuffix(".")
    if not name.isascii():
        try:
            name = idna.encode(name[:LONGEST_NAME], uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    return name if is_name(name) and "." in name and not name.startswith("[") else None


def asked(name: str) -> str:
    """A name as zone files write it: macros may put any character into one (RFC 1035 section 5.1)."""
    if name.isascii() and name.replace(".", "").replace("-", "").replace("_", "").isalnum():
        return name
    return "".join(_escaped(byte) for byte in name.encode("utf-8", "surrogatepass"))


def _escaped(byte: int) -> str:
    if byte in b'\\"();@$':
        return f"\\{byte:c}"
    return chr(byte) if 0x20 < byte < 0x7F else f"\\{byte:03}"


class Questions:
    """The questions of one check, with their answers and how many of them were void."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._answers: dict[tuple[str, str], DnsAnswer] = {}
        self.voids = 0

    def records(self, name: str, rdtype: str, *, voids: bool = True) -> tuple[str, ...]:
        """The records of a valid name; none when there are none. TempError when DNS can't say, PermError when it is one
        void answer too many (``voids`` False: not counted)."""
        answer = self._answer(name, rdtype)
        if answer.rcode not in ("NOERROR", "NXDOMAIN"):
            raise TempError(f"{name} {rdtype}: {answer.rcode} from {answer.server}")
        records = answer.records if answer.rcode == "NOERROR" else ()
        if not records and voids:
            self.voids += 1
            if self.voids > MOST_VOIDS:
                raise PermError(f"{name} {rdtype}: more than {MOST_VOIDS} questions had no answer")
        return records

    def addresses(self, name: str, rdtype: str) -> tuple[str, ...]:
        """A or AAAA records; of what is no valid name: none (section 4.8)."""
        return self.records(name, rdtype) if is_name(name) else ()

    def policy(self, domain: str, *, voids: bool = True) -> str | None:
        """The text of a domain's SPF record; None when it has none. PermError when it has several (section 4.5)."""
        found = [text for text in map(joined_text, self.records(domain, "TXT", voids=voids)) if is_spf(text)]
        if len(found) > 1:
            raise PermError(f"{domain} has {len(found)} SPF records; only one may be there")
        return found[0] if found else None

    def _answer(self, name: str, rdtype: str) -> DnsAnswer:
        key = (name.lower(), rdtype)
        if key not in self._answers:
            self._answers[key] = self._resolver.query(asked(name), rdtype)
        return self._answers[key]
