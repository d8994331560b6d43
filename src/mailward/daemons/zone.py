"""The zone that a hosted domain gets: where its mail goes and where clients find it (RFC 1035 section 5, RFC 5321
section 5, RFC 6186). Text only: who may change a zone afterwards is knot.py's subject."""

from ipaddress import ip_address

from mailward.daemons.quoting import address as checked_address
from mailward.daemons.quoting import name as checked_name
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.model.settings import Settings
from mailward.standards import client_srv

TTL = 300
LABELS = ("mail", "webmail", "autoconfig", "autodiscover")


def zone_file(
    domain: str, addresses: tuple[str, ...], settings: Settings, *, mail_host: str | None = None, serial: int = 1
) -> str:
    """The whole file. ``addresses`` are what the world reaches this host by. SRV points to ``mail_host`` (None:
    ``mail.<domain>``). The domain that the server's own name lies in gets that name too."""
    domain, host = checked_name(domain), checked_name(settings.hostname)
    if not addresses:
        raise BadInput("addresses", Sentence("{domain} needs at least one address to point to", domain=domain))
    addresses = tuple(checked_address(address) for address in addresses)
    owners = [domain, *(f"{label}.{domain}" for label in LABELS)]
    if host.endswith(f".{domain}") and host not in owners:
        owners.append(host)
    lines = [
        f"{domain}. {TTL} SOA {host}. hostmaster.{domain}. {serial} 3600 600 1209600 {TTL}",
        f"{domain}. {TTL} NS {host}.",
        f"{domain}. {TTL} MX 10 {host}.",
    ]
    lines += [f"{owner}. {TTL} {_type(address)} {address}" for owner in owners for address in addresses]
    lines += [
        f"{record.name}. {TTL} SRV {record.value}"
        for record in client_srv.records(settings, domain, mail_host or f"mail.{domain}", f"autodiscover.{domain}")
    ]
    return "\n".join(lines) + "\n"


def _type(address: str) -> str:
    return "AAAA" if ip_address(address).version == 6 else "A"
