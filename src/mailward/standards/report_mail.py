"""Reports that machines mail to machines (RFC 9990 section 3.5.2, RFC 8460 section 5.3): the documents in a message,
unpacked.

The message comes from a stranger: everything about it is bounded before it is opened (size, lines, depth of MIME, length of
the header fields that are taken apart), and what is packed is unpacked only up to ``MOST_DOCUMENT`` bytes, whatever it
claims. gzip and zip are known by their first bytes; the media type is often wrong. Nothing is written anywhere.
"""

import email.policy
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.parser import BytesParser

from mailward.model.errors import BadInput
from mailward.model.sentence import NOTHING, Sentence

MOST_MESSAGE = 16 * 1024 * 1024
MOST_LINES = 500_000
MOST_PARTS = 30
MOST_MEMBERS = 10
MOST_DOCUMENT = 8 * 1024 * 1024  # of all documents of one message together, unpacked
LONGEST_FIELD = 4096


_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_SPACE = b" \t\r\n\xef\xbb\xbf"
_FIELDS = re.compile(rb"^content-(?:type|disposition|transfer-encoding):[^\n]*(?:\n[ \t][^\n]*)*", re.I | re.M)
_ENCODINGS = ("base64", "quoted-printable", "7bit", "8bit", "binary", "")


class ReportError(BadInput):
    """A report that can't be read: the reason, with a stable code."""

    def __init__(self, what: Sentence, remedy: Sentence = NOTHING, *, code: str) -> None:
        super().__init__("report", what, remedy, code=code)


@dataclass(frozen=True)
class Document:
    """One unpacked document: ``kind`` is "xml" or "json" by its first character."""

    kind: str
    content: bytes


@dataclass(frozen=True)
class Attachment:
    """What a report we make carries."""

    name: str
    media_type: str
    content: bytes


def documents(message: bytes) -> tuple[Document, ...]:
    """The XML and JSON documents in a mail message. Raises ReportError (``report-none`` when there are none)."""
    _bounded(message)
    found: list[Document] = []
    left = MOST_DOCUMENT
    for part in _leaves(message):
        payload = _payload(part)
        named = bool(part.get_filename())
        if part.get_content_type() in ("text/plain", "text/html") and not named:
            continue
        for content in _unpacked(payload, left):
            left -= len(content)
            kind = _kind(content)
            if kind and len(found) < MOST_MEMBERS:
                found.append(Document(kind, content))
    if not found:
        raise ReportError(Sentence("This message carries no report."), code="report-none")
    return tuple(found)


def make_message(
    *, sender: str, recipient: str, subject: str, text: str, attachment: Attachment, message_id: str, date: str
) -> bytes:
    """A message with one attachment, as RFC 5322 wants it on the wire (CRLF)."""
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"], message["Subject"] = sender, recipient, subject
    message["Date"], message["Message-ID"] = date, message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's vacation notice answers it
    message.set_content(text)
    main, _, sub = attachment.media_type.partition("/")
    message.add_attachment(attachment.content, maintype=main, subtype=sub, filename=attachment.name)
    return message.as_bytes()


def _bounded(message: bytes) -> None:
    if len(message) > MOST_MESSAGE or message.count(b"\n") + message.count(b"\r") > 2 * MOST_LINES:
        raise _too_big()
    plain = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lower = plain.lower()
    if lower.count(b"multipart/") + lower.count(b"message/") > MOST_PARTS:
        raise ReportError(Sentence("This message has too many parts."), code="report-message")
    if any(len(field.group()) > LONGEST_FIELD for field in _FIELDS.finditer(plain)):
        raise ReportError(Sentence("This message has a header field that is too long."), code="report-message")


def _leaves(message: bytes) -> Iterator[Message]:
    """The parts that hold something, at most MOST_PARTS."""
    try:
        parts = [part for part in BytesParser().parsebytes(message).walk() if not part.is_multipart()]
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, IndexError) as trouble:
        raise ReportError(Sentence("This message can't be taken apart."), code="report-message") from trouble
    if len(parts) > MOST_PARTS:
        raise ReportError(Sentence("This message has too many parts."), code="report-message")
    yield from parts


def _payload(part: Message) -> bytes:
    try:
        if str(part.get("content-transfer-encoding", "")).strip().lower() not in _ENCODINGS:
            return b""
        payload = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError):
        return b""
    return payload if isinstance(payload, bytes) else b""


def _kind(content: bytes) -> str:
    start = content[:256].lstrip(_SPACE)[:1]
    if start == b"<" or content[:4] in (b"\xff\xfe<\0", b"\xfe\xff\0<"):
        return "xml"
    return "json" if start == b"{" else ""


def _unpacked(payload: bytes, most: int) -> Iterator[bytes]:
    """What is in a gzip or zip file, or the bytes themselves; ReportError beyond ``most`` bytes or when it is broken."""
    if payload.startswith(_GZIP):
        yield gunzipped(payload, most)
    elif payload.startswith(_ZIP):
        yield from _unzipped(payload, most)
    elif len(payload) > most:
        raise _too_big()
    else:
        yield payload


def gunzipped(packed: bytes, most: int = MOST_DOCUMENT) -> bytes:
    """The content of a gzip file (RFC 1952) of at most MOST_MEMBERS members; what follows them is passed over."""
    found = b""
    for _ in range(MOST_MEMBERS):
        one = zlib.decompressobj(wbits=31)
        try:
            found += one.decompress(packed, most - len(found) + 1)
        except zlib.error as trouble:
            raise _broken() from trouble
        if len(found) > most:
            raise _too_big()
        if not one.eof:
            raise _broken()
        packed = one.unused_data
        if not packed.startswith(_GZIP):
            return found
    raise ReportError(Sentence("This packed file has too many parts."), code="report-packed")


def _unzipped(packed: bytes, most: int) -> Iterator[bytes]:
    if packed.count(b"PK\x01\x02") > 4 * MOST_MEMBERS:
        raise ReportError(Sentence("This packed file has too many parts."), code="report-packed")
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            if len(members) > MOST_MEMBERS:
                raise ReportError(Sentence("This packed file has too many parts."), code="report-packed")
            for member in members:
                # the other methods unpack without a limit (bzip2: a few bytes become 900 kB)
                if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or member.flag_bits & 1:
                    raise _broken()
                with archive.open(member) as opened:
                    content = opened.read(most + 1)
                if len(content) > most:
                    raise _too_big()
                most -= len(content)
                yield content
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as trouble:
        raise _broken() from trouble


def _broken() -> ReportError:
    return ReportError(Sentence("The packed file in this message is broken."), code="report-packed")


def _too_big() -> ReportError:
    return ReportError(Sentence("This report is larger than anything that is read here."), code="report-too-big")
