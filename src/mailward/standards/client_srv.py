"""SRV records by which clients find a mailbox's servers: RFC 6186 (imap, imaps, pop3, pop3s, submission), RFC 8314
section 5.1 (submissions), RFC 5804 (sieve), and Outlook's ``_autodiscover._tcp``.

A service that isn't offered is announced as such with the target "." (RFC 6186 section 3.4). IMAP is preferred to POP3
by priority. Names are without a trailing dot here; the zone's text form puts it on the target.
"""

from dataclasses import dataclass

from mailward.model.doors import Door
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.model.settings import Settings
from mailward.standards.hostname import parse_host_name
from mailward.standards.mail_settings import MailServer
from mailward.standards.xml_documents import parse_port

AUTODISCOVER = "_autodiscover._tcp"
SERVICES: dict[Door, str] = {
    Door.IMAPS: "_imaps._tcp",
    Door.IMAP: "_imap._tcp",
    Door.POP3S: "_pop3s._tcp",
    Door.POP3: "_pop3._tcp",
    Door.SUBMISSIONS: "_submissions._tcp",
    Door.SUBMISSION: "_submission._tcp",
    Door.SIEVE: "_sieve._tcp",
}
_PRIORITIES = {Door.POP3S: 10, Door.POP3: 10}


@dataclass(frozen=True)
class SrvRecord:
    """RFC 2782. ``name`` is the owner name; ``target`` "" says that the service is not offered."""

    name: str
    priority: int
    weight: int
    port: int
    target: str

    @property
    def value(self) -> str:
        """The record's data as in a zone file."""
        return f"{self.priority} {self.weight} {self.port} {self.target}."


def service_name(door: Door, domain: str) -> str:
    return f"{SERVICES[door]}.{domain}"


def records(settings: Settings, domain: str, host: str, web_host: str) -> tuple[SrvRecord, ...]:
    """What the zone of ``domain`` says: mail at ``host``, Autodiscover at ``web_host`` on the HTTPS door."""
    found = [
        SrvRecord(service_name(door, domain), _PRIORITIES.get(door, 0), 1, settings.ports[door], host)
        if settings.is_open(door)
        else SrvRecord(service_name(door, domain), 0, 0, 0, "")
        for door in SERVICES
    ]
    if settings.is_open(Door.HTTPS):
        found.append(SrvRecord(f"{AUTODISCOVER}.{domain}", 0, 1, settings.ports[Door.HTTPS], web_host))
    return tuple(found)


def parse(name: str, value: str) -> SrvRecord:
    """One record's data. Raises BadInput (``srv-form``, ``port``, ``name-…``)."""
    parts = value.split()
    if len(parts) != 4 or not all(_is_number(part) for part in parts[:3]):
        raise BadInput("srv", Sentence("This is not the data of an SRV record."), code="srv-form")
    priority, weight, port = (int(part) for part in parts[:3])
    if parts[3] == ".":
        return SrvRecord(name, priority, weight, port, "")
    target = parse_host_name(parts[3], "srv", single_label=True)
    return SrvRecord(name, priority, weight, parse_port(parts[2], "srv"), target)


def in_order(found: list[SrvRecord]) -> list[SrvRecord]:
    """The offered ones, the preferred first (RFC 2782, without the random choice among equal priorities)."""
    return sorted((record for record in found if record.target), key=lambda r: (r.priority, -r.weight, r.target, r.port))


def server_of(door: Door, record: SrvRecord) -> MailServer:
    """The server that a record announces for a door's service."""
    return MailServer(door.kind.protocol, record.target, record.port, door.kind.tls)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and int(text) < 65536
