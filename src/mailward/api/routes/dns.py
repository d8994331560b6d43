"""DNS of the domains: what it is to say, where it lives, what is declared about it, and publishing it."""

from typing import Any

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from mailward.actions import dns, dns_cures, dns_policy
from mailward.actions.dns_policy import DnsPolicyWish
from mailward.api.asked import Started, at, started
from mailward.api.shapes import shape_of
from mailward.api.wishes import Name, Wish
from mailward.model.checks import Mechanism
from mailward.model.dns import DmarcPolicy, HomeKind, MtaStsMode

router = Router()
Dns = shape_of(dns.DnsRow, "Dns")
DnsPolicy = shape_of(dns_policy.DnsPolicyRow, "DnsPolicy")


class RecordSetName(Wish):
    """All records of one name and type."""

    name: Name = Field(description="The name", examples=["alpha.test"])
    rdtype: str = Field(max_length=10, pattern="^[A-Za-z0-9]+$", description="The type", examples=["MX"])


class WhatToPublish(Wish):
    """What may be replaced."""

    overwrite: list[RecordSetName] = Field(
        default_factory=list,
        max_length=50,
        description="Others' records that may be replaced; they were shown as conflicts",
    )


class WhatToCure(Wish):
    """A finding of the last check."""

    mechanism: Mechanism = Field(description="What was looked at", examples=["spf"])
    subject: str = Field(max_length=300, description="What it is about", examples=["alpha.test"])


class NewHome(Wish):
    """Where a zone lives."""

    home: HomeKind = Field(description="here, provider or by-hand", examples=["provider"])
    zone: Name | None = Field(None, description="The zone, where it is one above the domain", examples=["example.test"])
    provider: str = Field("", max_length=60, description="rfc2136, powerdns, or a provider of dns-lexicon")
    options: dict[str, str] = Field(default_factory=dict, description="url, server, key …; nothing secret")
    secret: str | None = Field(None, max_length=4000, description="The API's token or the key's secret; never shown again")


class PolicyChoice(Wish):
    """What isn't named stays as it is."""

    spf_terms: list[str] | None = Field(None, max_length=20, description="What SPF needs beside the provider's template")
    dmarc: DmarcPolicy | None = Field(None, description="What becomes of forged mail")
    dmarc_testing: bool | None = Field(None, description="Ask receivers to act one step milder")
    mta_sts: MtaStsMode | None = Field(None, description="Whether senders must encrypt")
    tls_rpt: bool | None = Field(None, description="Ask for reports about failed encryption")
    caa: list[str] | None = Field(None, max_length=10, description="Authorities that may issue certificates")


@router.get("/domains/{domain}/dns", response=Dns, summary="Show what a domain's DNS is to say")
def show_dns(request: HttpRequest, domain: str) -> Any:
    """Record by record and as a zone file, with what was not seen yet. `server`: the host's own name."""
    return dns.show_dns(*at(request), domain)


@router.post("/domains/{domain}/dns/publish", response={202: Started}, summary="Publish what DNS must say")
def publish_dns(request: HttpRequest, domain: str, wish: WhatToPublish) -> Any:
    """Waits until every name server shows it. Others' records stay, but for those that are named."""
    named = [(one.name, one.rdtype) for one in wish.overwrite]
    return started(request, dns.publish_dns(*at(request), domain, named))


@router.post("/domains/{domain}/dns/cure", response={202: Started}, summary="Cure what a check found")
def cure_dns(request: HttpRequest, domain: str, wish: WhatToCure) -> Any:
    """Publishes the records that the finding names as its cure."""
    return started(request, dns_cures.cure_dns(*at(request), domain, wish.mechanism, wish.subject))


@router.post("/domains/{domain}/dns/home", response={202: Started}, summary="Choose where a zone lives")
def set_dns_home(request: HttpRequest, domain: str, wish: NewHome) -> Any:
    """Here, at a provider with an API, or wherever people change it by hand."""
    asked = dns.set_dns_home(
        *at(request), domain, wish.home, zone=wish.zone, provider=wish.provider, options=wish.options, secret=wish.secret
    )
    return started(request, asked)


@router.get("/domains/{domain}/dns/policy", response=DnsPolicy, summary="Show what a domain declares about its DNS")
def show_dns_policy(request: HttpRequest, domain: str) -> Any:
    """Who else sends for it, what becomes of forged mail, and what else is published."""
    return dns_policy.show_dns_policy(*at(request), domain)


@router.post("/domains/{domain}/dns/policy", response={202: Started}, summary="Declare what a domain's DNS is to say")
def set_dns_policy(request: HttpRequest, domain: str, wish: PolicyChoice) -> Any:
    """It is published at once, and waited for."""
    changed = DnsPolicyWish(wish.spf_terms, wish.dmarc, wish.dmarc_testing, wish.mta_sts, wish.tls_rpt, wish.caa)
    return started(request, dns_policy.set_dns_policy(*at(request), domain, changed))
