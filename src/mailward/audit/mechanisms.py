"""Every rule of the board, by its mechanism. A rule is added here when its module lands."""

from collections.abc import Callable, Mapping

from mailward.audit.rules import (
    autoconfig,
    caa,
    contradictions,
    dane,
    dkim,
    dmarc,
    dnsbl,
    dnssec,
    mta_sts,
    mx,
    rdns,
    spf,
    tls_rpt,
)
from mailward.audit.seen import Expected, Seen
from mailward.model.checks import CheckFinding, Mechanism

Rule = Callable[[str, Expected, Seen], list[CheckFinding]]
ServerRule = Callable[[Expected, Seen], list[CheckFinding]]

RULES: Mapping[Mechanism, Rule] = {
    Mechanism.SPF: spf.judge,
    Mechanism.DKIM: dkim.judge,
    Mechanism.DMARC: dmarc.judge,
    Mechanism.MX: mx.judge,
    Mechanism.RDNS: rdns.judge,
    Mechanism.DNSBL: dnsbl.judge,
    Mechanism.DNSSEC: dnssec.judge,
    Mechanism.DANE: dane.judge,
    Mechanism.MTA_STS: mta_sts.judge,
    Mechanism.TLS_RPT: tls_rpt.judge,
    Mechanism.CAA: caa.judge,
    Mechanism.AUTOCONFIG: autoconfig.judge,
    Mechanism.CONTRADICTION: contradictions.judge,
}
"""Of a domain. Certificates and doors are not here: they are made from what the doors' own looks found."""

SERVER_RULES: Mapping[Mechanism, ServerRule] = {
    Mechanism.SPF: spf.judge_server,
    Mechanism.RDNS: rdns.judge_server,
    Mechanism.DNSBL: dnsbl.judge_server,
    Mechanism.DNSSEC: dnssec.judge_server,
    Mechanism.DANE: dane.judge_server,
}
"""Of the host itself ("server")."""
