"""MTA-STS (RFC 8461): the TXT record at ``_mta-sts.<domain>``, the policy file, and which MX names a policy allows.

Record: section 3.1 (``v=STSv1`` first, one ``id`` of 1 to 32 letters and digits). Policy: section 3.2 (lines of ``key:
value``, unknown keys and later repeats are passed over, at most 64 KiB). Names: section 4.1 (``*.`` stands for exactly one
label). Nothing is fetched and no DNS is asked.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from mailward.model.errors import BadInput
from mailward.model.sentence import NOTHING, Sentence
from mailward.standards.hostname import parse_host_name, show

LONGEST_RECORD = 2048
LONGEST_POLICY = 64 * 1024
LONGEST_MAX_AGE = 31_557_600  # seconds: section 3.2, about a year
MOST_MX = 100
MEDIA_TYPE = "text/plain"

_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_RECORD = re.compile(r"v=STSv1[ \t]*(?:;|$)")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")


class MtaStsError(BadInput):
    """What was read is no MTA-STS record, or no policy that a sender would follow."""

    def __init__(self, what: Sentence, remedy: Sentence = NOTHING, *, code: str) -> None:
        super().__init__("mta_sts", what, remedy, code=code)


class Mode(StrEnum):
    """What senders do when a connection isn't what the policy promises."""

    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


@dataclass(frozen=True)
class StsRecord:
    """The record: senders fetch the policy anew when ``id`` changes."""

    id: str

    def __str__(self) -> str:
        return f"v=STSv1; id={self.id};"


@dataclass(frozen=True)
class StsPolicy:
    """The policy file. ``mx`` are names or ``*.`` patterns; ``max_age`` is in seconds."""

    mode: Mode
    mx: tuple[str, ...]
    max_age: int

    def __str__(self) -> str:
        """The file, with the CRLF line ends of section 3.2."""
        lines = ["version: STSv1", f"mode: {self.mode}", *(f"mx: {name}" for name in self.mx), f"max_age: {self.max_age}"]
        return "".join(f"{line}\r\n" for line in lines)

    def allows(self, host: str) -> bool:
        """Whether mail may go to this MX name."""
        return any(mx_matches(pattern, host) for pattern in self.mx)


def is_record(text: str) -> bool:
    """Whether a TXT record begins as an MTA-STS record must; others at the name are passed over."""
    return _RECORD.match(text) is not None


def parse_record(text: str) -> StsRecord:
    """The record. Raises MtaStsError (``mta-sts-record``)."""
    if len(text) > LONGEST_RECORD or not is_record(text):
        what = Sentence("An MTA-STS record begins with v=STSv1; and this one doesn't.")
        raise MtaStsError(what, _RECORD_FORM, code="mta-sts-record")
    ids = []
    for part in text.split(";")[1:]:
        name, equals, value = (piece.strip(" \t") for piece in part.partition("="))
        if name == "id" and equals:
            ids.append(value)
    if len(ids) != 1 or not _ID.fullmatch(ids[0]):
        what = Sentence("The MTA-STS record has no single id of 1 to 32 letters and digits.")
        raise MtaStsError(what, _RECORD_FORM, code="mta-sts-record")
    return StsRecord(ids[0])


def parse_policy(content: bytes) -> StsPolicy:
    """The policy file. Raises MtaStsError (``mta-sts-policy``) for what senders would not follow."""
    if len(content) > LONGEST_POLICY:
        raise _refused(Sentence("The policy is larger than {most} bytes.", most=LONGEST_POLICY))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise _refused(Sentence("The policy is not text in UTF-8.")) from None
    values: dict[str, str] = {}
    names: list[str] = []
    for line in re.split(r"\r?\n", text):
        key, colon, value = (piece.strip(" \t") for piece in line.partition(":"))
        if not line.strip(" \t"):
            continue
        if not colon or not _KEY.fullmatch(key) or not value.isprintable():
            raise _refused(Sentence("The policy has a line that is not “key: value”: {line}", line=show(line)))
        if key == "mx":
            names.append(value)
        else:
            values.setdefault(key, value)  # section 3.2: the first of repeated fields counts
    return _policy(values, names)


def mx_matches(pattern: str, host: str) -> bool:
    """Whether an MX name is one that the pattern allows (section 4.1); case and a dot at the end don't count."""
    wanted, name = pattern.lower().removesuffix("."), host.lower().removesuffix(".")
    if wanted.startswith("*."):
        label, _, rest = name.partition(".")
        return bool(label) and rest == wanted[2:]
    return bool(name) and name == wanted


def _policy(values: dict[str, str], names: list[str]) -> StsPolicy:
    if values.get("version") != "STSv1":
        raise _refused(Sentence("The policy has no line “version: STSv1”."))
    try:
        mode = Mode(values.get("mode", ""))
    except ValueError:
        raise _refused(Sentence("The policy's mode is none of enforce, testing and none.")) from None
    age = values.get("max_age", "")
    if not (age.isascii() and age.isdigit() and len(age) <= 10 and int(age) <= LONGEST_MAX_AGE):
        raise _refused(Sentence("The policy's max_age is no number of seconds up to {most}.", most=LONGEST_MAX_AGE))
    if len(names) > MOST_MX:
        raise _refused(Sentence("The policy has more than {most} lines “mx”.", most=MOST_MX))
    if not names and mode is not Mode.NONE:
        raise _refused(Sentence("The policy names no mail server."))
    return StsPolicy(mode, tuple(dict.fromkeys(_mx(name) for name in names)), int(age))


def _mx(name: str) -> str:
    try:
        return parse_host_name(name, "mta_sts", wildcard=True)
    except BadInput as trouble:
        raise _refused(Sentence("The policy names {name}, which is no mail server's name.", name=show(name))) from trouble


def _refused(what: Sentence) -> MtaStsError:
    return MtaStsError(what, Sentence("Serve a policy in the form of RFC 8461 section 3.2."), code="mta-sts-policy")


_RECORD_FORM = Sentence("Write it like v=STSv1; id=20260131;")
