"""The milter protocol's frames: what is written is read, however it is cut, and nothing harmful is read."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailward.model.errors import BadInput
from mailward.standards import milter

texts = st.binary(max_size=30).filter(lambda raw: b"\0" not in raw)
fields = st.tuples(
    st.from_regex(rb"[A-Za-z][A-Za-z-]{0,20}", fullmatch=True),
    st.lists(texts.filter(lambda raw: b"\n" not in raw and b"\r" not in raw), min_size=1, max_size=3).map(b"\n ".join),
)


def read(raw, pieces=()):
    """All frames of ``raw``, cut at the places given."""
    frames, found, at = milter.Frames(), [], 0
    for place in [*sorted(place % (len(raw) + 1) for place in pieces), len(raw)]:
        found += frames.feed(raw[at:place])
        at = place
    return found


@given(
    st.lists(st.tuples(st.sampled_from([b"B", b"L", b"E"]), st.binary(max_size=40)), max_size=5),
    st.lists(st.integers(0, 300)),
)
def test_frames_are_found_however_they_are_cut(wanted, pieces):
    """What is written in frames comes out of any pieces."""
    assert read(b"".join(milter.frame(*one) for one in wanted), pieces) == wanted


@pytest.mark.parametrize("length", [0, milter.MOST_BYTES + 1, 0xFFFFFFFF])
def test_a_frame_has_bounds(length):
    """Nothing waits for four gigabytes."""
    with pytest.raises(BadInput):
        read(struct.pack("!I", length) + b"B")


@given(fields, st.integers(0, 1000))
def test_fields_that_are_added_read_back(field, place):
    """A field to insert, to add or to change reaches the server as it is."""
    name, value = field
    for made, numbers in (
        (milter.insert_header(place, name, value), (place,)),
        (milter.change_header(place, name, value), (place,)),
        (milter.add_header(name, value), ()),
    ):
        ((command, data),) = read(made)
        assert milter.parse_reply(command, data) == milter.Reply(command, name, value, numbers)
        assert milter.parse(b"L", data[-len(name + value) - 2 :]) == milter.HeaderField(name, value)


@pytest.mark.parametrize(
    ("name", "value"), [(b"", b"x"), (b"A:b", b"x"), (b"A\n", b"x"), (b"A", b"x\r\n y"), (b"A", b"x\ny"), (b"A", b"x\0")]
)
def test_no_second_field_is_smuggled_into_one(name, value):
    """What would end the field, or begin another one, is refused."""
    with pytest.raises(BadInput):
        milter.insert_header(0, name, value)


@pytest.mark.parametrize(
    ("command", "data", "event"),
    [
        (b"O", struct.pack("!III", 6, 0x1FF, 0x1FFFFF), milter.Negotiate(6, 0x1FF, 0x1FFFFF)),
        (
            b"D",
            b"C{daemon_name}\0ORIGINATING\0j\0mx.test\0",
            milter.Macros(b"C", {"daemon_name": "ORIGINATING", "j": "mx.test"}),
        ),
        (b"D", b"M", milter.Macros(b"M", {})),
        (b"C", b"localhost\x004\x30\x39127.0.0.1\0", milter.Connect("localhost", "127.0.0.1")),
        (b"C", b"mx\x006\0\x19IPv6:::1\0", milter.Connect("mx", "::1")),
        (b"C", b"somewhere\0U", milter.Connect("somewhere", "")),
        (b"M", b"<anna@alpha.test>\0SIZE=7\0", milter.MailFrom("anna@alpha.test")),
        (b"M", b"<>\0", milter.MailFrom("")),
        (b"L", b"Subject\0 hello\n\tyou\0", milter.HeaderField(b"Subject", b" hello\n\tyou")),
        (b"N", b"", milter.EndOfHeader()),
        (b"B", b"a\r\n", milter.BodyPiece(b"a\r\n")),
        (b"E", b"", milter.EndOfBody(b"")),
        (b"A", b"", milter.Abort()),
        (b"Q", b"", milter.Quit(again=False)),
        (b"K", b"", milter.Quit(again=True)),
        (b"R", b"<bob@beta.test>\0", milter.Other(b"R")),
    ],
)
def test_what_postfix_says(command, data, event):
    """Each command that matters is understood."""
    assert milter.parse(command, data) == event


@given(st.binary(min_size=1, max_size=1), st.binary(max_size=60))
def test_whatever_comes_is_an_event_or_bad_input(command, data):
    """Nothing else is ever raised."""
    for reads in (milter.parse, milter.parse_reply):
        try:
            reads(command, data)
        except BadInput as error:
            assert error.code in ("milter-form", "milter-command")
