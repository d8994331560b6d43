"""TXT records between zone files and what they say (RFC 1035 sections 3.3.14 and 5.1, RFC 7208 section 3.3).

A TXT record is one or more strings of at most 255 bytes; the readers of SPF, DKIM, DMARC … put them together with nothing
in between. ``DnsAnswer.records`` holds them as zone files write them: ``"v=spf1 " "-all"``, with ``\\"``, ``\\\\`` and
``\\DDD``. Reading never fails: what is no proper presentation is taken as it stands. No DNS is asked.
"""

import re

LONGEST_STRING = 255
LONGEST_RECORD = 65535
_ESCAPED = re.compile(rb"\\([0-9]{3}|.)", re.DOTALL)
_STRING = re.compile(rb'\s*"([^"\\]*(?:\\.[^"\\]*)*)(?:"|\\?$)|\s*((?:[^"\\\s]|\\.)+)\\?', re.DOTALL)


def joined(presentation: str) -> bytes:
    """What the record says: its strings put together. Text that doesn't begin with a quote is taken as one string.

    >>> joined('"v=spf1 " "-all"')
    b'v=spf1 -all'
    """
    if presentation[:1] == '"' == presentation[-1:] and "\\" not in presentation and presentation.count('"') == 2:
        return presentation[1:-1].encode("utf-8", "surrogatepass")
    raw = presentation.strip().encode("utf-8", "surrogatepass")
    if not raw.startswith(b'"'):
        return _unescaped(raw)
    return b"".join(_unescaped(found[1] if found[1] is not None else found[2]) for found in _STRING.finditer(raw))


def joined_text(presentation: str) -> str:
    """The same as text; bytes that are no UTF-8 become U+FFFD, so that they still don't pass for ASCII."""
    return joined(presentation).decode("utf-8", "replace")


def quoted(value: str | bytes) -> str:
    """The record as a zone file writes it, in strings of at most 255 bytes. ValueError for more than a record can hold.

    >>> quoted("v=spf1 -all")
    '"v=spf1 -all"'
    """
    raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    parts = [raw[at : at + LONGEST_STRING] for at in range(0, len(raw), LONGEST_STRING)] or [b""]
    if len(raw) + len(parts) > LONGEST_RECORD:
        raise ValueError(f"a TXT record holds at most {LONGEST_RECORD} bytes, not {len(raw)}")
    return " ".join(f'"{"".join(_escaped(byte) for byte in part)}"' for part in parts)


def _escaped(byte: int) -> str:
    if byte in b'"\\':
        return f"\\{byte:c}"
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03}"


def _unescaped(raw: bytes) -> bytes:
    return _ESCAPED.sub(_byte, raw) if b"\\" in raw else raw


def _byte(found: re.Match[bytes]) -> bytes:
    said = found[1]
    if len(said) == 1:
        return said
    return bytes([int(said)]) if int(said) < 256 else said
