"""Questions to DNS as the host asks them (model.outside.Resolver), with dnspython.

What DNS says is an answer, never an exception: also SERVFAIL, and silence (rcode TIMEOUT). UDP first, TCP when the answer
was cut off (RFC 7766 section 5). Nothing is cached and nothing is validated here: whether a validating resolver vouches
for an answer is asked with the AD bit (RFC 6840 section 5.7), and believed only of a resolver on this machine, since
nothing guards that bit on a network. CNAMEs are not followed by us: a recursive server gives the target's records beside
the alias, and only records of the asked type are reported.
"""

import contextlib
import ipaddress
import time
from pathlib import Path

import dns.exception
import dns.flags
import dns.inet
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

from mailward.host import dns_wire
from mailward.model.errors import NotPossible
from mailward.model.outside import DnsAnswer
from mailward.model.sentence import Sentence

RESOLV_CONF = Path("/etc/resolv.conf")


class DnsResolver:
    """Asks ``nameservers`` ("address:port", "[::1]:53"; empty: those of resolv.conf) one after the other, each once per
    round, at most ``timeout`` seconds in all for one question. ``unchecked``: a validating resolver is told not to check
    (CD), and the signatures come with the answers: for telling where a chain of DNSSEC is broken, not for relying on it."""

    def __init__(
        self,
        nameservers: tuple[str, ...] = (),
        *,
        timeout: float = 5.0,
        resolv_conf: Path = RESOLV_CONF,
        unchecked: bool = False,
    ) -> None:
        self._servers = tuple(server_of(text) for text in nameservers)
        self._timeout = timeout
        self._resolv_conf = resolv_conf
        self._unchecked = unchecked

    def query(self, name: str, rdtype: str) -> DnsAnswer:
        servers = self._servers or _of_the_system(self._resolv_conf)
        deadline = time.monotonic() + self._timeout
        worst = DnsAnswer(name, rdtype, "TIMEOUT", (), ", ".join(f"{address}:{port}" for address, port in servers))
        for turn in range(2):
            for address, port in servers:
                left = deadline - time.monotonic()
                if left <= 0:
                    return worst
                patience = min(left, self._timeout / (4 - 2 * turn) / len(servers))
                try:
                    told = self._ask(name, rdtype, address, port, patience)
                except (dns.exception.DNSException, UnicodeError, ValueError) as error:
                    return DnsAnswer(name, rdtype, "FORMERR", (), f"not asked: {error}")
                if told is None:
                    continue
                if told.rcode in ("NOERROR", "NXDOMAIN"):
                    return told
                worst = told
            if worst.rcode != "TIMEOUT":
                return worst
        return worst

    def _ask(self, name: str, rdtype: str, address: str, port: int, timeout: float) -> DnsAnswer | None:
        """One answer of one server; None for silence. Raises for what can't be asked."""
        if not self._unchecked:
            with contextlib.suppress(dns_wire.Odd):
                return _plainly(name, rdtype, address, port, timeout)
        asked = dns.name.from_text(name)
        question = dns.message.make_query(asked, rdtype, want_dnssec=self._unchecked, use_edns=0, payload=dns_wire.PAYLOAD)
        question.flags |= dns.flags.CD if self._unchecked else dns.flags.AD
        answer = _ask(question, address, port, timeout)
        return None if answer is None else said(name, rdtype, answer, (address, port))


def server_of(text: str) -> tuple[str, int]:
    """("::1", 53) of "[::1]:53", "::1" or "127.0.0.1:53"; NotPossible for what is no address."""
    host, port = text, "53"
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        port = (rest.removeprefix(":") or "53") if bracket else ""
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    with contextlib.suppress(ValueError, NotImplementedError):
        dns.inet.af_for_address(host)
        if 0 < int(port) < 65536:
            return host, int(port)
    raise NotPossible(
        Sentence("{server} is not the address of a name server", server=text),
        Sentence("Write it as 127.0.0.1:53 or [::1]:53"),
        code="nameserver",
    )


def _of_the_system(resolv_conf: Path) -> tuple[tuple[str, int], ...]:
    try:
        system = dns.resolver.Resolver(str(resolv_conf))
    except (dns.exception.DNSException, OSError):
        return ()
    return tuple((str(address), system.port) for address in system.nameservers)[:3]


def _plainly(name: str, rdtype: str, address: str, port: int, timeout: float) -> DnsAnswer | None:
    """The plain case, which is nearly every one. Raises Odd."""
    wire = dns_wire.exchange(dns_wire.question(name, rdtype), address, port, timeout)
    if wire is None:
        return None
    told = dns_wire.read(wire, rdtype)
    authentic = told.authentic and ipaddress.ip_address(address).is_loopback
    rcode = dns.rcode.to_text(dns.rcode.Rcode.make(told.rcode))
    return DnsAnswer(name, rdtype, rcode, told.records, f"{address}:{port}", authentic, told.ttl, told.alias)


def _ask(question: dns.message.QueryMessage, address: str, port: int, timeout: float) -> dns.message.Message | None:
    """One answer of one server; None for silence or what is no answer."""
    try:
        answer, _ = dns.query.udp_with_fallback(question, address, timeout=timeout, port=port)
    except (dns.exception.DNSException, OSError, EOFError):
        return None
    return answer


def said(name: str, rdtype: str, answer: dns.message.Message, server: tuple[str, int]) -> DnsAnswer:
    """What this message says of the question; ``server`` is whose it is. A parent zone's referral answers for NS."""
    wanted = dns.rdatatype.from_text(rdtype)
    found = [rrset for rrset in answer.answer if rrset.rdtype == wanted] or _referral(answer, wanted)
    aliases = [rrset for rrset in answer.answer if rrset.rdtype == dns.rdatatype.CNAME]
    signatures = [rrset for rrset in answer.answer if rrset.rdtype == dns.rdatatype.RRSIG and rrset.covers == wanted]
    asked = answer.question[0].name if answer.question else None
    alias = next((rrset[0].target.to_text() for rrset in aliases if rrset.name == asked and len(rrset)), None)
    return DnsAnswer(
        name,
        rdtype,
        dns.rcode.to_text(answer.rcode()),
        tuple(sorted(record.to_text() for rrset in found for record in rrset)),
        f"{server[0]}:{server[1]}",
        authentic=bool(answer.flags & dns.flags.AD) and ipaddress.ip_address(server[0]).is_loopback,
        ttl=min((rrset.ttl for rrset in (*found, *aliases)), default=None),
        alias=alias,
        signatures=tuple(sorted(record.to_text() for rrset in signatures for record in rrset)),
    )


def _referral(answer: dns.message.Message, wanted: dns.rdatatype.RdataType) -> list[dns.rrset.RRset]:
    """The name servers to which a parent zone's server sends whoever asks it for those of a child (RFC 1034 section 4.3.2):
    not in the answer, and without the bit that says it is the authority."""
    if wanted != dns.rdatatype.NS or answer.flags & dns.flags.AA or not answer.question:
        return []
    return [rrset for rrset in answer.authority if rrset.rdtype == wanted and rrset.name == answer.question[0].name]
