"""The file with which a zone begins (RFC 1035 section 5): SOA, NS, and the records that it is handed. Text only: what those
records are is ``publishing/wanted.py``'s word alone, and who may change a zone afterwards is knot.py's subject."""

from collections.abc import Iterable, Sequence

from mailward.daemons.quoting import name as checked_name
from mailward.model.dns import Record
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.standards.zone_text import line

TTL = 3600
NEGATIVE_TTL = 300  # for so long it is believed that a record isn't there (RFC 2308): a new one is seen soon


def zone_file(zone: str, records: Iterable[Record], servers: Sequence[str], *, serial: int = 1) -> str:
    """The whole file. ``servers`` are the names of the zone's name servers, the primary first."""
    zone, names = checked_name(zone), [checked_name(server) for server in servers]
    lines = [f"{zone}. {TTL} IN SOA {names[0]}. hostmaster.{zone}. {serial} 3600 600 1209600 {NEGATIVE_TTL}"]
    lines += [f"{zone}. {TTL} IN NS {name}." for name in names]
    for record in sorted(set(records)):
        if (record.name, record.rdtype) == (zone, "NS"):
            continue
        text = line(record)
        if "\n" in text or "\r" in text or not (record.name == zone or record.name.endswith(f".{zone}")):
            raise BadInput("name", Sentence("{value} is not a name", value=ascii(record.name)[:100]), code="bad-name")
        lines.append(text)
    return "\n".join(lines) + "\n"
