"""The short words of the board's columns. They are the field's own in every language."""

from collections.abc import Mapping

from mailward.model.checks import Mechanism

SHORT: Mapping[Mechanism, str] = {
    Mechanism.SPF: "SPF",
    Mechanism.DKIM: "DKIM",
    Mechanism.DMARC: "DMARC",
    Mechanism.MX: "MX",
    Mechanism.RDNS: "rDNS",
    Mechanism.DNSBL: "DNSBL",
    Mechanism.DNSSEC: "DNSSEC",
    Mechanism.DANE: "DANE",
    Mechanism.MTA_STS: "MTA-STS",
    Mechanism.TLS_RPT: "TLS-RPT",
    Mechanism.CAA: "CAA",
    Mechanism.AUTOCONFIG: "Autoconfig",
    Mechanism.CERTIFICATE: "TLS",
    Mechanism.DOOR: "IMAP/SMTP",
    Mechanism.CONTRADICTION: "≠",
}
