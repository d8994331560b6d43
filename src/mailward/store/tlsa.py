"""Rows <-> values of TLSA sets: the hashes of a door's name, and the keys that were made ahead (sealed)."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from mailward.model.dns import TlsaHash, TlsaState
from mailward.model.settings import KeyType
from mailward.store.models import Lineage, TlsaKey

_AHEAD = (TlsaState.NEXT.value, TlsaState.VISIBLE.value)


def known(name: str) -> tuple[TlsaHash, ...]:
    """The set of this name as it is meant, the oldest hash first."""
    rows = TlsaKey.objects.filter(name=name).exclude(state=TlsaState.GONE).order_by("made_at", "pk")
    return tuple(
        TlsaHash(row.name, row.sha256, TlsaState(row.state), row.changed_at, row.seen_at, row.with_first) for row in rows
    )


@transaction.atomic
def keep(name: str, hashes: Sequence[TlsaHash], now: datetime) -> bool:
    """Write down what became of a set. Whether other hashes are in it than before: then DNS has to follow.

    A hash that is gone leaves no row; its key, if one was made ahead, is destroyed with it."""
    before = {row.sha256: row for row in TlsaKey.objects.select_for_update().filter(name=name)}
    after = {one.sha256: one for one in hashes if one.state is not TlsaState.GONE}
    for one in hashes:
        row = before.get(one.sha256)
        if one.state is TlsaState.GONE:
            if row is not None:
                row.delete()
        elif row is None:
            TlsaKey.objects.create(
                name=name, sha256=one.sha256, state=one.state, made_at=now, changed_at=one.changed_at, seen_at=one.seen_at
            )
        elif (row.state, row.changed_at, row.seen_at) != (one.state.value, one.changed_at, one.seen_at):
            row.state, row.changed_at, row.seen_at = one.state, one.changed_at, one.seen_at
            row.save(update_fields=["state", "changed_at", "seen_at"])
    gone = {one.sha256 for one in hashes if one.state is TlsaState.GONE}
    return bool(after.keys() - before.keys()) or bool(gone & before.keys())


def add_key(name: str, sha256: str, kind: KeyType, sealed_key: bytes, now: datetime) -> None:
    """A key that was made ahead. Its hash is to be published next."""
    TlsaKey.objects.create(
        name=name, sha256=sha256, state=TlsaState.NEXT, kind=kind.value, sealed_key=sealed_key, made_at=now, changed_at=now
    )


def add_hashes(name: str, keys: Collection[str], now: datetime, lineage: str | None = None) -> bool:
    """Hashes of keys that came from elsewhere (an uploaded certificate): whether any was new."""
    there = set(TlsaKey.objects.filter(name=name, sha256__in=keys).values_list("sha256", flat=True))
    new = sorted(set(keys) - there)
    TlsaKey.objects.bulk_create(
        TlsaKey(name=name, sha256=key, state=TlsaState.NEXT, lineage_id=lineage, made_at=now, changed_at=now) for key in new
    )
    return bool(new)


def made_ahead(name: str, lineage: Lineage, kind: KeyType) -> TlsaKey | None:
    """The key that this lineage's next certificate is for: its own already, or one that is free. Visible ones first."""
    rows = TlsaKey.objects.filter(
        Q(lineage=lineage) | Q(lineage=None), name=name, kind=kind.value, state__in=_AHEAD
    ).exclude(sealed_key=None)  # fmt: skip
    own_first = sorted(rows, key=lambda row: (row.lineage_id is None, row.state == TlsaState.NEXT, row.made_at))
    return own_first[0] if own_first else None


def came_with_first(name: str) -> None:
    """What is written down of this name now is going to be its first set."""
    TlsaKey.objects.filter(name=name).update(with_first=True)


def take(row: TlsaKey, lineage: Lineage) -> bool:
    """Give a key to a lineage; False when another one was faster."""
    free = TlsaKey.objects.filter(Q(lineage=None) | Q(lineage=lineage), pk=row.pk)
    return free.update(lineage=lineage) == 1


def held_by_version(keys: Collection[str]) -> None:
    """A version holds these keys now: the copy that was made ahead is not needed any more."""
    TlsaKey.objects.filter(sha256__in=keys).update(sealed_key=None)


def forget_others(name: str) -> None:
    """Sets of names that the server had before are nobody's."""
    TlsaKey.objects.exclude(name=name).delete()


def forget_unused(name: str, before: datetime) -> bool:
    """Hashes whose keys were meant for a certificate that never came, or that nobody served, by this moment."""
    stale = TlsaKey.objects.filter(Q(sealed_key=None) | ~Q(lineage=None), name=name, state__in=_AHEAD, made_at__lt=before)
    deleted, _ = stale.delete()
    return bool(deleted)
