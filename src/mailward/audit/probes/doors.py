"""Looking at doors: one handshake per question, and per door (not per name) the attempts that a good door resists.

The attempts are an old protocol (RFC 8996), a command injected in clear text before STARTTLS (CVE-2011-0411), and a
look whether a log-in is offered in clear text. They are connections of their own, so that a door that hangs up on an
attack isn't taken for a broken one. Nothing is judged here (see ``audit/rules``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mailward.model.doors import Door, Tls
from mailward.model.findings import DoorQuestion
from mailward.model.outside import Clock, Dialled, DialTarget, TlsDialer

BATCH = 500  # connections asked for at once; the dialer decides how many of them run in parallel


@dataclass(frozen=True)
class Attempts:
    """What a door made of an old protocol and (STARTTLS doors only) of the clear-text attempts; None: not tried."""

    old_protocol: Dialled | None = None
    clear_text: Dialled | None = None


@dataclass(frozen=True)
class DoorObservation:
    """A question, the connection that answers it, and how the same door took the attempts."""

    question: DoorQuestion
    dialled: Dialled
    attempts: Attempts
    checked_at: datetime


_Place = tuple[Door, int, str]


def observe_doors(
    questions: Sequence[DoorQuestion],
    dialer: TlsDialer,
    clock: Clock,
    *,
    timeout: float = 10.0,
    attempts: bool = True,
    batch: int = BATCH,
) -> Iterator[DoorObservation]:
    """The observations, in the questions' order. ``attempts`` False leaves out what needs connections of its own."""
    tried = _attempts(questions, dialer, timeout) if attempts else {}
    for start in range(0, len(questions), batch):
        part = questions[start : start + batch]
        answers = dialer.dial([_target(question, timeout) for question in part])
        now = clock.now()
        for question, dialled in zip(part, answers, strict=True):
            yield DoorObservation(question, dialled, tried.get(_place(question), Attempts()), now)


def _target(question: DoorQuestion, timeout: float) -> DialTarget:
    kind = question.door.kind
    return DialTarget(
        kind.protocol, kind.tls, question.address, question.port, question.sni, timeout, rsa_only=question.rsa_only
    )


def _place(question: DoorQuestion) -> _Place:
    return question.door, question.port, question.address


def _attempts(questions: Sequence[DoorQuestion], dialer: TlsDialer, timeout: float) -> dict[_Place, Attempts]:
    """Each door at each address once, by the first name that is asked for there."""
    first: dict[_Place, DoorQuestion] = {}
    for question in questions:
        first.setdefault(_place(question), question)
    starttls = {place: question for place, question in first.items() if question.door.kind.tls is Tls.STARTTLS}
    old = _dial(dialer, {place: q for place, q in first.items() if not q.modern}, timeout, old_protocol=True)
    old |= _dial(dialer, {place: q for place, q in first.items() if q.modern}, timeout, below_modern=True)
    clear = _shared(_dial(dialer, starttls, timeout, probe_injection=True, probe_clear=True))
    return {place: Attempts(old[place], clear.get(place)) for place in first}


def _shared(clear: dict[_Place, Dialled]) -> dict[_Place, Dialled]:
    """What could be seen at one address of a door holds for its other addresses: one program, one configuration. At ::1 a
    program can treat a look from the host itself as local, so that nothing is learnt there."""
    known = {(door, port): seen.clear_login for (door, port, _), seen in clear.items() if seen.clear_login is not None}
    return {
        (door, port, address): seen
        if seen.clear_login is not None or seen.trouble is not None
        else replace(seen, clear_login=known.get((door, port)))
        for (door, port, address), seen in clear.items()
    }


def _dial(
    dialer: TlsDialer,
    questions: dict[_Place, DoorQuestion],
    timeout: float,
    *,
    old_protocol: bool = False,
    below_modern: bool = False,
    probe_injection: bool = False,
    probe_clear: bool = False,
) -> dict[_Place, Dialled]:
    targets = [
        DialTarget(
            question.door.kind.protocol,
            question.door.kind.tls,
            question.address,
            question.port,
            question.sni,
            timeout,
            probe_injection=probe_injection,
            old_protocol=old_protocol,
            below_modern=below_modern,
            probe_clear=probe_clear,
        )
        for question in questions.values()
    ]
    return dict(zip(questions, dialer.dial(targets), strict=True))
