"""Between records as they are meant and sets as places hold them (model.zones). One contract suite (tests/contract) runs
over all places: our own Knot, any primary that takes dynamic updates, providers with an API."""

from collections.abc import Iterable

from mailward.model.dns import Record
from mailward.model.zones import RecordSet
from mailward.publishing.difference import SetChange
from mailward.standards.zone_text import plain, presented


def observed(sets: Iterable[RecordSet]) -> tuple[Record, ...]:
    """What a place holds, as records."""
    return tuple(
        Record(one.name.lower(), one.rdtype, plain(one.rdtype, value), one.ttl) for one in sets for value in one.values
    )


def after(changes: Iterable[SetChange]) -> tuple[RecordSet, ...]:
    """The sets as they are to be."""
    return tuple(_set(one, one.after) for one in changes)


def before(changes: Iterable[SetChange]) -> tuple[RecordSet, ...]:
    """The same sets as they were: the way back."""
    return tuple(_set(one, one.before) for one in changes)


def _set(change: SetChange, values: tuple[str, ...]) -> RecordSet:
    shown = tuple(presented(change.rdtype, value) for value in values)
    return RecordSet(change.name, change.rdtype, shown, change.ttl)
