"""DKIM keys of the domains held here: made, sealed into the store, published for the mail path, and replaced
(``publishing/dkim_rotation.py`` says when). Nobody needs to be there for it.

In this order, so that a steward that is killed at any moment leaves a whole set behind, old or new: the files that the mail
path reads, then the rows. A key is told to sign before its row says that it does, and the key before it stops before its
row says that it retires; what was done twice is the same as once. Each call puts the files right again.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

import structlog
from django.db import transaction

from mailward.daemons.users import MAILPATH
from mailward.mailpath import published
from mailward.mailpath.published import SigningKey
from mailward.model.dns import DkimAlgorithm, DkimSelector, DkimState, HomeKind
from mailward.model.errors import BadInput
from mailward.model.outside import Resolver
from mailward.publishing import dkim_rotation
from mailward.publishing.dkim_rotation import Make, Move, Step
from mailward.standards import dkim
from mailward.standards.dkim import KeyKind, KeyRecord
from mailward.standards.txt import joined_text
from mailward.steward.host import Host
from mailward.store import dkim as rows
from mailward.store.dns import Home, Zones

_KINDS = {DkimAlgorithm.RSA2048: KeyKind.RSA, DkimAlgorithm.ED25519: KeyKind.ED25519}
log = structlog.get_logger()


def advance(host: Host, domain: str, now: datetime, zones: Zones | None = None) -> bool:
    """Move the domain's keys on as far as they can go. Whether DNS has to say something else than before."""
    keys = rows.keys(domain)
    home = (zones or Zones(host.settings)).of(domain)
    shown = _shown(host, home, [key for key in keys if dkim_rotation.is_ahead(key)])
    every = None if home.kind is HomeKind.BY_HAND else dkim_rotation.EVERY  # people are not sent to their zone unasked
    found = dkim_rotation.steps(keys, shown, now, every=every)
    publish(host, domain, keys, dkim_rotation.signing(keys, found))
    return _keep(host, domain, found, now)


def rotate(host: Host, domain: str, now: datetime) -> bool:
    """New keys, whatever the age of those that sign. Where one is on its way in already, it is the one."""
    keys = rows.keys(domain)
    ahead = {key.algorithm for key in keys if dkim_rotation.is_ahead(key)}
    used = {key.selector for key in keys}
    made = [dkim_rotation.new_key(algorithm, used, now) for algorithm in DkimAlgorithm if algorithm not in ahead]
    return _keep(host, domain, made, now)


def publish(host: Host, domain: str, keys: Sequence[DkimSelector], selectors: Collection[str]) -> None:
    """Let the mail path sign with these keys and no others. Keys come before the list that names them, and go after it."""
    place, listed = published.place(host.layout.dkim, domain), published.signing_file(host.layout.dkim, domain)
    known = {key.selector: key.algorithm for key in keys}
    wanted = [SigningKey(name, known[name], published.key_name(name)) for name in selectors]
    content = published.write(wanted)
    if wanted:
        _write_keys(host, domain, place, wanted)
        if not host.files.exists(listed) or host.files.read(listed) != content:
            host.files.write(listed, content, mode=0o640, group=MAILPATH)
    else:
        host.files.remove(listed)
    for name in set(host.files.names(place)) - {listed.name, *(key.file for key in wanted)}:
        host.files.remove(place / name)


def take_away(host: Host, domain: str) -> None:
    """A domain that is held no more: its mail isn't signed, and no key of it is left. A missing one is no error."""
    place = published.place(host.layout.dkim, domain)
    host.files.remove(published.signing_file(host.layout.dkim, domain))
    if host.files.exists(place):
        host.files.remove_tree(place)


def _write_keys(host: Host, domain: str, place: Path, wanted: Sequence[SigningKey]) -> None:
    missing = [key for key in wanted if not host.files.exists(place / key.file)]
    if not missing:
        return
    host.files.make_directory(place, mode=0o750, group=MAILPATH)
    sealed = rows.sealed(domain, [key.selector for key in missing])
    for key in missing:
        pem = host.unseal.unseal(sealed[key.selector])
        dkim.load_private(pem)  # what the panel's process can write is no key until it was read
        host.files.write(place / key.file, pem, mode=0o640, group=MAILPATH)


def _shown(host: Host, home: Home, keys: Sequence[DkimSelector]) -> set[str]:
    """The selectors whose records every authoritative server of the zone shows now. One that is silent shows nothing."""
    if not keys:
        return set()
    here = home.kind is HomeKind.HERE
    servers: Sequence[Resolver] = [*host.own_dns(), *host.copies()] if here else host.authoritative(home.zone)
    return {key.selector for key in keys if servers and all(_shows(server, key) for server in servers)}


def _shows(server: Resolver, key: DkimSelector) -> bool:
    answer = server.query(f"{key.selector}._domainkey.{key.domain}", "TXT")
    if answer.rcode != "NOERROR" or len(answer.records) != 1:
        return False
    try:
        return KeyRecord.parse(joined_text(answer.records[0])) == KeyRecord.parse(key.record)
    except BadInput:
        return False


def _keep(host: Host, domain: str, found: Sequence[Step], now: datetime) -> bool:
    """Write the steps down, all or none. Whether DNS has to follow: a key came or went."""
    made = [(step, dkim.make_key(_KINDS[step.algorithm])) for step in found if isinstance(step, Make)]
    moved = [step for step in found if isinstance(step, Move)]
    with transaction.atomic():
        for new, key in made:
            sealed = host.seal.seal(dkim.private_pem(key))
            rows.add(domain, new, KeyRecord.of(key).format(), sealed, now)
        for move in moved:
            rows.move(domain, move, now)
    for new, _ in made:
        log.info("dkim key", domain=domain, selector=new.selector, state=DkimState.MADE.value)
    for move in moved:
        log.info("dkim key", domain=domain, selector=move.selector, state=move.to.value)
    return bool(made) or any(move.to is DkimState.GONE for move in moved)
