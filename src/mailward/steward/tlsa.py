"""The TLSA set of the server's own name, kept in step with the keys that its door serves: ``publishing/tlsa_rollover.py``
with the store, the authoritative servers and the clock.

``advance`` is asked every minute; ``hold_back`` is asked before each certificate switch, and nothing is switched while the
new keys' hashes are not in every set that a sender may hold. Taking a switch back is never held back: the hashes of what
was served before stay published.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from mailward.model.dns import HomeKind
from mailward.model.doors import Role
from mailward.model.errors import NotPossible
from mailward.model.outside import DnsAnswer, Resolver
from mailward.model.people import STEWARD
from mailward.model.runs import RunKind, RunState, Waiting
from mailward.model.sentence import Sentence
from mailward.model.tables import Served
from mailward.publishing import tlsa_rollover
from mailward.publishing.tlsa_rollover import Look, Obstacle
from mailward.standards import dane
from mailward.steward import next_keys
from mailward.steward.host import Host
from mailward.store import dns, records
from mailward.store import tlsa as rows
from mailward.store.dns import Home
from mailward.store.models import Run, Version
from mailward.store.sentences import to_json

PUBLISHED_AGAIN_AFTER = timedelta(minutes=1)
UNUSED_AFTER = timedelta(days=9)  # longer than any order that failed waits for its next try


def advance(host: Host, now: datetime) -> bool:
    """Move the set's hashes on, and make the next keys. Whether DNS has to say something else than before."""
    name = host.settings.hostname
    rows.forget_others(name)
    if not rows.known(name):
        return _begin(host, name, now)
    changed = _follow_served(name, now)
    changed = next_keys.make_ahead(host) or changed
    changed = rows.forget_unused(name, now - UNUSED_AFTER) or changed
    look = look_at(host, name, dns.Zones(host.settings).server)
    return _keep_look(host, name, look, now) or changed


def _begin(host: Host, name: str, now: datetime) -> bool:
    """The first set: what is served, and what comes next. Both are written down at once, before anything is published."""
    look = look_at(host, name, dns.Zones(host.settings).server)
    with host.lock("host"), transaction.atomic():  # no switch may come between what is served and what is written down
        if not _follow_served(name, now):
            return False
        next_keys.make_ahead(host)
        if look.is_absent:
            rows.came_with_first(name)
    return True


def hold_back(host: Host, after: Sequence[Served], run: Run) -> Waiting | None:
    """Before a switch to ``after``: None when nothing speaks against it; otherwise when to ask again, with the hashes on
    their way into DNS. Raises NotPossible where only people can publish them."""
    name = host.settings.hostname
    keys = _keys(after, name)
    before = rows.known(name)
    if not keys or set(keys) <= set(dns.served_keys()):
        return None
    now = host.clock.now()
    home = dns.Zones(host.settings).server
    is_new = bool(before) and rows.add_hashes(name, keys, now)
    look = look_at(host, name, home)
    if not look.is_there and (not before or (home.kind is HomeKind.BY_HAND and not any(one.seen_at for one in before))):
        return None  # nobody promised anything
    if not before:
        _follow_served(name, now)
        rows.add_hashes(name, keys, now)
    _keep_look(host, name, look, now)
    met = tlsa_rollover.obstacle(rows.known(name), keys, look, now, tlsa_rollover.ttl(host.settings))
    if met is None:
        return None
    if home.kind is HomeKind.BY_HAND:
        if look.is_absent:
            return None  # nobody has published the set: nobody is misled
        raise _by_hand(name, keys, met)
    if is_new or met[0] is Obstacle.MISSING:
        _ask_for_publishing(home.zone, now, at_once=is_new)
    Run.objects.filter(pk=run.pk).update(what=to_json(_why(name, met[0])))
    return Waiting(met[1])


def switched(host: Host) -> None:
    """The store declares other certificates now: call it inside that transaction."""
    name = host.settings.hostname
    if rows.known(name):
        _follow_served(name, host.clock.now())


def look_at(host: Host, name: str, home: Home) -> Look:
    """What each authoritative server of the zone says of the set, asked by itself."""
    servers = _servers(host, home) or [host.resolver]
    answers = [server.query(dane.owner(name), "TLSA") for server in servers]
    silent = tuple(answer.server for answer in answers if answer.rcode not in ("NOERROR", "NXDOMAIN"))
    sets = [_hashes(answer) for answer in answers]
    is_there = any(answer.records for answer in answers)
    return Look(frozenset.intersection(*sets), frozenset.union(*sets), silent, is_there)


def _servers(host: Host, home: Home) -> list[Resolver]:
    """The zone's, as the world finds them. Of a zone that lives here and isn't delegated yet: our own. Of one that is only
    guessed from a name (elsewhere): the nearest above it that has any."""
    if home.kind is HomeKind.HERE:
        return list(host.authoritative(home.zone)) or [*host.own_dns(), *host.copies()]
    labels = home.zone.split(".")
    for at in range(max(1, len(labels) - 1)):  # never a top-level domain's
        if servers := list(host.authoritative(".".join(labels[at:]))):
            return servers
    return []


@transaction.atomic
def _keep_look(host: Host, name: str, look: Look, now: datetime) -> bool:
    known = tlsa_rollover.after_look(rows.known(name), look, now, tlsa_rollover.ttl(host.settings))
    return rows.keep(name, known, now)


@transaction.atomic
def _follow_served(name: str, now: datetime) -> bool:
    served = dns.served_keys()
    if not served:
        return False
    return rows.keep(name, tlsa_rollover.after_switch(name, rows.known(name), served, now), now)


def _keys(after: Sequence[Served], name: str) -> tuple[str, ...]:
    """The hashes of all keys that port 25 would show to who asks for ``name``, and to who asks for no name."""
    mail = [one for one in after if one.role is Role.MAIL]
    exact = [one for one in mail if name in one.names]
    wildcard = [one for one in mail if f"*.{name.partition('.')[2]}" in one.names]
    meant = [*(exact or wildcard), *(one for one in mail if one.default)]
    found: dict[str, None] = {}
    for lineage, number in dict.fromkeys((one.lineage, one.version) for one in meant):
        version = Version.objects.get(lineage_id=lineage, number=number)
        for chain in (version.chain_pem, version.companion_chain_pem):
            if chain:
                found[dns.spki_sha256(bytes(chain))] = None
    return tuple(found)


def _hashes(answer: DnsAnswer) -> frozenset[str]:
    """The ``3 1 1`` hashes of an answer. Other records don't count: this host serves by these."""
    read, _ = dane.parse_all(answer.records)
    wanted = (dane.DANE_EE, dane.PUBLIC_KEY, dane.SHA_256)
    return frozenset(one.data.hex() for one in read if (one.usage, one.selector, one.matching) == wanted)


def _ask_for_publishing(zone: str, now: datetime, *, at_once: bool) -> None:
    """Rather than with the next minute's round; what failed is not asked for every second."""
    asked = Run.objects.filter(kind=RunKind.DNS, subject=zone)
    busy = asked.filter(state__in=[RunState.WAITING, RunState.RUNNING]).exists()
    lately = asked.filter(created_at__gt=now - PUBLISHED_AGAIN_AFTER).exists()
    if not busy and (at_once or not lately):
        records.ask(RunKind.DNS, zone, {}, STEWARD, now)


def _why(name: str, met: Obstacle) -> Sentence:
    return {
        Obstacle.MISSING: Sentence(
            "It waits until all name servers show the new key's TLSA record at {name}: other servers that check it (DANE) "
            "would not deliver otherwise.",
            name=dane.owner(name),
        ),
        Obstacle.YOUNG: Sentence(
            "The new key's TLSA record at {name} is published. It waits until nobody can remember the set without it.",
            name=dane.owner(name),
        ),
        Obstacle.SILENT: Sentence(
            "It waits for name servers that don't say which TLSA records they have at {name}.", name=dane.owner(name)
        ),
    }[met]


def _by_hand(name: str, keys: Sequence[str], met: tuple[Obstacle, datetime]) -> NotPossible:
    owner = dane.owner(name)
    if met[0] is Obstacle.YOUNG:
        said = Sentence("the TLSA record of the new key at {name} is too new: caches hold the set without it", name=owner)
        return NotPossible(
            said, Sentence("Try again after {date}.", date=f"{met[1]:%Y-%m-%d %H:%M} UTC"), code="tlsa-young"
        )
    if met[0] is Obstacle.SILENT:
        said = Sentence("not all name servers say which TLSA records they have at {name}", name=owner)
        return NotPossible(said, Sentence("Try again when they answer."), code="tlsa-silent")
    said = Sentence(
        "the TLSA records at {name} don't hold the new certificate's key: other servers that check them (DANE) would not "
        "deliver any more",
        name=owner,
    )
    shown = "; ".join(f"{owner}. TLSA {dane.of_key(key)}" for key in keys)
    remedy = Sentence("Publish this record beside the others, wait for an hour, then try again: {record}", record=shown)
    return NotPossible(said, remedy, code="tlsa-missing")
