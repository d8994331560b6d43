"""DNS runs: what a zone must say is compared with what it says, changed where it is Mailward's to change, and waited for
until every authoritative server says it; or what was there before is put back. The subject is the zone.

A run that was killed begins anew: it finds the old state or the new one, never half of a set, and what it had planned
counts as its own. A zone that people change by hand is only watched: the run waits until they have, and says what
is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailward.daemons.quoting import name as checked_name
from mailward.model.dns import HomeKind, Record
from mailward.model.runs import Outcome, RunKind, RunState, Step, Waiting
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.settings import OWN_TOP_LEVEL
from mailward.model.zones import ZoneHome
from mailward.publishing import homes
from mailward.publishing.difference import Difference, Key, SetChange, difference
from mailward.steward import dkim, dns_day, dns_seen, zones
from mailward.steward.dns_seen import Missing
from mailward.steward.host import Host
from mailward.store import dns, values, zone_secret
from mailward.store.dns import Home, Zones
from mailward.store.models import Domain, DomainDns, Run
from mailward.store.records import StoreRecorder


@dataclass(frozen=True)
class Planned:
    """What a run set out to do, kept in its request: a killed one must know it, and the way back is made of it."""

    changes: tuple[SetChange, ...] = ()
    published: tuple[tuple[str, str, tuple[str, ...]], ...] = ()  # what was Mailward's before, of the same sets


def carry_out(run: Run, host: Host, recorder: StoreRecorder) -> Outcome | Waiting:
    """Publish what the zone must say, and prove it."""
    zone = checked_name(run.subject)
    _rotate(run, host)
    if (why := _why_not(run, zone, host)) is not None:
        return Outcome(RunState.UNCHANGED, why, NOTHING, host.clock.now())
    with recorder.step(Step.OBSERVE):
        known = Zones(host.settings)
        dns_day.advance(host, zone, known)
        home = known.home(zone)
        if home.kind is HomeKind.HERE:
            zones.serve(host, [zone], known)
        meant = zones.whole(host, zone, known)
    if home.kind is HomeKind.BY_HAND:
        return dns_seen.watch(run, host, zone, meant)
    secret = zone_secret.opened(host.unseal.unseal(home.sealed_secret), home) if home.sealed_secret else b""
    place = host.homes(home, secret)
    with recorder.step(Step.OBSERVE):
        there = homes.observed(place.read(zone))
    with recorder.step(Step.PLAN):
        found, planned = _plan(run, zone, there, meant)
    if found.changes:
        with recorder.step(Step.APPLY):
            place.replace(zone, homes.after(found.changes))
    ours = [(*change.key, change.ours, change.ttl) for change in (*found.changes, *found.settled)]
    dns.remember_all(zone, ours, host.clock.now())
    with recorder.step(Step.VERIFY):
        missing = dns_seen.wait(host, home, _unseen(zone, found))
        dns.saw(zone, {c.key for c in _unseen(zone, found)} - {one.key for one in missing}, host.clock.now())
    _answer(run, host, home, meant, found, missing)
    if not missing:
        dns_day.advance(host, zone, known)  # what waited for these records to be seen
        dns_day.finished(host, zone, known)
        return _done(zone, found, planned, host)
    waiting = dns_seen.patience(run, host, home, missing)
    if waiting is not None:
        return waiting
    if not any(one.answered for one in missing):
        return _unknown(zone, missing[0], host)
    with recorder.step(Step.UNDO):
        return _undo(zone, place, planned, missing[0], host)


def _unknown(zone: str, silent: Missing, host: Host) -> Outcome:
    """Nothing is taken back for a server of which nobody knows what it shows."""
    said = Sentence("{server} didn't answer, so nobody can say what it shows of {zone}", server=silent.server, zone=zone)
    remedy = Sentence(
        "The records are published. Look at that name server, then run: mailward dns publish {zone}", zone=zone
    )
    return Outcome(RunState.FAILED, said, remedy, host.clock.now())


def _rotate(run: Run, host: Host) -> None:
    """New DKIM keys that somebody asked for with this run. It may be taken up more than once: they are made once."""
    if "rotate" in run.request:
        for domain in run.request["rotate"]:
            dkim.rotate(host, checked_name(domain), host.clock.now())
        run.request = {key: value for key, value in run.request.items() if key != "rotate"}
        run.save(update_fields=["request"])


def _why_not(run: Run, zone: str, host: Host) -> Sentence | None:
    """Nothing is done to a zone that isn't held here (any more), nor to what this host keeps for itself (the catalog)."""
    if zone.rpartition(".")[2] == OWN_TOP_LEVEL or zone not in Zones(host.settings).all():
        return Sentence("the zone {zone} is none of this host's", zone=zone)
    return Sentence("a later run publishes {zone}", zone=zone) if _is_overtaken(run) else None


def _is_overtaken(run: Run) -> bool:
    """Whether a later run does it: two that wait for the same zone would each look for what the other doesn't want. What
    somebody allowed to be replaced isn't lost: that run plans first."""
    if run.request.get("overwrite") and "planned" not in run.request:
        return False
    return Run.objects.filter(kind=RunKind.DNS, subject=run.subject, pk__gt=run.pk).exclude(state=RunState.REFUSED).exists()


def _plan(run: Run, zone: str, there: Sequence[Record], meant: Sequence[Record]) -> tuple[Difference, Planned]:
    overwrite = {(str(name).lower(), str(rdtype).upper()) for name, rdtype in run.request.get("overwrite", ())}
    ours = _ours(run, zone)
    found = difference(there, meant, ours, overwrite)
    planned = values.thaw(Planned, run.request["planned"]) if "planned" in run.request else Planned()
    known = {change.key for change in planned.changes}
    fresh = tuple(change for change in found.changes if change.key not in known)
    if fresh:
        before = tuple((*change.key, tuple(sorted(ours.get(change.key, ())))) for change in fresh)
        planned = Planned((*planned.changes, *fresh), (*planned.published, *before))
        run.request = {**run.request, "planned": values.freeze(planned)}
        run.plan = [_shown(change) for change in planned.changes]
        run.save(update_fields=["request", "plan"])
    for name, terms in found.spf_terms:
        _keep_terms(name, terms)
    return found, planned


def _ours(run: Run, zone: str) -> dict[Key, set[str]]:
    """What is Mailward's: what was published last, and what runs that were killed had planned."""
    ours: dict[Key, set[str]] = {(one.name, one.rdtype): set(one.values) for one in dns.published(zone)}
    left = Run.objects.filter(kind=RunKind.DNS, subject=run.subject, state=RunState.RUNNING, pk__lte=run.pk)
    for other in left:
        if "planned" in other.request:
            for change in values.thaw(Planned, other.request["planned"]).changes:
                ours.setdefault(change.key, set()).update(change.ours)
    return ours


def _keep_terms(name: str, terms: Sequence[str]) -> None:
    """What somebody's SPF record needed is the domain's own wish from now on."""
    domain = Domain.objects.filter(name=name).first()
    if domain is not None:
        row, _ = DomainDns.objects.get_or_create(domain=domain)
        row.spf_terms = list(dict.fromkeys([*row.spf_terms, *terms]))
        row.save(update_fields=["spf_terms"])


def _shown(change: SetChange) -> Mapping[str, object]:
    """One set as runs show their changes."""
    kind = "remove" if not change.after else "change" if change.before else "add"
    gone = [f"-{value}" for value in change.before if value not in change.after]
    new = [f"+{value}" for value in change.after if value not in change.before]
    said = Sentence("{name} {rdtype}: {count} records", name=change.name, rdtype=change.rdtype, count=len(change.after))
    return {
        "path": f"{change.name} {change.rdtype}",
        "kind": kind,
        "sentence": said.to_json(),
        "diff": "\n".join(gone + new),
    }


def _unseen(zone: str, found: Difference) -> list[SetChange]:
    """The sets that nobody has seen yet at every server: what was changed, and what was waited for before."""
    waited = {(one.name, one.rdtype) for one in dns.published(zone) if one.seen_at is None}
    gone = [change for change in found.changes if not change.after]
    return [change for change in (*found.changes, *found.settled) if change.key in waited] + gone


def _answer(
    run: Run, host: Host, home: Home, meant: Sequence[Record], found: Difference, missing: Sequence[Missing]
) -> None:
    """What people are shown of the zone, until the next run."""
    run.answer = {
        "wanted": dns_day.fingerprint(meant),
        "conflicts": [values.freeze(conflict) for conflict in found.conflicts],
        "missing": [values.freeze(one) for one in missing],
        "ds": list(zones.ds(host, home.zone)) if home.kind is HomeKind.HERE else [],
    }
    run.save(update_fields=["answer"])


def _done(zone: str, found: Difference, planned: Planned, host: Host) -> Outcome:
    now, remedy = host.clock.now(), NOTHING
    if found.conflicts:
        names = ", ".join(f"{one.name} {one.rdtype}" for one in found.conflicts[:5])
        said = Sentence("Records that aren't Mailward's were left as they are: {names}. See: mailward dns show {zone}",
                        names=names, zone=zone)  # fmt: skip
        remedy = said
    if not planned.changes:
        return Outcome(RunState.UNCHANGED, Sentence("{zone} says what it should", zone=zone), remedy, now)
    said = Sentence("{zone} says it at every name server", zone=zone)
    return Outcome(RunState.DONE, said, remedy, now)


def _undo(zone: str, place: ZoneHome, planned: Planned, why: Missing, host: Host) -> Outcome:
    """Put back what was there before this run."""
    now = host.clock.now()
    place.replace(zone, homes.before(planned.changes))
    was = {(name, rdtype): held for name, rdtype, held in planned.published}
    for change in planned.changes:
        dns.remember(zone, *change.key, [v for v in was.get(change.key, ()) if v in change.before], change.ttl, now)
    said = Sentence("{server} doesn't show {name} {rdtype}, so the zone {zone} is as it was before", server=why.server,
                    name=why.name, rdtype=why.rdtype, zone=zone)  # fmt: skip
    remedy = Sentence("Look why that server gets no copy of the zone, then run: mailward dns publish {zone}", zone=zone)
    return Outcome(RunState.UNDONE, said, remedy, now)
