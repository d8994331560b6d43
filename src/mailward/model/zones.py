"""Zones as places hold them: sets of records in presentation format, and the Protocol of a place that can be changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, order=True)
class RecordSet:
    """All records of one name and type (RFC 2181 section 5). Names without a trailing dot; no values: there are none."""

    name: str
    rdtype: str
    values: tuple[str, ...]  # presentation format (RFC 1035 section 5.1), TXT in its quotes
    ttl: int = 3600


class ZoneHome(Protocol):
    """A place where a zone can be changed. Raises NotPossible with the server's reason, never with a secret in it."""

    def read(self, zone: str) -> tuple[RecordSet, ...]:
        """Every set of the zone but the SOA and those of DNSSEC, which the server makes itself."""
        ...

    def replace(self, zone: str, sets: Sequence[RecordSet]) -> None:
        """Make each set hold exactly its values. All or nothing for each; for all together where the place can do that.
        Sets that aren't named stay."""
        ...


OF_THE_SERVER = frozenset({"SOA", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY", "ZONEMD"})
"""What a zone's server makes by itself: neither shown nor written."""
