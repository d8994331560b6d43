"""Records as zone files write them (RFC 1035 section 5.1), and in the one form in which two of them can be compared.

TXT values are the plain text here (``model.dns.Record``); all others are in presentation format. No DNS is asked.
"""

import dns.exception
import dns.name
import dns.rdata

from mailward.model.dns import Record
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.standards import txt

NAMES_IN_DATA = frozenset({"CNAME", "DNAME", "MX", "NS", "PTR", "SRV"})
LONGEST_VALUE = 20_000  # characters; more is in no record of mail


def normal(rdtype: str, value: str) -> str:
    """The value in its one form: names in lower case and absolute, numbers without leading zeros. What can't be read stays
    as it is, so that it differs from everything that we would write."""
    if rdtype == "TXT" or len(value) > LONGEST_VALUE:
        return value
    try:
        read = dns.rdata.from_text("IN", rdtype, value, origin=dns.name.root, relativize=False).to_text()
    except (dns.exception.DNSException, ValueError, UnicodeError):
        return value
    return read.lower() if rdtype in NAMES_IN_DATA else read


def plain(rdtype: str, presentation: str) -> str:
    """What an answer or a zone transfer says, as ``Record.value`` has it."""
    return txt.joined_text(presentation) if rdtype == "TXT" else normal(rdtype, presentation)


def presented(rdtype: str, value: str) -> str:
    """``Record.value`` as a zone file has it. Raises BadInput for text that no TXT record can hold."""
    if rdtype != "TXT":
        return value
    try:
        return txt.quoted(value)
    except ValueError as trouble:
        raise BadInput("value", Sentence("{value} is no {rdtype} record: {reason}", value=value[:100], rdtype="TXT",
                                         reason=trouble), code="dns-value") from None  # fmt: skip


def line(record: Record) -> str:
    """One line of a zone file, with absolute names."""
    return f"{record.name}. {record.ttl} IN {record.rdtype} {presented(record.rdtype, record.value)}"
