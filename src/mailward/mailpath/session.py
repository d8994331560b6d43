"""One mail server's connection to the mail path: bytes in, bytes out. It adds signatures, and changes nothing else.

Whatever is wrong with a message, it goes on: a message that can't be signed is accepted unsigned, and the log says why.
Bodies are hashed as they come and never kept.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from mailward.mailpath.decide import Decision, Origin, decide
from mailward.mailpath.keys import Key, SigningKeys
from mailward.model.errors import BadInput
from mailward.model.outside import Clock
from mailward.standards import dkim, milter
from mailward.standards.milter import Step

_UNNEEDED = Step.NO_HELO | Step.NO_RECIPIENT | Step.NO_UNKNOWN | Step.NO_DATA | Step.LEADING_SPACE
_SILENT = Step.SILENT_CONNECT | Step.SILENT_MAIL | Step.SILENT_HEADER | Step.SILENT_BODY
log = structlog.get_logger()


@dataclass
class _Message:
    """What is known of the message that is under way. ``unsigned``: why it gets no signature."""

    sender: str = ""
    fields: list[dkim.Field] = field(default_factory=list)
    octets: int = 0
    header: dkim.Header | None = None
    keys: tuple[Key, ...] = ()
    decision: Decision = field(default_factory=Decision)
    body: dkim.BodyHash = field(default_factory=lambda: dkim.BodyHash(dkim.Canonicalization.RELAXED))


class Session:
    """``receive`` what the server says, and send it what that gives. ``is_over``: the connection is to be closed."""

    def __init__(self, keys: SigningKeys, clock: Clock) -> None:
        self._keys, self._clock = keys, clock
        self._frames = milter.Frames()
        self._granted = Step(0)
        self._macros: dict[str, str] = {}
        self._connected: dict[str, str] = {}
        self._message = _Message()
        self.is_over = False

    def receive(self, data: bytes) -> bytes:
        """Raises BadInput when the other side speaks something else."""
        answers = []
        for command, content in self._frames.feed(data):
            answers.append(self._answer(milter.parse(command, content)))
            if self.is_over:
                break
        return b"".join(answers)

    def _answer(self, event: milter.Event) -> bytes:  # noqa: PLR0911 - one for each thing that a server says
        match event:
            case milter.BodyPiece(content):
                self._message.body.update(content)
                return self._unless(Step.SILENT_BODY)
            case milter.HeaderField(name, value):
                self._field(name, value)
                return self._unless(Step.SILENT_HEADER)
            case milter.Macros(command, values):
                (self._connected if command in b"CH" else self._macros).update(values)
                return b""
            case milter.EndOfHeader():
                return self._end_of_header()
            case milter.EndOfBody(content):
                self._message.body.update(content)
                return self._end()
            case milter.Negotiate():
                return self._negotiate(event)
            case milter.MailFrom(sender):
                self._message = _Message(sender)
                return self._unless(Step.SILENT_MAIL)
            case milter.Connect():
                return self._unless(Step.SILENT_CONNECT)
            case milter.Abort():
                self._forget()
                return b""
            case milter.Quit(again):
                self._forget()
                self._connected.clear()
                self.is_over = not again
                return b""
            case milter.Other():
                return milter.CONTINUE

    def _negotiate(self, said: milter.Negotiate) -> bytes:
        steps = (_UNNEEDED | _SILENT) & said.steps
        self._granted = Step(steps)
        return milter.negotiate(min(said.version, milter.VERSION), milter.Action.ADD_HEADERS & said.actions, steps)

    def _unless(self, step: Step) -> bytes:
        return b"" if self._granted & step else milter.CONTINUE

    def _field(self, name: bytes, value: bytes) -> None:
        message = self._message
        message.octets += len(name) + len(value)
        if message.octets <= dkim.MOST_HEADER_BYTES and len(message.fields) <= dkim.MOST_FIELDS:
            blank = b"" if self._granted & Step.LEADING_SPACE else b" "
            folded = value.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            message.fields.append(dkim.Field(name, blank + folded))

    def _end_of_header(self) -> bytes:
        message = self._message
        if message.octets > dkim.MOST_HEADER_BYTES or len(message.fields) > dkim.MOST_FIELDS:
            message.decision = Decision(reason="header-too-large")
        else:
            message.header = dkim.Header(message.fields)
            origin = Origin(
                self._connected.get("daemon_name", ""),
                self._macros.get("auth_authen", ""),
                self._macros.get("mail_addr", message.sender),
            )
            message.decision = decide(origin, message.header)
        domain = message.decision.domain
        if domain:
            message.keys = self._keys.of(domain)
        if message.keys:
            return milter.CONTINUE
        queue_id, reason = self._macros.get("i", ""), message.decision.reason or "no-keys"
        log.info("not signed", message=queue_id, reason=reason, domain=domain)
        self._forget()
        return milter.ACCEPT

    def _end(self) -> bytes:
        message, answers = self._message, []
        digest = message.body.digest()
        for key in message.keys:
            try:
                answers.append(milter.insert_header(0, b"DKIM-Signature", self._signature(key, digest)))
            except BadInput as error:
                log.warning("not signed", message=self._macros.get("i", ""), reason=error.code, selector=key.selector)
        if answers:
            selectors = [key.selector for key in message.keys]
            log.info("signed", message=self._macros.get("i", ""), domain=message.decision.domain, selectors=selectors)
        self._forget()
        return b"".join([*answers, milter.CONTINUE])

    def _signature(self, key: Key, digest: bytes) -> bytes:
        """The field's value as milters have it."""
        message = self._message
        now = int(self._clock.now().timestamp())
        wanted = dkim.Signature(
            dkim.algorithm_of(key.private), message.decision.domain, key.selector, (), digest, signed_at=now
        )
        value = dkim.signed(message.header or dkim.Header(()), wanted, key.private).replace(b"\r\n", b"\n")
        return value if self._granted & Step.LEADING_SPACE else value.lstrip(b" ")

    def _forget(self) -> None:
        self._message = _Message()
        self._macros.clear()


def sessions(keys: SigningKeys, clock: Clock) -> Callable[[], Session]:
    """Makes a session for each connection."""
    return lambda: Session(keys, clock)
