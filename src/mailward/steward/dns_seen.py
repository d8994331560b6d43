"""Whether every authoritative server of a zone shows what was published, and how long one waits for it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from mailward.model.dns import HomeKind, Record
from mailward.model.outside import Resolver
from mailward.model.runs import Outcome, RunState, Waiting
from mailward.model.sentence import Sentence
from mailward.publishing.difference import Key, SetChange, kind_of, sets
from mailward.standards.zone_text import plain
from mailward.steward import dns_day
from mailward.steward.host import Host
from mailward.store import dns, values
from mailward.store.dns import Home
from mailward.store.models import Run

HERE_PATIENCE = 10.0  # seconds until our own server and its secondaries, which are told at once, show a change
FIRST_PATIENCE = 1.0  # seconds that are waited for a provider's at once
GIVEN_UP_AFTER = timedelta(hours=1)  # a provider's server that answers without the change after this long doesn't get it
SILENT_FOR = timedelta(days=1)  # a server that doesn't answer at all
LONGEST_PAUSE = timedelta(minutes=15)
MOST_SHOWN = 50


@dataclass(frozen=True)
class Missing:
    """A set that a server doesn't show. ``answered``: it said so; otherwise nobody knows."""

    server: str
    name: str
    rdtype: str
    answered: bool

    @property
    def key(self) -> Key:
        return self.name, self.rdtype


def wait(host: Host, home: Home, changes: Sequence[SetChange]) -> tuple[Missing, ...]:
    """What is still missing after a while."""
    if not changes:
        return ()
    here = home.kind is HomeKind.HERE
    servers = [*host.own_dns(), *host.copies()] if here else host.authoritative(home.zone)
    end = host.clock.monotonic() + (HERE_PATIENCE if here else FIRST_PATIENCE)
    left = {change.key: change for change in changes}
    while True:
        missing = look(servers, left.values(), home.zone)
        left = {key: change for key, change in left.items() if key in {one.key for one in missing}}
        if not missing or host.clock.monotonic() >= end:
            return missing
        host.clock.sleep(0.05)


def look(servers: Sequence[Resolver], changes: Iterable[SetChange], zone: str) -> tuple[Missing, ...]:
    """What each server doesn't show of these sets. A zone without servers shows nothing."""
    changes = list(changes)
    if not servers:
        return tuple(Missing(zone, *change.key, answered=False) for change in changes)
    found = []
    for server in servers:
        for change in changes:
            answer = server.query(*change.key)
            is_known = answer.rcode in ("NOERROR", "NXDOMAIN")
            shown = tuple(sorted({plain(change.rdtype, record) for record in answer.records}))
            if not is_known or shown != change.after:
                found.append(Missing(answer.server, *change.key, answered=is_known))
                if not is_known:
                    break  # it won't answer the next question either; the others are asked when it does
    return tuple(found)


def patience(run: Run, host: Host, home: Home, missing: Sequence[Missing]) -> Waiting | None:
    """Until when the run waits; None: no longer."""
    now = host.clock.now()
    age = now - (run.started_at or now)
    answered = any(one.answered for one in missing)
    if answered and (home.kind is HomeKind.HERE or age >= GIVEN_UP_AFTER):
        return None
    if age >= SILENT_FOR:
        return None
    return Waiting(now + min(LONGEST_PAUSE, max(timedelta(seconds=5), age / 4)))


def watch(run: Run, host: Host, zone: str, meant: Sequence[Record]) -> Outcome | Waiting:
    """A zone that people change by hand: what is seen everywhere is published; the run waits for the rest, however long."""
    now = host.clock.now()
    servers = host.authoritative(zone)
    wanted = {key: shown for key, shown in sets(meant).items() if key[1] not in ("NS", "DS")}
    missing = [one for server in servers for one in _lacking(server, wanted)]
    if not servers:
        missing = [Missing(zone, *key, answered=False) for key in wanted]
    lacking = {one.key for one in missing}
    for key in {(one.name, one.rdtype) for one in dns.published(zone)} - wanted.keys():
        dns.remember(zone, *key, (), 0, now)
    seen = wanted.keys() - lacking
    for key in seen:
        dns.remember(zone, *key, wanted[key], 3600, now)
    dns.saw(zone, seen, now)
    run.answer = {
        "wanted": dns_day.fingerprint(meant),
        "conflicts": [],
        "missing": [values.freeze(one) for one in missing[:MOST_SHOWN]],
        "ds": [],
    }
    run.save(update_fields=["answer"])
    if not missing:
        said = Sentence("{zone} says it at every name server", zone=zone)
        return Outcome(RunState.DONE, said, Sentence(""), now)
    age = now - (run.started_at or now)
    return Waiting(now + min(LONGEST_PAUSE, max(timedelta(minutes=1), age / 4)))


def _lacking(server: Resolver, wanted: dict[Key, tuple[str, ...]]) -> list[Missing]:
    found = []
    for key, must in wanted.items():
        answer = server.query(*key)
        is_known = answer.rcode in ("NOERROR", "NXDOMAIN")
        if not is_known or not satisfied(must, {plain(key[1], record) for record in answer.records}, key[1]):
            found.append(Missing(answer.server, *key, answered=is_known))
        if not is_known:
            break
    return found


def satisfied(must: Collection[str], there: Collection[str], rdtype: str) -> bool:
    """Whether what is there says what it must. By hand, texts of others may stand beside ours, and an SPF record may hold
    more than ours."""
    if rdtype != "TXT":
        return set(must) == set(there)
    for value in must:
        same = [one for one in there if kind_of(one) == kind_of(value)] if kind_of(value) else []
        if value in there and len(same) <= 1:
            continue
        terms = {term.lower().removeprefix("+") for term in value.split()}
        merged = [one for one in same if terms <= {term.lower().removeprefix("+") for term in one.split()}]
        if kind_of(value) != "v=spf1" or len(same) != 1 or not merged:
            return False
    return True
