"""Where zones live, as the engine sees them. ``host/`` implements this for real; tests hand in fakes; one contract suite
(tests/contract) runs over all of them."""

from collections.abc import Sequence
from typing import Protocol

from mailward.model.dns import Record
from mailward.publishing.difference import SetChange


class ZoneHome(Protocol):
    """A place where zones can be changed. Raises NotPossible with the server's reason, never with a secret in it."""

    def read(self, zone: str) -> tuple[Record, ...]:
        """Every record of the zone but those of DNSSEC and the SOA; TXT as plain text."""
        ...

    def replace(self, zone: str, changes: Sequence[SetChange]) -> None:
        """Make each set hold exactly its ``after``. All or nothing for each set; for all of them together where the place
        can do that. Values of sets that aren't named stay."""
        ...
