"""A zone at a primary that takes dynamic updates (RFC 2136) and shows the zone by transfer (RFC 5936), both signed by TSIG.

Our own Knot is one. All sets of a change go in one message, which the primary takes whole or not at all.
"""

from collections.abc import Sequence

import dns.exception
import dns.message
import dns.query
import dns.rdatatype
import dns.zone

from mailward.host.dns_update import Rfc2136, absolute
from mailward.host.resolver import server_of
from mailward.model.errors import NotPossible
from mailward.model.sentence import Sentence
from mailward.model.zones import OF_THE_SERVER, RecordSet

MOST_SETS = 100_000


class Rfc2136Home:
    """``server`` is "address:port"; ``updates`` are those to it, with the key that signs transfers, too."""

    def __init__(self, server: str, updates: Rfc2136, *, timeout: float = 10.0) -> None:
        self._server = server
        self._updates = updates
        self._timeout = timeout

    def read(self, zone: str) -> tuple[RecordSet, ...]:
        address, port = server_of(self._server)
        found = dns.zone.Zone(absolute(zone), relativize=False)
        query = dns.message.make_query(absolute(zone), "AXFR")
        query.use_tsig(self._updates.key())
        try:
            dns.query.inbound_xfr(address, found, query, port=port, timeout=self._timeout, lifetime=self._timeout * 3)
        except (dns.exception.DNSException, OSError, EOFError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            said = Sentence(
                "The name server {server} did not show the zone {zone}: {reason}",
                server=self._server,
                zone=zone,
                reason=reason[:200],
            )
            remedy = Sentence("Let it allow zone transfers with the key for updates")
            raise NotPossible(said, remedy, code="dns-transfer") from None
        return _sets(found, zone)

    def replace(self, zone: str, sets: Sequence[RecordSet]) -> None:
        self._updates.replace_all(zone, sets)


def _sets(found: dns.zone.Zone, zone: str) -> tuple[RecordSet, ...]:
    sets: list[RecordSet] = []
    for name, held in found.iterate_rdatasets():
        rdtype = dns.rdatatype.to_text(held.rdtype)
        if rdtype not in OF_THE_SERVER:
            values = tuple(sorted(one.to_text() for one in held))
            sets.append(RecordSet(name.to_text(omit_final_dot=True).lower(), rdtype, values, held.ttl))
    if len(sets) > MOST_SETS:
        raise NotPossible(Sentence("The zone {zone} is too large to be read", zone=zone), code="zone-too-large")
    return tuple(sorted(sets))
