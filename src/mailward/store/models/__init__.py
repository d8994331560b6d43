"""The tables, by subject."""

from mailward.store.models.certificates import AcmeAccount, Lineage, Order, SigningRequest, Version
from mailward.store.models.dns import (
    Check,
    DkimKey,
    DomainBoard,
    DomainDns,
    PublishedRecord,
    TlsaKey,
    TlsDestination,
    Zone,
)
from mailward.store.models.domains import Alias, AppPassword, Customer, Domain, Mailbox, ServerChoice
from mailward.store.models.names import ControlProof, DeniedName, NameForm, NameWatch, PartnerName, WatchedName
from mailward.store.models.people import Account, ApiToken, Group, Invitation, KeptAnswer, RoleGrant
from mailward.store.models.records import DomainState, Event, Finding, Run, RunStep
from mailward.store.models.reports import AggregateReport, AggregateRow, TlsReport

__all__ = [
    "Account",
    "AcmeAccount",
    "AggregateReport",
    "AggregateRow",
    "Alias",
    "ApiToken",
    "AppPassword",
    "Check",
    "ControlProof",
    "Customer",
    "DeniedName",
    "DkimKey",
    "Domain",
    "DomainBoard",
    "DomainDns",
    "DomainState",
    "Event",
    "Finding",
    "Group",
    "Invitation",
    "KeptAnswer",
    "Lineage",
    "Mailbox",
    "NameForm",
    "NameWatch",
    "Order",
    "PartnerName",
    "PublishedRecord",
    "RoleGrant",
    "Run",
    "RunStep",
    "ServerChoice",
    "SigningRequest",
    "TlsDestination",
    "TlsReport",
    "TlsaKey",
    "Version",
    "WatchedName",
    "Zone",
]
