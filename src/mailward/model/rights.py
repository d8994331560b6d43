"""Who may do what: every act, every role, and how far a grant reaches. Data alone; ``actions/permission.py`` decides.

A person holds grants, each a role within a reach: the whole host, a customer, a domain or one mailbox. What no grant
allows is forbidden (least rights); what lies outside every reach does not exist for that person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mailward.model.sentence import Sentence


class Act(StrEnum):
    """What a person can do, in words that tokens, the API and the records use. Never rename one."""

    CUSTOMERS_READ = "customers.read"
    CUSTOMERS_CHANGE = "customers.change"
    DOMAINS_READ = "domains.read"
    DOMAINS_ADD = "domains.add"
    DOMAINS_REMOVE = "domains.remove"
    CERTIFICATES_READ = "certificates.read"
    CERTIFICATES_CHANGE = "certificates.change"  # order, upload, request, renew
    CERTIFICATES_CHOOSE = "certificates.choose"
    CERTIFICATES_REVOKE = "certificates.revoke"
    DOORS_READ = "doors.read"
    DOORS_VERIFY = "doors.verify"
    CLIENTS_READ = "clients.read"  # what will my mail client say
    MAILBOXES_READ = "mailboxes.read"
    MAILBOXES_CHANGE = "mailboxes.change"  # add mailboxes and aliases, quotas
    MAILBOXES_REMOVE = "mailboxes.remove"
    PASSWORDS_CHANGE = "passwords.change"  # of a mailbox: its own password and its app passwords
    SERVER_READ = "server.read"
    SERVER_CHANGE = "server.change"  # server-wide certificates, doors, TLS profile, CAs
    RUNS_READ = "runs.read"
    RUNS_APPLY = "runs.apply"
    RUNS_ROLLBACK = "runs.rollback"
    PEOPLE_READ = "people.read"
    PEOPLE_CHANGE = "people.change"  # invite, close, open
    ROLES_CHANGE = "roles.change"
    EVENTS_READ = "events.read"
    DNS_READ = "dns.read"
    DNS_CHANGE = "dns.change"


READS: frozenset[Act] = frozenset(act for act in Act if act.value.endswith(".read"))

DANGEROUS: frozenset[Act] = frozenset(
    {
        Act.DOMAINS_REMOVE,
        Act.CERTIFICATES_REVOKE,
        Act.MAILBOXES_REMOVE,
        Act.SERVER_CHANGE,
        Act.RUNS_ROLLBACK,
        Act.ROLES_CHANGE,
    }
)
"""Acts that ask for a fresh second factor (a password again, where no second factor is set up or demanded)."""


class PersonRole(StrEnum):
    PROVIDER = "provider"
    SUPPORT = "support"
    DNS_ADMINISTRATOR = "dns-administrator"
    CUSTOMER = "customer"
    MAIL_ADMINISTRATOR = "mail-administrator"
    MAILBOX_USER = "mailbox-user"
    AUDITOR = "auditor"


class Reach(StrEnum):
    """What a grant is tied to."""

    HOST = "host"
    CUSTOMER = "customer"
    DOMAIN = "domain"
    MAILBOX = "mailbox"


_CERTIFICATES = {Act.CERTIFICATES_READ, Act.CERTIFICATES_CHANGE, Act.CERTIFICATES_CHOOSE, Act.CERTIFICATES_REVOKE}
_MAILBOXES = {Act.MAILBOXES_READ, Act.MAILBOXES_CHANGE, Act.MAILBOXES_REMOVE, Act.PASSWORDS_CHANGE}
_LOOKING = {Act.DOMAINS_READ, Act.DOORS_READ, Act.DOORS_VERIFY, Act.CLIENTS_READ}

RIGHTS: Mapping[PersonRole, frozenset[Act]] = {
    PersonRole.PROVIDER: frozenset(Act),
    PersonRole.SUPPORT: frozenset(READS | {Act.DOORS_VERIFY}),
    PersonRole.DNS_ADMINISTRATOR: frozenset(
        {Act.DOMAINS_READ, Act.CERTIFICATES_READ, Act.DOORS_READ, Act.DNS_READ, Act.DNS_CHANGE}
    ),
    PersonRole.CUSTOMER: frozenset(
        _LOOKING
        | _CERTIFICATES
        | _MAILBOXES
        | {Act.CUSTOMERS_READ, Act.DOMAINS_ADD, Act.DOMAINS_REMOVE, Act.PEOPLE_READ, Act.PEOPLE_CHANGE, Act.ROLES_CHANGE}
        | {Act.EVENTS_READ, Act.DNS_READ, Act.DNS_CHANGE}
    ),
    PersonRole.MAIL_ADMINISTRATOR: frozenset(_LOOKING | _MAILBOXES | {Act.CERTIFICATES_READ, Act.EVENTS_READ}),
    PersonRole.MAILBOX_USER: frozenset({Act.MAILBOXES_READ, Act.PASSWORDS_CHANGE, Act.CLIENTS_READ}),
    PersonRole.AUDITOR: frozenset(READS - {Act.MAILBOXES_READ}),
}

REACHES: Mapping[PersonRole, tuple[Reach, ...]] = {
    PersonRole.PROVIDER: (Reach.HOST,),
    PersonRole.SUPPORT: (Reach.HOST,),
    PersonRole.DNS_ADMINISTRATOR: (Reach.HOST, Reach.CUSTOMER, Reach.DOMAIN),
    PersonRole.CUSTOMER: (Reach.CUSTOMER,),
    PersonRole.MAIL_ADMINISTRATOR: (Reach.DOMAIN,),
    PersonRole.MAILBOX_USER: (Reach.MAILBOX,),
    PersonRole.AUDITOR: (Reach.HOST, Reach.CUSTOMER),
}
"""What each role may be tied to; the first is what is offered."""

GIVES: Mapping[PersonRole, frozenset[PersonRole]] = {
    PersonRole.PROVIDER: frozenset(PersonRole),
    PersonRole.CUSTOMER: frozenset(
        {
            PersonRole.CUSTOMER,
            PersonRole.MAIL_ADMINISTRATOR,
            PersonRole.MAILBOX_USER,
            PersonRole.DNS_ADMINISTRATOR,
            PersonRole.AUDITOR,
        }
    ),
}
"""Which roles somebody may give and take within the reach of their own; who isn't named gives none."""

MUST_HAVE_SECOND_FACTOR: frozenset[PersonRole] = frozenset(
    {PersonRole.PROVIDER, PersonRole.SUPPORT, PersonRole.DNS_ADMINISTRATOR, PersonRole.AUDITOR}
)
"""Unless mailward.toml says otherwise (``second_factor``), these must enrol before they see anything else."""

SPOKEN_ROLES: Mapping[PersonRole, Sentence] = {
    PersonRole.PROVIDER: Sentence("Provider"),
    PersonRole.SUPPORT: Sentence("Support"),
    PersonRole.DNS_ADMINISTRATOR: Sentence("DNS administrator"),
    PersonRole.CUSTOMER: Sentence("Customer"),
    PersonRole.MAIL_ADMINISTRATOR: Sentence("Mail administrator"),
    PersonRole.MAILBOX_USER: Sentence("Mailbox user"),
    PersonRole.AUDITOR: Sentence("Auditor"),
}


@dataclass(frozen=True)
class Place:
    """Where an object lies: the customer who holds it, its domain, its mailbox. Nothing at all: the host itself."""

    customer: str | None = None
    domain: str | None = None
    mailbox: str | None = None


HOST = Place()


@dataclass(frozen=True)
class Grant:
    """A role within a reach. Nothing named: the whole host. ``mailbox`` is an address."""

    role: PersonRole
    customer: str | None = None
    domain: str | None = None
    mailbox: str | None = None

    @property
    def reach(self) -> Reach:
        if self.mailbox is not None:
            return Reach.MAILBOX
        if self.domain is not None:
            return Reach.DOMAIN
        return Reach.HOST if self.customer is None else Reach.CUSTOMER

    def allows(self, act: Act) -> bool:
        return act in RIGHTS[self.role]

    def covers(self, place: Place) -> bool:
        """Whether ``place`` lies in this grant's reach."""
        if self.mailbox is not None:
            return place.mailbox == self.mailbox
        if self.domain is not None:
            return place.domain == self.domain
        return self.customer is None or place.customer == self.customer
