"""Verify: real connections say whether what was applied is what is served."""

from collections.abc import Iterable

from mailward.daemons.daemon import Daemon
from mailward.flow.ground import Ground, Look
from mailward.flow.observe import UP
from mailward.model.desired import DesiredState
from mailward.model.findings import DoorFinding
from mailward.model.generations import Applied, Failed, Verified
from mailward.model.sentence import Sentence

BROKEN = frozenset(
    {
        "refused",
        "timeout",
        "unreachable",
        "handshake-failed",
        "protocol-error",
        "starttls-missing",
        "starttls-injection",
        "old-protocol",
        "not-what-was-chosen",
    }
)
"""Codes that mean that a change was not taken by a door. A self-signed or expired certificate is another matter: it is
what was chosen, and the audit says so."""


def broken(findings: Iterable[DoorFinding]) -> tuple[DoorFinding, ...]:
    """The findings that a change must not leave behind."""
    return tuple(f for f in findings if f.code in BROKEN or BROKEN.intersection(f.also))


def until_served(look: Look, ground: Ground, patience: float) -> tuple[DoorFinding, ...]:
    """Look again until nothing is broken or ``patience`` seconds are over: daemons take a moment to re-read."""
    end = ground.clock.monotonic() + patience
    pause = 0.05
    while True:
        findings = look()
        if not broken(findings) or ground.clock.monotonic() >= end:
            return findings
        ground.clock.sleep(pause)
        pause = min(pause * 2, 1.0)


def verify(
    applied: Applied,
    ground: Ground,
    daemons: Iterable[Daemon],
    desired: DesiredState,
    look: Look,
    patience: float = 20.0,
) -> Verified | Failed:
    """Verified when every wanted daemon runs and every door answers as it should."""
    names = [daemon.name for daemon in daemons if daemon.wanted(desired)]
    if applied.untold:
        return Failed(applied.plan, (), applied.untold[0])
    down = _until_running(names, ground, patience)
    if down:
        return Failed(applied.plan, (), Sentence("these did not come back: {names}", names=", ".join(down)))
    findings = until_served(look, ground, patience)
    bad = broken(findings)
    if bad:
        return Failed(applied.plan, findings, said(bad))
    return Verified(applied.plan, findings)


def said(bad: tuple[DoorFinding, ...]) -> Sentence:
    """The first of the broken doors, and how many more."""
    first = bad[0]
    return Sentence(
        "{door} on port {port} for {name}: {reason} ({count} doors in all)",
        door=first.door,
        port=first.port,
        name=first.name or "-",
        reason=first.reason,
        count=len(bad),
    )


def _until_running(names: list[str], ground: Ground, patience: float) -> list[str]:
    end = ground.clock.monotonic() + patience
    while True:
        states = ground.supervisor.states()
        down = [name for name in names if states.get(name) not in UP]
        if not down or ground.clock.monotonic() >= end:
            return down
        ground.clock.sleep(0.1)
