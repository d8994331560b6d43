"""What DNS must say: every record of a hosted domain, and of the host itself. Pure; the one place where records are made.

SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 9989), TLS-RPT (RFC 8460), MTA-STS (RFC 8461), CAA (RFC 8659), TLSA (RFC 7672),
MX and addresses (RFC 5321 section 5), SRV (RFC 6186). The records of a zone's own machinery (SOA, NS, DS, DNSSEC) are none
of a domain's: ``steward/zones.py`` and Knot make them. Nothing is asked and nothing is published here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_address

from mailward.model.dns import DkimState, DnsWish, MtaStsMode, Record, TlsaHash, TlsaState
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.model.settings import Settings
from mailward.publishing import tlsa_rollover
from mailward.standards import client_srv
from mailward.standards.hostname import parse_host_name

TTL = 3600
LABELS = ("mail", "webmail", "autoconfig", "autodiscover")
"""Under every domain: where its people and their programs find this host."""
DKIM_PUBLISHED = (DkimState.MADE, DkimState.PUBLISHED, DkimState.SIGNING, DkimState.RETIRING)
TLSA_PUBLISHED = (TlsaState.NEXT, TlsaState.VISIBLE, TlsaState.CURRENT, TlsaState.RETIRING)


@dataclass(frozen=True)
class HostFacts:
    """What is true of the host and of nobody's wish. ``tlsa``: the sets of its doors' names."""

    settings: Settings
    tlsa: tuple[TlsaHash, ...] = ()

    @property
    def hostname(self) -> str:
        return self.settings.hostname

    @property
    def addresses(self) -> tuple[str, ...]:
        """What the world reaches the host by."""
        return self.settings.world_addresses

    @property
    def reports(self) -> str:
        """The address that other servers send their reports to."""
        return self.settings.reports_address


def records(wish: DnsWish, host: HostFacts) -> tuple[Record, ...]:
    """Everything that DNS must say for a domain, in the order of names. Raises BadInput when the host has no address."""
    domain = wish.domain
    found = [Record(domain, "MX", f"10 {host.hostname}.", TTL)]
    names = [domain, *(f"{label}.{domain}" for label in LABELS)]
    if wish.mta_sts is not MtaStsMode.OFF:
        names.append(f"mta-sts.{domain}")
        if wish.mta_sts_id:  # a policy is served
            found.append(_text(f"_mta-sts.{domain}", f"v=STSv1; id={wish.mta_sts_id};"))
    for name in names:
        if name != host.hostname:  # the server's own name is the server's (server_records)
            found += _addresses(name, host)
    found.append(_text(domain, spf(wish, host)))
    found += [_text(f"{key.selector}._domainkey.{domain}", key.record) for key in wish.dkim if key.state in DKIM_PUBLISHED]
    found.append(_text(f"_dmarc.{domain}", dmarc(wish, host)))
    if wish.tls_rpt:
        found.append(_text(f"_smtp._tls.{domain}", f"v=TLSRPTv1; rua=mailto:{host.reports}"))
    found += [Record(domain, "CAA", f'0 issue "{issuer}"', TTL) for issuer in wish.caa]
    found += client_records(host.settings, domain, f"mail.{domain}" if wish.own_certificate else host.hostname)
    return tuple(sorted(found))


def client_records(settings: Settings, domain: str, mail_host: str) -> tuple[Record, ...]:
    """The SRV records by which mail programs find the host."""
    found = client_srv.records(settings, domain, mail_host, f"autodiscover.{domain}")
    return tuple(Record(srv.name, "SRV", srv.value, TTL) for srv in found)


def server_records(host: HostFacts) -> tuple[Record, ...]:
    """What DNS must say for the server's own name: addresses, who may send for it, its keys, and that other domains'
    reports may come here (RFC 9990 section 4). The name takes mail: reports are sent to it."""
    name = host.hostname
    found = _addresses(name, host)
    found.append(Record(name, "MX", f"10 {name}.", TTL))
    found.append(_text(name, "v=spf1 a -all"))
    terms = [f"ip{ip_address(address).version}:{address}" for address in host.addresses]
    found.append(_text(f"_spf.{name}", " ".join(("v=spf1", *terms, "-all"))))
    if host.reports.rpartition("@")[2] == name:
        found.append(_text(f"*._report._dmarc.{name}", "v=DMARC1"))
    found += [
        Record(f"_25._tcp.{one.name}", "TLSA", f"3 1 1 {one.sha256}", tlsa_rollover.ttl(host.settings))
        for one in host.tlsa
        if one.state in TLSA_PUBLISHED
    ]
    return tuple(sorted(found))


def spf(wish: DnsWish, host: HostFacts) -> str:
    """The provider's template with what this domain needs beside it, put before what ends it."""
    terms = host.settings.spf_template.split()
    last = next((at for at, term in enumerate(terms) if ends_spf(term)), len(terms))
    more = [term for term in dict.fromkeys(wish.spf_terms) if term not in terms]
    return " ".join((*terms[:last], *more, *terms[last:]))


def ends_spf(term: str) -> bool:
    """Whether nothing behind this term is looked at (RFC 7208 sections 5.1 and 6.1)."""
    return term.lstrip("+-~?").lower() == "all" or term.lower().startswith("redirect=")


def dmarc(wish: DnsWish, host: HostFacts) -> str:
    """The policy with where the reports go."""
    testing = "; t=y" if wish.dmarc_testing else ""
    return f"v=DMARC1; p={wish.dmarc.value}; rua=mailto:{host.reports}{testing}"


def within(found: Iterable[Record], zone: str) -> tuple[Record, ...]:
    """Those whose names lie in the zone."""
    return tuple(one for one in found if lies_in(one.name, zone))


def lies_in(name: str, zone: str) -> bool:
    return name == zone or name.endswith(f".{zone}")


def reverse(address: str, hostname: str) -> Record:
    """The PTR record that rDNS wants (RFC 8601 section 3, iprev): whose address it is."""
    return Record(ip_address(address).reverse_pointer, "PTR", f"{hostname}.", TTL)


def checked(found: Iterable[Record]) -> tuple[Record, ...]:
    """The same, each name looked at: root writes files and updates of these. Raises BadInput."""
    return tuple(replace(one, name=_checked_name(one.name)) for one in found)


def _checked_name(name: str) -> str:
    labels = name.removeprefix("*.").split(".")
    if len(name) > 253 or not all(_is_label(label) for label in labels):
        raise BadInput("name", Sentence("{value} is not a name", value=ascii(name)[:100]), code="bad-name")
    return name.lower()


def _is_label(label: str) -> bool:
    return 0 < len(label) <= 63 and label.isascii() and all(c.isalnum() or c in "-_" for c in label)


def _addresses(name: str, host: HostFacts) -> list[Record]:
    if not host.addresses:
        raise BadInput("addresses", Sentence("{domain} needs at least one address to point to", domain=name))
    parse_host_name(name, "name")
    return [Record(name, _type(address), address, TTL) for address in host.addresses]


def _text(name: str, value: str) -> Record:
    return Record(name, "TXT", value, TTL)


def _type(address: str) -> str:
    return "AAAA" if ip_address(address).version == 6 else "A"
