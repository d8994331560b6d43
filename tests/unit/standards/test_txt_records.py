"""TXT records, between what a zone file writes and what is meant."""

import dns.rdata
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailward.standards.txt import joined, joined_text, quoted


@pytest.mark.parametrize(
    ("presentation", "meant"),
    [
        ('"v=spf1 -all"', b"v=spf1 -all"),
        ('"v=spf1 " "-all"', b"v=spf1 -all"),
        ('"v=spf1 ""-all"', b"v=spf1 -all"),
        ('"a\\"b\\\\c\\010d"', b'a"b\\c\nd'),
        ("v=spf1 -all", b"v=spf1 -all"),
        ('"one" two', b"onetwo"),
        ('""', b""),
        ("", b""),
        ('"cut', b"cut"),
        ('"\\999"', b"999"),
    ],
)
def test_a_record_says_its_strings_together(presentation: str, meant: bytes) -> None:
    """Strings are joined with nothing in between, escapes undone, and what is not proper is taken as it stands."""
    assert joined(presentation) == meant


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=700))
def test_what_is_quoted_reads_back(value: bytes) -> None:
    """What we publish is what others read, by our reader and by dnspython's."""
    written = quoted(value)
    assert joined(written) == value
    read = dns.rdata.from_text("IN", "TXT", written)
    assert b"".join(read.strings) == value  # type: ignore[attr-defined]
    assert joined(read.to_text()) == value


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_reading_never_fails(text: str) -> None:
    """Whatever a server sends, reading gives an answer."""
    assert isinstance(joined_text(text), str)


def test_more_than_a_record_holds_is_refused() -> None:
    """A value that no record can hold is not cut silently."""
    with pytest.raises(ValueError, match="at most 65535"):
        quoted("x" * 65536)
