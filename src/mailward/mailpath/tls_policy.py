"""How mail for a domain must leave: what Postfix is told when it asks (TLS_README, ``smtp_tls_policy_maps``).

DANE comes first: where DNSSEC vouches for a domain's MX and for their TLSA records, MTA-STS must not be what a failing DANE
look is replaced with (RFC 8461 section 2). So Postfix is told nothing there, and its own level ``dane`` applies. Elsewhere
the MTA-STS policy counts, if there is one. ``mandatory`` is asked for mail that must not go in clear: ``dane-only`` where
DANE covers every MX, and where nobody is known to promise anything Postfix' level of that transport, ``encrypt``, applies.

Nothing is fetched here: DNS is a Resolver, MTA-STS an ``Ask`` of Debian's postfix-mta-sts-resolver. What can't be known now
is a delay (``TEMP``), never clear text.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from mailward.model.outside import DnsAnswer, Resolver
from mailward.standards import dane

OPPORTUNISTIC, MANDATORY = "opportunistic", "mandatory"
NOT_FOUND = "NOTFOUND "
MOST_HOSTS = 20  # of one domain's MX that are looked at
Ask = Callable[[str], str]


class Covered(StrEnum):
    """How far DANE covers a domain's mail servers."""

    NONE = "none"
    SOME = "some"
    ALL = "all"
    UNKNOWN = "unknown"  # DNS didn't answer, or the answer was forged


@dataclass(frozen=True)
class TlsPolicy:
    """Answers in the words of socketmap_table(5). ``mta_sts`` is asked for a domain, and answers in the same words."""

    resolver: Resolver
    mta_sts: Ask

    def answer(self, table: str, key: str) -> str:
        """For one question of Postfix: a next hop (a domain, or ``[host]:port``, which promises nothing)."""
        domain = key.partition(":")[0].rstrip(".").lower()
        if table not in (OPPORTUNISTIC, MANDATORY) or not _is_domain(domain):
            return NOT_FOUND
        covered = covers(self.resolver, domain)
        if covered is Covered.UNKNOWN:
            return "TEMP the mail servers of this domain can't be found out now"
        if covered is Covered.ALL:
            return "OK dane-only" if table == MANDATORY else NOT_FOUND
        if covered is Covered.SOME and table == OPPORTUNISTIC:
            return NOT_FOUND
        try:
            return self.mta_sts(domain)
        except (OSError, ValueError):
            return "TEMP the MTA-STS policy of this domain can't be found out now"


def covers(resolver: Resolver, domain: str) -> Covered:
    """Whether the names of the MX and their TLSA records are vouched for, and usable (RFC 7672 section 2.2)."""
    said = resolver.query(domain, "MX")
    if said.rcode == "NXDOMAIN":
        return Covered.NONE
    if said.rcode != "NOERROR":
        return Covered.UNKNOWN
    if not said.authentic:
        return Covered.NONE
    hosts = _hosts(said) or ([] if said.records else [domain])
    looks = [resolver.query(f"_25._tcp.{host}", "TLSA") for host in hosts[:MOST_HOSTS]]
    usable = [look.authentic and any(map(dane.is_usable, dane.parse_all(look.records)[0])) for look in looks]
    if not any(usable):
        silent = any(look.rcode not in ("NOERROR", "NXDOMAIN") for look in looks)
        return Covered.UNKNOWN if silent else Covered.NONE
    return Covered.ALL if all(usable) and len(hosts) == len(looks) else Covered.SOME


def _hosts(said: DnsAnswer) -> list[str]:
    """The names of the MX; of a null MX (RFC 7505) none."""
    names = (record.split()[-1].rstrip(".").lower() for record in said.records if record.split())
    return [name for name in names if name]


def _is_domain(text: str) -> bool:
    return (
        0 < len(text) <= 253
        and not text.startswith((".", "["))
        and text.isascii()
        and text.isprintable()
        and " " not in text
    )
