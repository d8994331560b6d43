"""The tables, by subject."""

from mailward.store.models.certificates import AcmeAccount, Lineage, Order, SigningRequest, Version
from mailward.store.models.domains import Alias, Customer, Domain, Mailbox, ServerChoice
from mailward.store.models.records import Event, Finding, Run, RunStep

__all__ = [
    "AcmeAccount",
    "Alias",
    "Customer",
    "Domain",
    "Event",
    "Finding",
    "Lineage",
    "Mailbox",
    "Order",
    "Run",
    "RunStep",
    "ServerChoice",
    "SigningRequest",
    "Version",
]
