"""Just enough DER (X.690) to see how much work an encrypted key asks for before doing it.

PBKDF2, PKCS#12's own derivation and scrypt all write their cost as the INTEGER right after the salt's OCTET STRING
(RFC 8018 appendix A.2, RFC 7292 section 4, RFC 7914 section 7). Nothing is decrypted or judged here.
"""

from collections.abc import Iterator

MAX_COST = 10_000_000  # PBKDF2 with so many rounds takes some seconds; exporters use 2,048 to 600,000
_INTEGER, _OCTETS, _DEEPEST = 0x02, 0x04, 12


def costly(data: bytes) -> bool:
    """Whether some key derivation in ``data`` would take longer than anybody means it to. Unreadable data: False."""
    return any(cost > MAX_COST for cost in _costs(data, 0))


def _costs(data: bytes, depth: int) -> Iterator[int]:
    before = 0
    for tag, content in _elements(data):
        if tag == _INTEGER and before == _OCTETS:
            yield int.from_bytes(content[:16], "big")
        if (tag & 0x20 or tag == _OCTETS) and depth < _DEEPEST:
            yield from _costs(content, depth + 1)
        before = tag


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 2 <= len(data):
        tag, length = data[position], data[position + 1]
        position += 2
        if length == 0x80:  # BER's indefinite length: what follows is inside, up to its end marker
            yield tag, data[position:]
            return
        if length > 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[position : position + size], "big")
            position += size
        if position + length > len(data):
            return
        yield tag, data[position : position + length]
        position += length
