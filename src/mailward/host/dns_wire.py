"""One question and its answer as bytes (RFC 1035 section 4), for looks at many thousands of names: what dnspython does for
messages of every kind costs several times as much. Only the plain case is read here: an ordinary name, an answer of one
datagram. For everything else ``Odd`` is raised, and dnspython does it.

Records become text by dnspython's own code, so that both ways say the same. The socket is connected: answers of others
aren't even delivered (RFC 5452 section 9.1; the port is the kernel's choice for each question), and a server that isn't
there is known at once.
"""

import re
import secrets
import socket
import struct
import time
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.name
import dns.rdata
import dns.rdatatype

PAYLOAD = 1232  # as asked for by EDNS (RFC 9715)
NS, CNAME, SOA, OPT, CLASS_IN = 2, 5, 6, 41, 1
LONGEST_TTL = 0x7FFFFFFF  # what is larger means zero (RFC 2181 section 8)
MOST_RECORDS = 500
_PLAIN = re.compile(r"(?:[A-Za-z0-9_*-]{1,63}\.)*[A-Za-z0-9_*-]{1,63}\.?")
_EDNS = struct.pack("!BHHIH", 0, OPT, PAYLOAD, 0, 0)
_HEAD, _FIXED = struct.Struct("!HHHHHH"), struct.Struct("!HHIH")
_HIDDEN = 0x0F  # the low bits of the RCODE stand in the header


class Odd(Exception):
    """Not the plain case."""


@dataclass(frozen=True)
class Said:
    """An answer: the records of the asked type as text, the smallest TTL, the target of an alias at the asked name."""

    rcode: int
    authentic: bool
    records: tuple[str, ...]
    ttl: int | None
    alias: str | None


def question(name: str, rdtype: str) -> bytes:
    """Recursion desired; whether it was validated is asked for (RFC 6840 section 5.7). Raises Odd."""
    if len(name) > 253 or not _PLAIN.fullmatch(name):
        raise Odd
    try:
        number = int(dns.rdatatype.from_text(rdtype))
    except (dns.exception.DNSException, ValueError) as error:
        raise Odd from error
    labels = b"".join(bytes((len(label),)) + label for label in name.rstrip(".").encode().split(b"."))
    head = _HEAD.pack(secrets.randbits(16), dns.flags.RD | dns.flags.AD, 1, 0, 0, 1)
    return head + labels + b"\0" + struct.pack("!HH", number, CLASS_IN) + _EDNS


def exchange(wire: bytes, address: str, port: int, timeout: float) -> bytes | None:
    """The answer to this question; None for silence, or for nobody there."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    deadline = time.monotonic() + timeout
    asked = wire[12 : -len(_EDNS)].lower()
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as udp:
            udp.settimeout(timeout)
            udp.connect((address, port))
            udp.send(wire)
            while (left := deadline - time.monotonic()) > 0:
                udp.settimeout(left)
                got = udp.recv(65535)
                if got[:2] == wire[:2] and len(got) >= 12 and got[2] & 0x80 and _is_about(got, asked):
                    return got
    except OSError:
        return None
    return None


def _is_about(answer: bytes, asked: bytes) -> bool:
    """Whether it answers this question, or none at all (FORMERR and its like)."""
    return answer[12 : 12 + len(asked)].lower() == asked or answer[4:6] == b"\0\0"


def read(wire: bytes, rdtype: str) -> Said:
    """What it says. Raises Odd for what is cut off, and for what is no message."""
    try:
        return _read(wire, int(dns.rdatatype.from_text(rdtype)))
    except (dns.exception.DNSException, struct.error, IndexError, ValueError) as error:
        raise Odd from error


def _read(wire: bytes, wanted: int) -> Said:
    _, flags, asked, answers, others, more = _HEAD.unpack_from(wire)
    if flags & dns.flags.TC or asked != 1 or answers + others + more > MOST_RECORDS or (wanted == NS and not answers):
        raise Odd  # the last: perhaps a referral
    at = _behind_name(wire, 12) + 4
    aliases: dict[dns.name.Name, str] = {}
    records, ttls = [], []
    for _ in range(answers):
        start, at = at, _behind_name(wire, at)
        kind, zone_class, ttl, size = _FIXED.unpack_from(wire, at)
        at += _FIXED.size
        if zone_class == CLASS_IN and kind in (wanted, CNAME):
            text = dns.rdata.from_wire(zone_class, kind, wire, at, size).to_text()
            if kind == wanted:
                records.append(text)
            if kind == CNAME:
                owner = dns.name.from_wire(wire, start)[0]
                if owner in aliases:
                    raise Odd
                aliases[owner] = text
            ttls.append(0 if ttl > LONGEST_TTL else ttl)
        at += size
    if wanted == SOA and len(records) > 1:
        raise Odd
    alias = aliases.get(dns.name.from_wire(wire, 12)[0]) if aliases else None
    rcode = flags & _HIDDEN | _extended(wire, at, others + more)
    return Said(rcode, bool(flags & dns.flags.AD), tuple(sorted(set(records))), min(ttls, default=None), alias)


def _extended(wire: bytes, at: int, count: int) -> int:
    """The high bits of the RCODE, which EDNS has (RFC 6891 section 6.1.3)."""
    for _ in range(count):
        at = _behind_name(wire, at)
        kind, _, ttl, size = _FIXED.unpack_from(wire, at)
        if kind == OPT:
            return int(ttl >> 24) << 4
        at += _FIXED.size + size
    if at > len(wire):
        raise Odd
    return 0


def _behind_name(wire: bytes, at: int) -> int:
    """Where the name ends that begins there; a pointer ends it."""
    while length := wire[at]:
        if length >= 0xC0:
            return at + 2
        if length > 63:
            raise Odd
        at += length + 1
    return at + 1
