"""A place of zones on a dictionary (model.zones.ZoneHome): what MemoryDnsUpdates holds, readable through its resolver."""

from collections.abc import Sequence

from fakes.told_resolver import MemoryDnsUpdates
from mailward.model.zones import OF_THE_SERVER, RecordSet


class MemoryZoneHome:
    """``updates`` holds every zone of the test's world."""

    def __init__(self, updates: MemoryDnsUpdates) -> None:
        self._updates = updates

    def read(self, zone: str) -> tuple[RecordSet, ...]:
        if self._updates.refuses is not None:
            raise self._updates.refuses
        return tuple(
            RecordSet(name, rdtype, tuple(sorted(values)))
            for (name, rdtype), values in sorted(self._updates.records.items())
            if (name == zone or name.endswith(f".{zone}")) and rdtype not in OF_THE_SERVER
        )

    def replace(self, zone: str, sets: Sequence[RecordSet]) -> None:
        for one in sets:
            self._updates.replace(zone, one.name, one.rdtype, one.values, one.ttl)
