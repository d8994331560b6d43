"""The milter protocol, version 6: what a mail server tells a filter of each message, and what the filter answers.

As Sendmail 8.14 and Postfix speak it (Sendmail's ``libmilter/README`` and ``mfdef.h``, Postfix' ``milter8.c``): there is no
RFC. A frame is a length of four octets, a command and its data. Only bytes here: who carries them is not known, and what
the answers ought to be is ``mailpath``'s. Frames are bounded; what is no frame is BadInput (milter-…), and nothing else.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntFlag

from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence

VERSION = 6
MOST_BYTES = 1 << 20  # of a frame; Postfix' header fields have at most 102,400, its pieces of the body 65,535
MOST_MACROS = 200

_LENGTH = struct.Struct("!I")
_NEGOTIATE = struct.Struct("!III")


class Action(IntFlag):
    """What a filter may ask for (SMFIF_…). Only what is used here."""

    ADD_HEADERS = 0x01  # inserting is one of them
    CHANGE_HEADERS = 0x10


class Step(IntFlag):
    """What a filter needs not be told (NO_…), and where the server waits for no answer (SILENT_…)."""

    NO_CONNECT = 0x1
    NO_HELO = 0x2
    NO_MAIL = 0x4
    NO_RECIPIENT = 0x8
    NO_BODY = 0x10
    NO_HEADERS = 0x20
    NO_END_OF_HEADER = 0x40
    SILENT_HEADER = 0x80
    NO_UNKNOWN = 0x100
    NO_DATA = 0x200
    SKIP = 0x400
    SILENT_CONNECT = 0x1000
    SILENT_HELO = 0x2000
    SILENT_MAIL = 0x4000
    SILENT_RECIPIENT = 0x8000
    SILENT_DATA = 0x10000
    SILENT_UNKNOWN = 0x20000
    SILENT_END_OF_HEADER = 0x40000
    SILENT_BODY = 0x80000
    LEADING_SPACE = 0x100000  # a field's value comes with the blank behind the colon, and is given back with it


class Frames:
    """Frames out of bytes as they come. What is no frame is BadInput; after it the connection is worth nothing."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The frames that are complete now: a command (one octet) and its data. Raises BadInput (milter-frame)."""
        self._held += data
        at = 0
        try:
            while len(self._held) - at >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(self._held, at)
                if not 0 < length <= MOST_BYTES:
                    raise _wrong(Sentence("A frame of {length} octets.", length=length), "milter-frame")
                end = at + _LENGTH.size + length
                if len(self._held) < end:
                    break
                frame = bytes(self._held[at + _LENGTH.size : end])
                at = end
                yield frame[:1], frame[1:]
        finally:
            del self._held[:at]


def frame(command: bytes, data: bytes = b"") -> bytes:
    """One frame on its way."""
    return _LENGTH.pack(1 + len(data)) + command + data


@dataclass(frozen=True)
class Negotiate:
    """The first thing said: the version, and what the server lets a filter do and leave out."""

    version: int
    actions: int
    steps: int


@dataclass(frozen=True)
class Macros:
    """What the server knows, said before the command that it belongs to (one octet)."""

    command: bytes
    values: dict[str, str]


@dataclass(frozen=True)
class Connect:
    """A client came. Its address is what Postfix says it is; "" for what is no internet address."""

    name: str
    address: str


@dataclass(frozen=True)
class MailFrom:
    """A message begins. ``sender`` is without its angle brackets; "" is the null sender."""

    sender: str


@dataclass(frozen=True)
class HeaderField:
    """As it stands in the message; lines are parted by a line feed alone."""

    name: bytes
    value: bytes


@dataclass(frozen=True)
class EndOfHeader:
    """The header has ended."""


@dataclass(frozen=True)
class BodyPiece:
    """A part of the body, lines ending in CRLF, cut anywhere."""

    content: bytes


@dataclass(frozen=True)
class EndOfBody:
    """The message is whole. ``content`` is the body's last piece, mostly nothing."""

    content: bytes


@dataclass(frozen=True)
class Abort:
    """Forget this message; the connection goes on."""


@dataclass(frozen=True)
class Quit:
    """The end. ``again``: another client's connection follows on the same one."""

    again: bool


@dataclass(frozen=True)
class Other:
    """A command that nothing here needs to know more of (one octet), such as HELO, RCPT or DATA."""

    command: bytes


Event = Negotiate | Macros | Connect | MailFrom | HeaderField | EndOfHeader | BodyPiece | EndOfBody | Abort | Quit | Other


def parse(command: bytes, data: bytes) -> Event:
    """What a server's frame says. Raises BadInput (milter-form, milter-command)."""
    reader = _READERS.get(command)
    if reader is None:
        raise _wrong(Sentence("The command {command} is unknown.", command=ascii(command)), "milter-command")
    return reader(data)


def negotiate(version: int, actions: int, steps: int) -> bytes:
    """The first thing said, by either side."""
    return frame(b"O", _NEGOTIATE.pack(version, actions, steps))


def insert_header(place: int, name: bytes, value: bytes) -> bytes:
    """Put a field at a place (0: the top). ``value`` as in HeaderField. Raises BadInput for what no field can be."""
    return frame(b"i", _LENGTH.pack(place) + _field(name, value))


def add_header(name: bytes, value: bytes) -> bytes:
    """Put a field at the header's end. Raises BadInput for what no field can be."""
    return frame(b"h", _field(name, value))


def change_header(which: int, name: bytes, value: bytes) -> bytes:
    """Replace the ``which``-th field (from 1) of a name; without a value it is taken out. Raises BadInput."""
    return frame(b"m", _LENGTH.pack(which) + _field(name, value))


CONTINUE = frame(b"c")
ACCEPT = frame(b"a")  # and say no more of this message
TEMPFAIL = frame(b"t")
PROGRESS = frame(b"p")  # it takes longer; the server's patience begins anew


def parse_reply(command: bytes, data: bytes) -> "Reply":
    """What a filter's frame says, for whoever plays the mail server. Raises BadInput (milter-form, milter-command)."""
    if command in (b"c", b"a", b"t", b"p") and not data:
        return Reply(command)
    if command == b"O":
        return Reply(command, numbers=_negotiated(data))
    if command in (b"i", b"m"):
        if len(data) < _LENGTH.size:
            raise _form()
        name, value = _strings(data[_LENGTH.size :], 2)[:2]
        return Reply(command, name, value, _LENGTH.unpack_from(data))
    if command == b"h":
        name, value = _strings(data, 2)[:2]
        return Reply(command, name, value)
    raise _wrong(Sentence("The command {command} is unknown.", command=ascii(command)), "milter-command")


@dataclass(frozen=True)
class Reply:
    """A filter's answer: its command, a field's name and value, and the place or what was negotiated."""

    command: bytes
    name: bytes = b""
    value: bytes = b""
    numbers: tuple[int, ...] = ()


def _field(name: bytes, value: bytes) -> bytes:
    if b"\0" in name + value or b"\r" in value or b":" in name or not name.isascii() or not name.decode().isprintable():
        raise _wrong(Sentence("This can't be a header field."), "milter-field")
    if not name or any(line[:1] not in (b" ", b"\t") for line in value.split(b"\n")[1:]):
        raise _wrong(Sentence("This can't be a header field."), "milter-field")
    return name + b"\0" + value + b"\0"


def _header_field(data: bytes) -> HeaderField:
    parts = _strings(data, 2)
    return HeaderField(parts[0], parts[1])


def _mail_from(data: bytes) -> MailFrom:
    sender = _text(_strings(data, 1)[0])
    return MailFrom(sender[1:-1] if sender[:1] == "<" and sender[-1:] == ">" else sender)


def _negotiated(data: bytes) -> tuple[int, int, int]:
    if len(data) < _NEGOTIATE.size:
        raise _form()
    version, actions, steps = _NEGOTIATE.unpack_from(data)
    return version, actions, steps


def _macros(data: bytes) -> Macros:
    if not data:
        raise _form()
    parts = data[1:].removesuffix(b"\0").split(b"\0") if data[1:] else []
    if len(parts) % 2 or len(parts) > 2 * MOST_MACROS:
        raise _form()
    names = (_text(name).strip("{}") for name in parts[::2])
    return Macros(data[:1], dict(zip(names, map(_text, parts[1::2]), strict=True)))


def _connect(data: bytes) -> Connect:
    name, nul, rest = data.partition(b"\0")
    if not nul or not rest:
        raise _form()
    address = rest[3:].removesuffix(b"\0") if rest[:1] in (b"4", b"6") and len(rest) > 3 else b""
    return Connect(_text(name), _text(address).removeprefix("IPv6:"))


def _strings(data: bytes, fewest: int) -> list[bytes]:
    parts = data.removesuffix(b"\0").split(b"\0")
    if not data.endswith(b"\0") or len(parts) < fewest:
        raise _form()
    return parts


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _form() -> BadInput:
    return _wrong(Sentence("A frame isn't of the form that its command has."), "milter-form")


def _wrong(what: Sentence, code: str) -> BadInput:
    return BadInput("milter", what, code=code)


_READERS: dict[bytes, Callable[[bytes], Event]] = {
    b"A": lambda _data: Abort(),
    b"B": BodyPiece,
    b"C": _connect,
    b"D": _macros,
    b"E": EndOfBody,
    b"H": lambda _data: Other(b"H"),
    b"K": lambda _data: Quit(again=True),
    b"L": _header_field,
    b"M": _mail_from,
    b"N": lambda _data: EndOfHeader(),
    b"O": lambda data: Negotiate(*_negotiated(data)),
    b"Q": lambda _data: Quit(again=False),
    b"R": lambda _data: Other(b"R"),
    b"T": lambda _data: Other(b"T"),
    b"U": lambda _data: Other(b"U"),
}
