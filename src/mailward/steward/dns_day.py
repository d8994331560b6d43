"""The minute's round of DNS: keys and policies that are due move on, and a DNS run is asked for where a zone must say
something else than when it was last published. Thousands of zones are gone through in parts."""

import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from hashlib import sha256

import structlog

from mailward.model.dns import HomeKind, Record
from mailward.model.errors import MailwardError
from mailward.model.people import STEWARD
from mailward.model.runs import RunKind, RunState
from mailward.steward import demo_zones, dkim, mta_sts, tlsa, zones
from mailward.steward.host import Host
from mailward.store import records
from mailward.store.dns import Zones
from mailward.store.models import Run

log = structlog.get_logger()

AT_ONCE = 25  # zones in one round: a second or two, for which other runs have to wait
EVERY = timedelta(minutes=1)  # from one round to the next
PAUSE = timedelta(seconds=5)  # between two parts of a round
AGAIN_AFTER = timedelta(hours=1)  # a run that ended badly is tried again
UNDER_WAY = (RunState.WAITING, RunState.RUNNING)


def advance(host: Host, zone: str, known: Zones) -> bool:
    """Let the keys and policies of a zone move on. Whether the zone must say something else now. A trouble with one is
    logged, and holds up none of the others."""
    now = host.clock.now()
    steps: list[Callable[[], bool]] = [partial(dkim.advance, host, name, now, known) for name in known.domains(zone)]
    steps += [partial(mta_sts.advance, host, name, now) for name in known.domains(zone)]
    if known.server.zone == zone:
        steps.append(partial(tlsa.advance, host, now))
    changed = False
    for step in steps:
        try:
            changed = step() or changed
        except MailwardError as trouble:
            log.warning("keys stay as they are", zone=zone, what=str(trouble.what))
    return changed


class DnsRound:
    """When the next zones are due for a look."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._next = host.clock.monotonic() + EVERY.total_seconds() / 4
        self._after = ""

    def round(self) -> None:
        now = self._host.clock.monotonic()
        if now < self._next:
            return
        self._after = onward(self._host.fresh(), self._after)
        self._next = now + (PAUSE if self._after else EVERY).total_seconds()


def onward(host: Host, after: str) -> str:
    """The next zones after ``after``: those that must say something else get a run. The last one that was looked at, or ""
    when there is none left."""
    known = Zones(host.settings)
    names = [name for name in known.all() if name > after][:AT_ONCE]
    for zone in names:
        try:
            advance(host, zone, known)
            if is_due(host, zone, known):
                ask(host, zone)
        except MailwardError as trouble:
            log.warning("zone passed over", zone=zone, what=str(trouble.what))
    return names[-1] if len(names) == AT_ONCE else ""


def is_due(host: Host, zone: str, known: Zones) -> bool:
    """Whether the zone must say something else than its last run published, or that run ended badly some time ago."""
    last = Run.objects.filter(kind=RunKind.DNS, subject=zone).first()
    if last is None:
        return True
    if last.state in UNDER_WAY:
        return last.answer is not None and last.answer.get("wanted") != fingerprint(zones.whole(host, zone, known))
    told = (last.answer or {}).get("wanted")
    if told != fingerprint(zones.whole(host, zone, known)) and last.state in (RunState.DONE, RunState.UNCHANGED):
        return True
    ended_well = last.state in (RunState.DONE, RunState.UNCHANGED)
    return not ended_well and last.finished_at is not None and host.clock.now() - last.finished_at >= AGAIN_AFTER


def ask(host: Host, zone: str, *, domain: str = "") -> Run:
    """A run for the zone. One that waits to begin is enough."""
    begun = Run.objects.filter(kind=RunKind.DNS, subject=zone, state=RunState.WAITING).first()
    return begun or records.ask(RunKind.DNS, zone, {}, STEWARD, host.clock.now(), domain=domain)


def finished(host: Host, zone: str, known: Zones) -> None:
    """A zone was published: the one above it, if it lives here, must know its keys; so must a demo's resolver."""
    if known.home(zone).kind is not HomeKind.HERE:
        return
    above = known.above(zone)
    if above is not None and known.home(above).kind is HomeKind.HERE and is_due(host, above, known):
        ask(host, above)
    if host.settings.demo is not None and zone in demo_zones.names(host.settings):
        tops = [name for name in demo_zones.names(host.settings) if known.above(name) is None]
        demo_zones.trust(host, {name: zones.ds(host, name) for name in tops})


def fingerprint(meant: Iterable[Record]) -> str:
    """What a zone must say, as one word: two that are equal need no run."""
    told = sorted({(one.name, one.rdtype, one.value) for one in meant})
    return sha256(json.dumps(told).encode()).hexdigest()[:32]
