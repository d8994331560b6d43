"""DMARC (RFC 9989, which replaced RFC 7489) and its aggregate reports (RFC 9990): the record, the DNS tree walk, alignment,
the evaluation of a message, permission for reports' addresses elsewhere, and reports read and made. DNS is asked only
through the ``Resolver`` that is handed in.
"""

from mailward.standards.dmarc.discovery import Discovered, TreeWalk, organizational_domain, policy_for, tree_walk
from mailward.standards.dmarc.evaluation import DmarcCheck, DmarcResult, aligned, evaluate
from mailward.standards.dmarc.external import External, Permission, external
from mailward.standards.dmarc.record import DmarcError, DmarcRecord, Mode, Policy, Psd, parse

__all__ = [
    "Discovered",
    "DmarcCheck",
    "DmarcError",
    "DmarcRecord",
    "DmarcResult",
    "External",
    "Mode",
    "Permission",
    "Policy",
    "Psd",
    "TreeWalk",
    "aligned",
    "evaluate",
    "external",
    "organizational_domain",
    "parse",
    "policy_for",
    "tree_walk",
]
