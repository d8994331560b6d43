"""The ``[dns]`` part of ``mailward.toml``: what the provider decides for the DNS of every domain."""

from dataclasses import dataclass

from mailward.model.dns import SPF_TEMPLATE

DEFAULT_DNSBLS = ("bl.spamcop.net", "psbl.surriel.org", "dnsbl.dronebl.org")
"""Lists that anybody may ask without a contract. Spamhaus' (zen.spamhaus.org) is free for small, non-commercial use alone,
and Barracuda's wants a registration: who may ask them adds them to ``dnsbls``."""
DEMO_DNSBL = "dnsbl.localhost"


def split_address(text: str) -> tuple[str, int]:
    """("::1", 53) of "[::1]:53", "::1" or "127.0.0.1:53". ValueError for what can't be cut so."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket:
            raise ValueError(text)
        return host, int(rest.removeprefix(":") or "53")
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, int(port)
    return text, 53


@dataclass(frozen=True)
class Secondary:
    """A name server of somebody's that copies the zones held here (AXFR, IXFR), told of them by the catalog zone."""

    name: str  # as the zones' NS records have it
    address: str  # "192.0.2.7" or "192.0.2.7:5353", "[2001:db8::7]:53"


@dataclass(frozen=True)
class DnsSettings:
    """Defaults that work. No ``public_addresses``: what the doors listen on. No ``reports``: reports@ the server's name."""

    spf: str = SPF_TEMPLATE  # {host} becomes the server's name
    public_addresses: tuple[str, ...] = ()  # what the world reaches the host by, where that differs from what it listens on
    reports: str = ""  # where other servers send their DMARC and TLS reports
    dnsbls: tuple[str, ...] = DEFAULT_DNSBLS
    secondaries: tuple[Secondary, ...] = ()
