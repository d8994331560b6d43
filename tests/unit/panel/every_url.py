"""Every address of the panel, and what it takes to see it and to send its form: for test_every_url_as_every_role.py.

An address is tried with objects of each side: a customer's own (Blue Bakery), a stranger's (Old Mill Press), the host's.
What must be answered follows from model/rights.py; an address that isn't in here fails the test.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mailward.model.people import Actor
from mailward.model.rights import HOST, READS, Act, Place

OK, FORBIDDEN, UNKNOWN = 200, 403, 404


@dataclass(frozen=True)
class Thing:
    """What an address is about: its arguments, where it lies, and with which right one knows that it's there."""

    args: Mapping[str, object]
    place: Place = HOST
    read: Act | None = None  # None: that it exists is known to all

    @property
    def is_host(self) -> bool:
        return self.place == HOST


Needs = Callable[[Actor, Thing], int]


@dataclass(frozen=True)
class Address:
    """``see``: what GET answers (None: it isn't for GET, 405). ``send``: likewise for POST. ``things``: their name in the
    world; "": it is about nothing."""

    see: Needs | None
    send: Needs | None = None
    things: str = ""
    form: Mapping[str, str] = field(default_factory=dict)  # what a form must hold to be one


def decided(actor: Actor, acts: tuple[Act, ...], thing: Thing) -> int:
    if all(actor.may(act, thing.place) for act in acts):
        return OK
    if thing.read is None:
        return FORBIDDEN
    sees = any(grant.covers(thing.place) and (grant.allows(acts[0]) or grant.allows(thing.read)) for grant in actor.grants)
    return FORBIDDEN if sees else UNKNOWN


def everybody(_actor: Actor, _thing: Thing) -> int:
    return OK


def somewhere(act: Act) -> Needs:
    return lambda actor, _thing: OK if actor.may_somewhere(act) else FORBIDDEN


def here(*acts: Act) -> Needs:
    """At the thing itself. Of the host's lineages and of "server", the server's own rights are asked."""

    def needs(actor: Actor, thing: Thing) -> int:
        asked = acts
        if thing.is_host and set(acts) & _OF_CERTIFICATES:
            asked = (Act.SERVER_READ,) if all(act in READS for act in acts) else (Act.SERVER_CHANGE,)
        return decided(actor, asked, thing)

    return needs


def gated(*acts: Act) -> Needs:
    """A form for those alone who may do it somewhere: others are told that, whatever they ask about."""
    return lambda actor, thing: here(*acts)(actor, thing) if actor.may_somewhere(acts[0]) else FORBIDDEN


_OF_CERTIFICATES = {Act.CERTIFICATES_READ, Act.CERTIFICATES_CHANGE, Act.CERTIFICATES_CHOOSE, Act.CERTIFICATES_REVOKE}


def _people(act: Act) -> Needs:
    def needs(actor: Actor, thing: Thing) -> int:
        return decided(actor, (act,), thing) if actor.may_somewhere(Act.PEOPLE_READ) else FORBIDDEN

    return needs


def _run(actor: Actor, thing: Thing) -> int:
    sees = actor.may(Act.RUNS_READ) or (not thing.is_host and actor.may(Act.DOMAINS_READ, thing.place))
    return OK if sees else UNKNOWN


def _roll_back(actor: Actor, thing: Thing) -> int:
    return UNKNOWN if _run(actor, thing) == UNKNOWN else decided(actor, (Act.RUNS_ROLLBACK,), Thing({}))


def _client(actor: Actor, thing: Thing) -> int:
    return OK if actor.may(Act.CLIENTS_READ, thing.place) else UNKNOWN


READ, CHANGE, CHOOSE = Act.CERTIFICATES_READ, Act.CERTIFICATES_CHANGE, Act.CERTIFICATES_CHOOSE

ADDRESSES: Mapping[str, Address] = {
    "home": Address(everybody),
    "doors": Address(somewhere(Act.DOORS_READ)),
    "doors-verify": Address(None, here(Act.DOORS_VERIFY)),
    "domains": Address(somewhere(Act.DOMAINS_READ)),
    "domain-add": Address(somewhere(Act.DOMAINS_ADD), somewhere(Act.DOMAINS_ADD)),
    "domain": Address(here(Act.DOMAINS_READ), things="domains"),
    "reports": Address(here(Act.DNS_READ), here(Act.DNS_CHANGE), things="domains"),
    "domain-remove": Address(here(Act.DOMAINS_REMOVE), here(Act.DOMAINS_REMOVE), things="domains"),
    "tls-policy": Address(here(Act.DNS_READ), here(Act.DNS_CHANGE), things="domains"),
    "board": Address(somewhere(Act.DNS_READ)),
    "board-check": Address(None, here(Act.DNS_READ)),
    "domain-board": Address(here(Act.DNS_READ), things="domains"),
    "domain-dns": Address(here(Act.DNS_READ), here(Act.DNS_CHANGE), things="domains", form={"do": "publish"}),
    "domain-cure": Address(None, here(Act.DNS_CHANGE), things="domains"),
    "domain-control": Address(None, here(Act.DNS_CHANGE), things="domains"),
    "names": Address(here(Act.SERVER_READ), here(Act.SERVER_CHANGE), form={"do": "deny", "pattern": "abused"}),
    "mail-settings": Address(somewhere(Act.DOMAINS_READ)),
    "mail-settings-domain": Address(here(READ), here(CHOOSE), things="domains", form={"secure": "dns-01"}),
    "clients": Address(somewhere(Act.CLIENTS_READ), somewhere(Act.CLIENTS_READ)),
    "client-look": Address(_client, things="looks"),
    "client-live": Address(_client, things="looks"),
    "addresses": Address(somewhere(Act.MAILBOXES_READ)),
    "address-add": Address(somewhere(Act.MAILBOXES_CHANGE), somewhere(Act.MAILBOXES_CHANGE)),
    "address-strength": Address(None, everybody),
    "address": Address(here(Act.MAILBOXES_READ), things="mailboxes"),
    "address-password": Address(None, gated(Act.PASSWORDS_CHANGE), things="mailboxes"),
    "address-quota": Address(None, here(Act.MAILBOXES_CHANGE), things="mailboxes"),
    "address-switch": Address(None, here(Act.MAILBOXES_CHANGE), things="mailboxes"),
    "address-remove": Address(gated(Act.MAILBOXES_REMOVE), gated(Act.MAILBOXES_REMOVE), things="mailboxes"),
    "app-password-add": Address(None, here(Act.PASSWORDS_CHANGE), things="mailboxes"),
    "app-password-revoke": Address(None, here(Act.PASSWORDS_CHANGE), things="app_passwords"),
    "certificates": Address(somewhere(READ)),
    "certificate-where": Address(somewhere(CHANGE)),
    "certificate-new": Address(gated(CHANGE), gated(CHANGE), things="scopes"),
    "certificate": Address(here(READ), things="lineages"),
    "certificate-live": Address(here(READ), things="lineages"),
    "certificate-renew": Address(None, here(CHANGE), things="lineages"),
    "certificate-revoke": Address(gated(Act.CERTIFICATES_REVOKE), gated(Act.CERTIFICATES_REVOKE), things="lineages"),
    "certificate-answer": Address(None, here(CHANGE), things="requests"),
    "certificate-request": Address(here(READ), things="requests"),
    "certificate-file": Address(here(READ), things="files"),
    "people": Address(somewhere(Act.PEOPLE_READ)),
    "person-invite": Address(somewhere(Act.ROLES_CHANGE), somewhere(Act.ROLES_CHANGE)),
    "person": Address(_people(Act.PEOPLE_READ), None, things="people"),
    "groups": Address(somewhere(Act.PEOPLE_READ), somewhere(Act.PEOPLE_CHANGE)),
    "group": Address(_people(Act.PEOPLE_READ), None, things="groups"),
    "activity": Address(somewhere(Act.EVENTS_READ)),
    "activity-export": Address(somewhere(Act.EVENTS_READ)),
    "tokens": Address(everybody, everybody),
    "server": Address(here(Act.SERVER_READ), here(Act.SERVER_CHANGE)),
    "server-choose": Address(None, here(Act.SERVER_CHANGE)),
    "server-secure": Address(None, here(Act.SERVER_CHANGE)),
    "runs": Address(everybody),
    "run": Address(_run, things="runs"),
    "run-live": Address(_run, things="runs"),
    "run-roll-back": Address(None, _roll_back, things="runs"),
    "account": Address(everybody),
    "account-password": Address(None, everybody),
    "account-language": Address(None, everybody),
    "account-sessions-end": Address(None, everybody),
    "code-app": Address(everybody, everybody),
    "passkey": Address(everybody, everybody),
    "second-factor-remove": Address(None, everybody, things="factors"),
    "recovery-codes": Address(everybody, everybody),
    "recovery-codes-file": Address(everybody),
    "api-docs": Address(everybody),
    "api-docs-operation": Address(everybody, things="operations"),
}

OPEN: Mapping[str, str] = {
    "asset": "style, scripts and pictures hold nothing of anybody's",
    "status-json": "the state of the steward for a monitor: its page says who may read it",
    "sign-in": "where one signs in",
    "account_login": "the same under allauth's name",
    "mfa_authenticate": "the second step of it",
    "sign-out": "ends a session, if there is one",
    "confirm": "shows a second factor again",
    "enrol": "where who must have a second factor sets one up",
    "invitation": "whoever holds the link's secret",
    "openapi": "the API's description, the same for every instance",
}
"""Addresses whose answer doesn't hang on roles, and why."""
