"""The tables, by subject."""

from mailward.store.models.certificates import AcmeAccount, Lineage, Order, SigningRequest, Version
from mailward.store.models.domains import Alias, AppPassword, Customer, Domain, Mailbox, ServerChoice
from mailward.store.models.people import Account, ApiToken, Group, Invitation, KeptAnswer, RoleGrant
from mailward.store.models.records import DomainState, Event, Finding, Run, RunStep

__all__ = [
    "Account",
    "AcmeAccount",
    "Alias",
    "ApiToken",
    "AppPassword",
    "Customer",
    "Domain",
    "DomainState",
    "Event",
    "Finding",
    "Group",
    "Invitation",
    "KeptAnswer",
    "Lineage",
    "Mailbox",
    "Order",
    "RoleGrant",
    "Run",
    "RunStep",
    "ServerChoice",
    "SigningRequest",
    "Version",
]
