"""Checks: what a look at DNS (and at what it points to) found of a domain, what it means, and the record that cures it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mailward.model.dns import Record
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict

CHECKS_STALE_AFTER = timedelta(hours=24)  # what was found longer ago is unknown now


class Mechanism(StrEnum):
    """What is looked at, in the order in which a board shows it."""

    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    MX = "mx"
    RDNS = "rdns"
    DNSBL = "dnsbl"
    DNSSEC = "dnssec"
    DANE = "dane"
    MTA_STS = "mta_sts"
    TLS_RPT = "tls_rpt"
    CAA = "caa"
    AUTOCONFIG = "autoconfig"
    CERTIFICATE = "certificate"
    DOOR = "door"
    CONTRADICTION = "contradiction"


SIX = (Mechanism.SPF, Mechanism.DKIM, Mechanism.DMARC, Mechanism.MX, Mechanism.DNSBL, Mechanism.RDNS)
"""The checklist's six: a domain is green when every one of them passes."""

SPOKEN_MECHANISMS = {
    Mechanism.SPF: Sentence("SPF: who may send"),
    Mechanism.DKIM: Sentence("DKIM: signed mail"),
    Mechanism.DMARC: Sentence("DMARC: what happens to forged mail"),
    Mechanism.MX: Sentence("MX: where mail goes"),
    Mechanism.RDNS: Sentence("rDNS: the server's address has its name"),
    Mechanism.DNSBL: Sentence("DNSBL: on no block list"),
    Mechanism.DNSSEC: Sentence("DNSSEC: signed answers"),
    Mechanism.DANE: Sentence("DANE: the key that other servers must meet"),
    Mechanism.MTA_STS: Sentence("MTA-STS: encryption that other servers must insist on"),
    Mechanism.TLS_RPT: Sentence("TLS-RPT: reports about failed encryption"),
    Mechanism.CAA: Sentence("CAA: who may issue certificates"),
    Mechanism.AUTOCONFIG: Sentence("Records by which mail programs find their settings"),
    Mechanism.CERTIFICATE: Sentence("Certificates"),
    Mechanism.DOOR: Sentence("Doors"),
    Mechanism.CONTRADICTION: Sentence("Contradictions"),
}


@dataclass(frozen=True)
class Evidence:
    """One answer that a finding rests on: what was asked, what came, from whom."""

    name: str
    rdtype: str  # "TXT", or "HTTPS" for a fetched policy, "SMTP" for a handshake
    rcode: str  # "NOERROR", "NXDOMAIN", "TIMEOUT", …
    records: tuple[str, ...]  # presentation format, at most 20 of at most 1,000 characters
    server: str
    authentic: bool = False  # validated by DNSSEC
    ttl: int | None = None  # seconds that the answer may still be kept


@dataclass(frozen=True)
class CheckFinding:
    """One line of the board. ``code`` is stable and documented in docs/codes.md."""

    domain: str  # "server" for what is the host's own
    mechanism: Mechanism
    subject: str  # what it is about: a name, an address, a selector, a list
    verdict: Verdict
    code: str
    reason: Sentence  # what is so, and what it means for people
    evidence: tuple[Evidence, ...]
    remedy: Sentence  # what ends it; NOTHING when nothing is wrong
    source: str  # who looked: "resolver 127.0.0.1:5353", "Knot", "doors"
    checked_at: datetime
    cure: tuple[Record, ...] = ()  # the exact records to publish
    replaces: tuple[Record, ...] = ()  # records that have to go for the cure


@dataclass(frozen=True)
class Board:
    """How a domain stands: the worst verdict of each mechanism that was looked at."""

    domain: str
    verdicts: dict[Mechanism, Verdict]
    checked_at: datetime | None

    @property
    def is_green(self) -> bool:
        """Every one of the six passed."""
        return all(self.verdicts.get(one) is Verdict.PASS for one in SIX)


NO_REMEDY = NOTHING
