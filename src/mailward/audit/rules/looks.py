"""The board's lines about certificates and doors. Nothing is dialled here: they are made from what the last look at the
doors found (``audit/rules/doors.py``), which is unknown when it is old.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from mailward.audit.questions import required_name
from mailward.audit.rules import codes, words
from mailward.model.checks import CheckFinding, Evidence, Mechanism
from mailward.model.doors import Door
from mailward.model.findings import SERVER, STALE_AFTER, DoorFinding
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict

SOURCE = "doors"
CERTIFICATE_CODES = frozenset(
    {
        "certificate-unreadable", "not-what-was-chosen", "expired", "not-yet-valid", "issuer-expired", "self-signed",
        "incomplete-chain", "untrusted-root", "chain-invalid", "wrong-purpose", "name-mismatch", "weak-key",
        "weak-signature", "wrong-order", "expires-soon",
    }
)  # fmt: skip
_NOT_SEEN = frozenset(codes.TROUBLES)

Line = tuple[Verdict, DoorFinding, str]
"""How something stands, the look that says so, and the code in it."""


def certificates(domain: str, looks: Sequence[DoorFinding], now: datetime) -> list[CheckFinding]:
    """One line for each name that was asked for."""
    fresh = [look for look in looks if now - look.checked_at <= STALE_AFTER]
    if not fresh:
        return [_not_looked(domain, Mechanism.CERTIFICATE, "certificate-unknown", now)]
    lines = []
    for name in dict.fromkeys(look.name for look in fresh):
        met = [_certificate(look) for look in fresh if look.name == name]
        seen = [line for line in met if line is not None]
        if seen:
            lines.append(_certificate_line(domain, name, seen))
        else:
            first = next(look for look in fresh if look.name == name)
            lines.append(_nothing_shown(domain, name, first))
    return lines


def doors(domain: str, looks: Sequence[DoorFinding], now: datetime) -> list[CheckFinding]:
    """One line for each door."""
    fresh = [look for look in looks if now - look.checked_at <= STALE_AFTER]
    if not fresh:
        return [_not_looked(domain, Mechanism.DOOR, "door-unknown", now)]
    places = dict.fromkeys((look.door, look.port) for look in fresh)
    return [_door_line(domain, [_door(look) for look in fresh if (look.door, look.port) == place]) for place in places]


def _certificate(look: DoorFinding) -> Line | None:
    """What this look says of the certificate; None: it wasn't seen."""
    if look.code in CERTIFICATE_CODES:
        return look.verdict, look, look.code
    beside = next((code for code in look.also if code in CERTIFICATE_CODES), None)
    if beside is not None:
        is_promised = look.domain == SERVER or look.name == required_name(look.door.kind.role, look.domain)
        mild = beside == "name-mismatch" and not is_promised
        return Verdict.WARN if mild else codes.VERDICTS[beside], look, beside
    return None if look.code in _NOT_SEEN else (Verdict.PASS, look, codes.OK)


def _door(look: DoorFinding) -> Line:
    if look.code not in CERTIFICATE_CODES:
        return look.verdict, look, look.code
    beside = next((code for code in look.also if code not in CERTIFICATE_CODES), None)
    if beside is None:
        return Verdict.PASS, look, codes.OK
    mild = beside == "old-protocol" and look.door is Door.SMTP
    return Verdict.WARN if mild else codes.VERDICTS[beside], look, beside


def _worst(lines: Iterable[Line]) -> Line:
    return max(lines, key=lambda line: line[0].severity)


def _certificate_line(domain: str, name: str, met: Sequence[Line]) -> CheckFinding:
    verdict, look, code = _worst(met)
    if verdict is Verdict.PASS:
        says = Sentence("Every door that was met under {name} shows the chosen certificate, trusted and valid.", name=name)
        if not name:
            says = Sentence("Who sends no name is shown the server's own certificate, trusted and valid.")
    else:
        says = _reason(look, code)
    return _line(domain, Mechanism.CERTIFICATE, name or look.address, verdict, "certificate", says, look)


def _nothing_shown(domain: str, name: str, look: DoorFinding) -> CheckFinding:
    says = Sentence("No door showed its certificate for {name}: {reason}", name=name, reason=look.reason)
    return _line(domain, Mechanism.CERTIFICATE, name or look.address, Verdict.UNKNOWN, "certificate", says, look)


def _door_line(domain: str, met: Sequence[Line]) -> CheckFinding:
    verdict, look, code = _worst(met)
    place = f"{look.door.value} {look.port}"
    says = Sentence("This door lets people in, encrypted.") if verdict is Verdict.PASS else _reason(look, code)
    return _line(domain, Mechanism.DOOR, place, verdict, "door", says, look)


def _reason(look: DoorFinding, code: str) -> Sentence:
    if code == look.code:
        return look.reason
    said = words.reason(code, look.door)
    return said.having(name=look.name, names="", port=look.port, address=look.address, detail="")


def _line(
    domain: str, mechanism: Mechanism, subject: str, verdict: Verdict, prefix: str, says: Sentence, look: DoorFinding
) -> CheckFinding:
    shown = tuple(part for part in (look.code, *look.also, look.protocol or "", look.served_sha256 or "") if part)
    evidence = Evidence(look.name, look.door.value.upper(), look.code, shown, f"{look.address}:{look.port}")
    remedy = NOTHING if verdict is Verdict.PASS else look.remedy
    code = f"{prefix}-{verdict.value}"
    return CheckFinding(
        domain, mechanism, subject, verdict, code, says, (evidence,), remedy, SOURCE, look.checked_at
    )  # fmt: skip


def _not_looked(domain: str, mechanism: Mechanism, code: str, now: datetime) -> CheckFinding:
    says = Sentence("Nobody has looked at the doors lately, so nobody knows what they show.")
    named = "" if domain == SERVER else f" {domain}"
    remedy = Sentence("Look with: mailward verify{named}", named=named)
    return CheckFinding(domain, mechanism, domain, Verdict.UNKNOWN, code, says, (), remedy, SOURCE, now)
