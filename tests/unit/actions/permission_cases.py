"""Every action, what it needs, and what it is tried with: the table that test_permission_matrix.py goes through.

A case calls its action for one side of the world (``Side``): what is a customer's own, what is a stranger's, what is the
host's. ``expected`` says from RIGHTS and reach alone how that must end. An action without a case here fails the test.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mailward.model.people import Actor
from mailward.model.rights import DANGEROUS, HOST, READS, Act, Grant, PersonRole, Place

ALLOWED, STALE, FORBIDDEN, UNKNOWN = "allowed", "needs a second factor", "forbidden", "unknown"


@dataclass(frozen=True)
class Side:
    """Whose objects they are, and what they are called."""

    name: str  # own, foreign or host
    customer: str = ""
    domain: str = "server"
    mailbox: str = ""
    alias: str = ""
    new: str = ""  # a domain that nobody holds yet
    acme: str = ""  # a lineage from a CA, issued, shown nowhere
    csr: str = ""  # one that waits for its answer
    run: int = 0
    more: dict[str, Any] = field(default_factory=dict)  # what other subjects need

    @property
    def place(self) -> Place:
        return HOST if self.name == "host" else Place(self.customer, self.domain)

    @property
    def whole(self) -> Place:
        return Place(self.customer)

    @property
    def box(self) -> Place:
        return Place(self.customer, self.domain, self.mailbox)


@dataclass(frozen=True)
class Case:
    call: Callable[[Any, Actor, Side], object]
    expected: Callable[[Actor, Side], object]
    sides: tuple[str, ...]
    dangerous: Callable[[Side], bool] = lambda _side: False


def decided(actor: Actor, acts: tuple[Act, ...], place: Place, read: Act | None) -> str:
    """``read`` None: that it exists is known to all."""
    if all(actor.may(act, place) for act in acts):
        return ALLOWED
    if read is None:
        return FORBIDDEN
    looks = (*acts[:1], read)
    sees = any(grant.covers(place) and any(grant.allows(act) for act in looks) for grant in actor.grants)
    return FORBIDDEN if sees else UNKNOWN


def _server(acts: tuple[Act, ...]) -> tuple[Act, ...]:
    return (Act.SERVER_READ,) if all(act in READS for act in acts) else (Act.SERVER_CHANGE,)


def on_domain(*acts: Act, call: Callable[..., object]) -> Case:
    return Case(
        call,
        lambda actor, side: decided(actor, acts, side.place, Act.DOMAINS_READ),
        ("own", "foreign"),
        lambda _side: bool(DANGEROUS & set(acts)),
    )


def on_scope(*acts: Act, call: Callable[..., object]) -> Case:
    """A domain, or "server"."""

    def needed(side: Side) -> tuple[Act, ...]:
        return _server(acts) if side.name == "host" else acts

    return Case(
        call,
        lambda actor, side: decided(actor, needed(side), side.place, None if side.name == "host" else Act.DOMAINS_READ),
        ("own", "foreign", "host"),
        lambda side: bool(DANGEROUS & set(needed(side))),
    )


def on_lineage(*acts: Act, call: Callable[..., object]) -> Case:
    def needed(side: Side) -> tuple[Act, ...]:
        return _server(acts) if side.name == "host" else acts

    def expected(actor: Actor, side: Side) -> str:
        return decided(actor, needed(side), side.place, Act.SERVER_READ if side.name == "host" else Act.CERTIFICATES_READ)

    return Case(call, expected, ("own", "foreign", "host"), lambda side: bool(DANGEROUS & set(needed(side))))


def on_mailbox(*acts: Act, call: Callable[..., object]) -> Case:
    return Case(
        call,
        lambda actor, side: decided(actor, acts, side.box, Act.MAILBOXES_READ),
        ("own", "foreign"),
        lambda _side: bool(DANGEROUS & set(acts)),
    )


def on_host(*acts: Act, call: Callable[..., object]) -> Case:
    return Case(
        call, lambda actor, _side: decided(actor, acts, HOST, None), ("host",), lambda _side: bool(DANGEROUS & set(acts))
    )


def lists(act: Act, call: Callable[..., object], place: str = "place", host: Act | None = None) -> Case:
    """``call`` answers the set of names of what was listed, of which "own", "foreign" and "host" are looked at."""

    def expected(actor: Actor, side: Side) -> object:
        if not actor.may_somewhere(act):
            return FORBIDDEN
        seen = {one.name for one in (side.more["own"], side.more["foreign"]) if actor.may(act, getattr(one, place))}
        return seen | ({"host"} if host is not None and actor.may(host) else set())

    return Case(call, expected, ("host",))


def on_person(*acts: Act, call: Callable[..., object]) -> Case:
    """Somebody else's account or group: a customer's people, or (the host's side) the provider's own."""

    def expected(actor: Actor, side: Side) -> str:
        if not actor.may_somewhere(Act.PEOPLE_READ) and not actor.may_somewhere(acts[0]):
            return FORBIDDEN
        return decided(actor, acts, HOST if side.name == "host" else side.whole, Act.PEOPLE_READ)

    return Case(call, expected, ("own", "foreign", "host"), lambda _side: bool(DANGEROUS & set(acts)))


def somewhere(act: Act, call: Callable[..., object]) -> Case:
    """Who may do it anywhere is answered."""
    return Case(call, lambda actor, _side: ALLOWED if actor.may_somewhere(act) else FORBIDDEN, ("host",))


def _names(rows: Any, field_name: str) -> set[str]:
    """The sides that a list showed, by an object's name that says whose it is (own.test, foreign.test)."""
    found = {str(getattr(row, field_name)) for row in rows}
    return {side for side in ("own", "foreign") if any(side in name.lower() for name in found)} | (
        {"host"} if {"server", "host", "", "person@host.test"} & found else set()
    )


def _own_or_known(actor: Actor, side: Side) -> object:
    """Runs: whoever may read runs sees them; of a domain, whoever sees the domain."""
    sees = actor.may(Act.RUNS_READ) or (side.name != "host" and actor.may(Act.DOMAINS_READ, side.place))
    return ALLOWED if sees else UNKNOWN


def _runs_seen(actor: Actor, side: Side) -> object:
    if actor.may(Act.RUNS_READ):
        return {"own", "foreign", "host"}
    return {one.name for one in (side.more["own"], side.more["foreign"]) if actor.may(Act.DOMAINS_READ, one.place)}


def _adds_domain(actor: Actor, side: Side) -> str:
    """Under a customer of one's own alone (B7); another customer is not known to exist."""
    if not actor.may_somewhere(Act.DOMAINS_ADD):
        return FORBIDDEN
    return ALLOWED if actor.may(Act.DOMAINS_ADD, Place(side.customer, side.new)) else UNKNOWN


def _asks_client(actor: Actor, side: Side) -> str:
    if actor.may(Act.CLIENTS_READ, side.box):
        return ALLOWED
    return UNKNOWN if actor.may_somewhere(Act.CLIENTS_READ) else FORBIDDEN


def _answers_client(actor: Actor, side: Side) -> str:
    return ALLOWED if actor.may(Act.CLIENTS_READ, side.box) else UNKNOWN


def _removes_alias(actor: Actor, side: Side) -> str:
    if not actor.may_somewhere(Act.MAILBOXES_CHANGE):
        return FORBIDDEN
    return decided(actor, (Act.MAILBOXES_CHANGE,), side.place, Act.MAILBOXES_READ)


def _gives(actor: Actor, side: Side) -> str:
    if side.name == "host":
        return decided(actor, (Act.ROLES_CHANGE, Act.PEOPLE_CHANGE), HOST, None)
    return decided(actor, (Act.ROLES_CHANGE, Act.PEOPLE_CHANGE), side.place, Act.DOMAINS_READ)


def _adds_group(actor: Actor, side: Side) -> str:
    if side.name == "host" or not actor.may_somewhere(Act.PEOPLE_CHANGE):
        return decided(actor, (Act.PEOPLE_CHANGE,), HOST, None)
    return ALLOWED if actor.may(Act.PEOPLE_CHANGE, side.whole) else UNKNOWN


def _finds_person(actor: Actor, side: Side) -> str:
    if not actor.may_somewhere(Act.PEOPLE_READ):
        return FORBIDDEN
    return ALLOWED if actor.may(Act.PEOPLE_READ, HOST if side.name == "host" else side.whole) else UNKNOWN


def _revokes_token(actor: Actor, side: Side) -> str:
    return ALLOWED if actor.may(Act.PEOPLE_CHANGE) else UNKNOWN


def _grant(side: Side) -> Grant:
    """A role that may be given there."""
    if side.name == "host":
        return Grant(PersonRole.DNS_ADMINISTRATOR)
    return Grant(PersonRole.DNS_ADMINISTRATOR, domain=side.domain)


def _overview(actor: Actor, side: Side) -> object:
    """Home is for everybody; it counts what is in reach."""
    return len({one.name for one in (side.more["own"], side.more["foreign"]) if actor.may(Act.DOMAINS_READ, one.place)})


def cases() -> dict[str, Case]:
    """module.function -> its case; ``/`` and a word after it when there are several."""
    return {
        **_of_certificates(),
        **_of_certificates_pages(),
        **_of_domains_and_host(),
        **_of_names(),
        **_of_dkim(),
        **_of_tls(),
        **_of_dns(),
        **_of_looks_and_runs(),
        **_of_mailboxes(),
        **_of_people(),
        **_of_groups_and_roles(),
        **_of_tokens(),
        **_of_events(),
    }


def _of_certificates() -> dict[str, Case]:
    from fakes import papers
    from mailward.actions import certificates, choices, orders

    pem = {name: papers.bundle(papers.leaf(f"mail.{name}.test", f"webmail.{name}.test")) for name in ("own", "foreign")}
    pem["host"] = papers.bundle(papers.leaf("mx.mailward.localhost"))
    chain = papers.leaf("mail.own.test").pem + papers.CHAIN
    read, change, revoke = Act.CERTIFICATES_READ, Act.CERTIFICATES_CHANGE, Act.CERTIFICATES_REVOKE
    choose = Act.CERTIFICATES_CHOOSE
    return {
        "certificates.list_certificates": lists(
            read, lambda o, a, _s: _names(certificates.list_certificates(o, a), "domain"), host=Act.SERVER_READ
        ),
        "certificates.show_certificate": on_lineage(read, call=lambda o, a, s: certificates.show_certificate(o, a, s.acme)),
        "certificates.history": on_lineage(read, call=lambda o, a, s: certificates.history(o, a, s.acme)),
        "certificates.pending_request": on_lineage(read, call=lambda o, a, s: certificates.pending_request(o, a, s.csr)),
        "certificates.upload": on_scope(change, call=lambda o, a, s: certificates.upload(o, a, s.domain, pem[s.name])),
        "certificates.signing_request": on_scope(change, call=lambda o, a, s: certificates.signing_request(o, a, s.domain)),
        "certificates.answer": on_lineage(change, call=lambda o, a, s: certificates.answer(o, a, s.csr, chain)),
        "choices.secure": on_scope(choose, change, call=lambda o, a, s: choices.secure(o, a, s.domain)),
        "choices.choose": on_scope(choose, call=lambda o, a, s: choices.choose(o, a, s.domain, mail=choices.OWN)),
        "orders.issue": on_scope(change, call=lambda o, a, s: _issue(orders, o, a, s)),
        "orders.renew": on_lineage(change, call=lambda o, a, s: orders.renew(o, a, s.acme)),
        "orders.revoke": on_lineage(revoke, call=lambda o, a, s: orders.revoke(o, a, s.acme)),
    }


def _of_certificates_pages() -> dict[str, Case]:
    from mailward.actions import candidates, certificate_files, certificate_limits, certificate_states, order_progress
    from mailward.actions.rights_here import rights_at

    def all_at(place: str) -> Callable[[Actor, Side], object]:
        return lambda actor, side: {act for act in Act if actor.may(act, getattr(side, place))}

    read, chain = Act.CERTIFICATES_READ, certificate_files.Part.CHAIN
    return {
        "candidates.candidates": on_domain(read, call=lambda o, a, s: candidates.candidates(o, a, s.domain)),
        "certificate_files.pem_file": on_lineage(
            read, call=lambda o, a, s: certificate_files.pem_file(o, a, s.acme, 1, chain)
        ),
        "certificate_limits.limits_left": on_scope(
            read, call=lambda o, a, s: certificate_limits.limits_left(o, a, s.domain)
        ),
        "certificate_states.find_certificates": lists(
            read, lambda o, a, _s: _names(certificate_states.find_certificates(o, a), "domain"), host=Act.SERVER_READ
        ),
        "certificate_states.seen": somewhere(read, lambda o, a, _s: certificate_states.seen(o, a, ())),
        "order_progress.order_progress": on_lineage(read, call=lambda o, a, s: order_progress.order_progress(o, a, s.acme)),
        "order_progress.lineage_of": on_lineage(
            read, call=lambda o, a, s: order_progress.lineage_of(o, a, s.more["order"])
        ),
        "rights_here.rights_at": Case(
            lambda o, a, s: set(rights_at(o, a, s.domain)), all_at("place"), ("own", "foreign", "host")
        ),
        "rights_here.rights_at/mailbox": Case(
            lambda o, a, s: set(rights_at(o, a, s.domain, s.mailbox)), all_at("box"), ("own", "foreign")
        ),
    }


def _of_domains_and_host() -> dict[str, Case]:
    from mailward.actions import budget, configuration, domains, server
    from mailward.model.server_wish import ServerWish
    from mailward.model.settings import TlsProfile

    return {
        "budget.budget": on_host(Act.SERVER_READ, call=lambda o, a, _s: budget.budget(o, a)),
        "configuration.apply": on_host(Act.RUNS_APPLY, call=lambda o, a, _s: configuration.apply(o, a)),
        "server.show_server": on_host(Act.SERVER_READ, call=lambda o, a, _s: server.show_server(o, a)),
        "server.change_server": on_host(
            Act.SERVER_CHANGE, call=lambda o, a, _s: server.change_server(o, a, ServerWish(tls_profile=TlsProfile.MODERN))
        ),
        "configuration.rollback": on_host(Act.RUNS_ROLLBACK, call=lambda o, a, _s: configuration.rollback(o, a)),
        "domains.list_customers": lists(
            Act.CUSTOMERS_READ, lambda o, a, _s: _names(domains.list_customers(o, a), "name"), place="whole"
        ),
        "domains.add_customer": on_host(Act.CUSTOMERS_CHANGE, call=lambda o, a, _s: domains.add_customer(o, a, "New Ltd")),
        "domains.list_domains": lists(Act.DOMAINS_READ, lambda o, a, _s: _names(domains.list_domains(o, a), "name")),
        "domains.show_domain": on_domain(Act.DOMAINS_READ, call=lambda o, a, s: domains.show_domain(o, a, s.domain)),
        "domains.add_domain": Case(
            lambda o, a, s: domains.add_domain(o, a, s.new, s.customer), _adds_domain, ("own", "foreign")
        ),
        "domains.remove_domain": on_domain(Act.DOMAINS_REMOVE, call=lambda o, a, s: domains.remove_domain(o, a, s.domain)),
    }


def _of_dkim() -> dict[str, Case]:
    from mailward.actions import dkim

    return {
        "dkim.show_keys": on_domain(Act.DNS_READ, call=lambda o, a, s: dkim.show_keys(o, a, s.domain)),
        "dkim.rotate_keys": on_domain(Act.DNS_CHANGE, call=lambda o, a, s: dkim.rotate_keys(o, a, s.domain)),
    }


def _waiting(side: Side) -> str:
    """The side's domain, whose control nobody has shown yet."""
    from datetime import UTC, datetime

    from mailward.store.models import ControlProof, Domain

    now = datetime(2026, 1, 1, tzinfo=UTC)
    ControlProof.objects.create(domain=Domain.objects.get(name=side.domain), token="t", asked_at=now, look_at=now)
    return side.domain


def _vouches(actor: Actor, side: Side) -> str:
    seen = decided(actor, (Act.DOMAINS_READ,), side.place, Act.DOMAINS_READ)
    return decided(actor, (Act.SERVER_CHANGE,), HOST, None) if seen == ALLOWED else seen


def _of_names() -> dict[str, Case]:
    from mailward.actions import control, name_lists

    read, change = Act.SERVER_READ, Act.SERVER_CHANGE
    return {
        "control.show_control": on_domain(Act.DOMAINS_READ, call=lambda o, a, s: control.show_control(o, a, s.domain)),
        "control.request_control": on_domain(
            Act.DNS_CHANGE, call=lambda o, a, s: control.request_control(o, a, _waiting(s))
        ),
        "control.vouch": Case(
            lambda o, a, s: control.vouch(o, a, _waiting(s)), _vouches, ("own", "foreign"), lambda _side: True
        ),
        "control.try_name": on_host(read, call=lambda o, a, _s: control.try_name(o, a, "tried.test")),
        "name_lists.list_patterns": on_host(read, call=lambda o, a, _s: name_lists.list_patterns(o, a)),
        "name_lists.list_partners": on_host(read, call=lambda o, a, _s: name_lists.list_partners(o, a)),
        "name_lists.list_watched": on_host(read, call=lambda o, a, _s: name_lists.list_watched(o, a)),
        "name_lists.watch_state": on_host(read, call=lambda o, a, _s: name_lists.watch_state(o, a)),
        "name_lists.deny": on_host(change, call=lambda o, a, _s: name_lists.deny(o, a, "abused")),
        "name_lists.allow": on_host(change, call=lambda o, a, _s: name_lists.allow(o, a, "fine")),
        "name_lists.forget_pattern": on_host(
            change, call=lambda o, a, s: name_lists.forget_pattern(o, a, s.more["pattern"])
        ),
        "name_lists.add_partner": on_host(change, call=lambda o, a, _s: name_lists.add_partner(o, a, "partner.test")),
        "name_lists.remove_partner": on_host(
            change, call=lambda o, a, s: name_lists.remove_partner(o, a, s.more["partner"])
        ),
        "name_lists.mark_known": on_host(change, call=lambda o, a, s: name_lists.mark_known(o, a, s.more["watched"])),
    }


def _demanded() -> str:
    from mailward.store.models import TlsDestination

    return TlsDestination.objects.get_or_create(name="demanded.test")[0].name


def _of_dns() -> dict[str, Case]:
    from mailward.actions import dns, dns_cures, dns_policy
    from mailward.model.dns import HomeKind

    read, change, here = Act.DNS_READ, Act.DNS_CHANGE, HomeKind.HERE
    wish = dns_policy.DnsPolicyWish(tls_rpt=True)
    return {
        "dns.show_dns": on_scope(read, call=lambda o, a, s: dns.show_dns(o, a, s.domain)),
        "dns.publish_dns": on_scope(change, call=lambda o, a, s: dns.publish_dns(o, a, s.domain)),
        "dns.set_dns_home": on_domain(change, call=lambda o, a, s: dns.set_dns_home(o, a, s.domain, here)),
        "dns_policy.show_dns_policy": on_domain(read, call=lambda o, a, s: dns_policy.show_dns_policy(o, a, s.domain)),
        "dns_policy.set_dns_policy": on_domain(
            change, call=lambda o, a, s: dns_policy.set_dns_policy(o, a, s.domain, wish)
        ),
        "dns_cures.cure_dns": on_domain(change, call=lambda o, a, s: _cured(dns_cures, o, a, s)),
    }


def _cured(dns_cures: Any, office: Any, actor: Actor, side: Side) -> object:
    """Something to cure must have been found first."""
    from datetime import UTC, datetime

    from mailward.model.checks import CheckFinding, Mechanism
    from mailward.model.dns import Record
    from mailward.model.sentence import NOTHING
    from mailward.model.verdict import Verdict
    from mailward.store import checks

    now, cure = datetime.now(UTC), (Record(side.domain, "TXT", "v=spf1 -all"),)
    found = CheckFinding(
        side.domain, Mechanism.SPF, side.domain, Verdict.FAIL, "spf-missing", NOTHING, (), NOTHING, "test", now, cure
    )
    checks.keep([found], [side.domain], now)
    return dns_cures.cure_dns(office, actor, side.domain, "spf", side.domain)


def _of_tls() -> dict[str, Case]:
    from mailward.actions import tls_policy

    read, change = Act.DNS_READ, Act.DNS_CHANGE
    return {
        "tls_policy.show_tls": on_domain(read, call=lambda o, a, s: tls_policy.show_tls(o, a, s.domain)),
        "tls_policy.set_tls": on_domain(change, call=lambda o, a, s: tls_policy.set_tls(o, a, s.domain, tls_in=True)),
        "tls_policy.list_tls_partners": on_host(read, call=lambda o, a, _s: tls_policy.list_tls_partners(o, a)),
        "tls_policy.demand_tls": on_host(change, call=lambda o, a, _s: tls_policy.demand_tls(o, a, "bank.test")),
        "tls_policy.demand_no_tls": on_host(change, call=lambda o, a, _s: tls_policy.demand_no_tls(o, a, _demanded())),
    }


def _of_looks_and_runs() -> dict[str, Case]:
    from mailward.actions import checks, looks, overview, reports, runs

    return {
        "reports.show_reports": on_domain(Act.DNS_READ, call=lambda o, a, s: reports.show_reports(o, a, s.domain)),
        "reports.go_on": on_domain(Act.DNS_CHANGE, call=lambda o, a, s: reports.go_on(o, a, s.domain, anyway=True)),
        "checks.request_check": on_scope(Act.DNS_READ, call=lambda o, a, s: checks.request_check(o, a, [s.domain])),
        "checks.list_boards": lists(Act.DNS_READ, lambda o, a, _s: _names(checks.list_boards(o, a), "domain")),
        "checks.show_board": on_scope(Act.DNS_READ, call=lambda o, a, s: checks.show_board(o, a, s.domain)),
        "checks.list_checks": on_scope(Act.DNS_READ, call=lambda o, a, s: checks.list_checks(o, a, s.domain)),
        "checks.host_state": somewhere(Act.DNS_READ, lambda o, a, _s: checks.host_state(o, a)),
        "looks.request_verify": Case(
            lambda o, a, s: looks.request_verify(o, a, [s.domain]),
            lambda a, s: decided(a, (Act.DOORS_VERIFY,), s.place, None if s.name == "host" else Act.DOMAINS_READ),
            ("own", "foreign", "host"),
        ),
        "looks.list_findings": lists(
            Act.DOORS_READ, lambda o, a, _s: _names(looks.list_findings(o, a)[0], "domain"), host=Act.DOORS_READ
        ),
        "looks.request_client": Case(
            lambda o, a, s: looks.request_client(o, a, s.mailbox), _asks_client, ("own", "foreign")
        ),
        "looks.client_answer": Case(
            lambda o, a, s: looks.client_answer(o, a, s.more["client"]), _answers_client, ("own", "foreign")
        ),
        "overview.domain_lines": lists(Act.DOMAINS_READ, lambda o, a, _s: _names(overview.domain_lines(o, a), "name")),
        "overview.domain_line": on_domain(Act.DOMAINS_READ, call=lambda o, a, s: overview.domain_line(o, a, s.domain)),
        "overview.overview": Case(lambda o, a, _s: overview.overview(o, a).domains, _overview, ("host",)),
        "overview.looked_at": on_scope(Act.DOORS_READ, call=lambda o, a, s: bool(overview.looked_at(o, a, s.domain))),
        "overview.server_state": somewhere(Act.DOMAINS_READ, lambda o, a, _s: overview.server_state(o, a)),
        "runs.list_runs": Case(lambda o, a, _s: _names(runs.list_runs(o, a, limit=None), "domain"), _runs_seen, ("host",)),
        "runs.show_run": Case(lambda o, a, s: runs.show_run(o, a, s.run), _own_or_known, ("own", "foreign", "host")),
    }


def _of_mailboxes() -> dict[str, Case]:
    from mailward.actions import app_passwords, mailboxes

    change, targets = Act.MAILBOXES_CHANGE, ["anna@own.test"]
    return {
        "mailboxes.list_mailboxes": lists(
            Act.MAILBOXES_READ, lambda o, a, _s: _names(mailboxes.list_mailboxes(o, a), "address"), place="box"
        ),
        "mailboxes.show_mailbox": on_mailbox(
            Act.MAILBOXES_READ, call=lambda o, a, s: mailboxes.show_mailbox(o, a, s.mailbox)
        ),
        "mailboxes.add_mailbox": on_domain(change, call=lambda o, a, s: mailboxes.add_mailbox(o, a, f"new@{s.domain}")),
        "mailboxes.change_password": on_mailbox(
            Act.PASSWORDS_CHANGE, call=lambda o, a, s: mailboxes.change_password(o, a, s.mailbox)
        ),
        "mailboxes.change_quota": on_mailbox(change, call=lambda o, a, s: mailboxes.change_quota(o, a, s.mailbox, 5)),
        "mailboxes.disable_mailbox": on_mailbox(change, call=lambda o, a, s: mailboxes.disable_mailbox(o, a, s.mailbox)),
        "mailboxes.enable_mailbox": on_mailbox(change, call=lambda o, a, s: mailboxes.enable_mailbox(o, a, s.mailbox)),
        "mailboxes.remove_mailbox": on_mailbox(
            Act.MAILBOXES_REMOVE, call=lambda o, a, s: mailboxes.remove_mailbox(o, a, s.mailbox)
        ),
        "mailboxes.list_aliases": lists(
            Act.MAILBOXES_READ, lambda o, a, _s: _names(mailboxes.list_aliases(o, a), "address")
        ),
        "mailboxes.add_alias": on_domain(change, call=lambda o, a, s: mailboxes.add_alias(o, a, f"x@{s.domain}", targets)),
        "app_passwords.list_app_passwords": on_mailbox(
            Act.MAILBOXES_READ, call=lambda o, a, s: app_passwords.list_app_passwords(o, a, s.mailbox)
        ),
        "app_passwords.create_app_password": on_mailbox(
            Act.PASSWORDS_CHANGE, call=lambda o, a, s: app_passwords.create_app_password(o, a, s.mailbox, "phone")
        ),
        "app_passwords.revoke_app_password": on_mailbox(
            Act.PASSWORDS_CHANGE,
            call=lambda o, a, s: app_passwords.revoke_app_password(o, a, s.mailbox, s.more["app_password"]),
        ),
        "mailboxes.remove_alias": Case(
            lambda o, a, s: mailboxes.remove_alias(o, a, s.alias), _removes_alias, ("own", "foreign")
        ),
    }


def _of_people() -> dict[str, Case]:
    from mailward.actions import invitations, people

    read, change, roles = Act.PEOPLE_READ, Act.PEOPLE_CHANGE, Act.ROLES_CHANGE
    return {
        "people.list_people": lists(
            read, lambda o, a, _s: _names(people.list_people(o, a), "email"), place="whole", host=read
        ),
        "people.show_person": on_person(read, call=lambda o, a, s: people.show_person(o, a, s.more["person"])),
        "people.find_person": Case(
            lambda o, a, s: people.find_person(o, a, s.more["email"]), _finds_person, ("own", "foreign", "host")
        ),
        "people.close_account": on_person(change, call=lambda o, a, s: people.close_account(o, a, s.more["person"])),
        "people.open_account": on_person(change, call=lambda o, a, s: people.open_account(o, a, s.more["person"])),
        "people.end_sessions": on_person(change, call=lambda o, a, s: bool(people.end_sessions(o, a, s.more["person"]))),
        "people.remove_second_factors": on_person(
            change, roles, call=lambda o, a, s: str(people.remove_second_factors(o, a, s.more["person"]))
        ),
        "invitations.invite": Case(
            lambda o, a, s: invitations.invite(o, a, f"new@{s.name}.test", "New", "", _grant(s)),
            _gives,
            ("own", "foreign", "host"),
            lambda _side: True,
        ),
        "invitations.renew_invitation": on_person(
            change, roles, call=lambda o, a, s: invitations.renew_invitation(o, a, s.more["person"])
        ),
        "invitations.reset_password": Case(
            lambda o, a, s: invitations.reset_password(o, a, s.more["person"]), lambda _a, _s: "not from here", ("own",)
        ),
    }


def _of_groups_and_roles() -> dict[str, Case]:
    from mailward.actions import groups, roles

    read, change, give = Act.PEOPLE_READ, Act.PEOPLE_CHANGE, Act.ROLES_CHANGE
    return {
        "groups.list_groups": lists(
            read, lambda o, a, _s: _names(groups.list_groups(o, a), "name"), place="whole", host=read
        ),
        "groups.show_group": on_person(read, call=lambda o, a, s: groups.show_group(o, a, s.more["group"])),
        "groups.add_group": Case(
            lambda o, a, s: groups.add_group(o, a, "new", s.customer or None), _adds_group, ("own", "foreign", "host")
        ),
        "groups.rename_group": on_person(change, call=lambda o, a, s: groups.rename_group(o, a, s.more["group"], "x")),
        "groups.remove_group": on_person(give, call=lambda o, a, s: groups.remove_group(o, a, s.more["group"])),
        "groups.add_member": on_person(
            give, call=lambda o, a, s: groups.add_member(o, a, s.more["group"], s.more["person"])
        ),
        "groups.remove_member": on_person(
            give, call=lambda o, a, s: groups.remove_member(o, a, s.more["group"], s.more["person"])
        ),
        "groups.grant_to_group": on_person(
            give, call=lambda o, a, s: groups.grant_to_group(o, a, s.more["group"], _grant(s))
        ),
        "groups.withdraw_from_group": on_person(
            give, call=lambda o, a, s: groups.withdraw_from_group(o, a, s.more["group"], s.more["group_grant"])
        ),
        "roles.roles_to_give": Case(
            lambda o, a, _s: int(bool(roles.roles_to_give(o, a))), lambda a, _s: int(a.may_somewhere(give)), ("host",)
        ),
        "roles.grant_role": on_person(give, call=lambda o, a, s: roles.grant_role(o, a, s.more["person"], _grant(s))),
        "roles.withdraw_role": on_person(
            give, call=lambda o, a, s: roles.withdraw_role(o, a, s.more["person"], s.more["grant"])
        ),
    }


def _of_tokens() -> dict[str, Case]:
    from mailward.actions import tokens

    return {
        "tokens.list_tokens": Case(lambda o, a, _s: tokens.list_tokens(o, a), lambda _a, _s: ALLOWED, ("host",)),
        "tokens.list_tokens/everybody": on_host(
            Act.PEOPLE_CHANGE, call=lambda o, a, _s: tokens.list_tokens(o, a, everybody=True)
        ),
        "tokens.create_token": Case(
            lambda o, a, _s: tokens.create_token(o, a, "a program"), lambda _a, _s: ALLOWED, ("host",), lambda _side: True
        ),
        "tokens.revoke_token": Case(
            lambda o, a, s: tokens.revoke_token(o, a, s.more["token"]), _revokes_token, ("own", "foreign", "host")
        ),
    }


def _of_events() -> dict[str, Case]:
    from mailward.actions import events

    read = Act.EVENTS_READ
    return {
        "events.list_events": lists(
            read, lambda o, a, _s: _names(events.list_events(o, a, limit=1000), "domain"), host=read
        ),
        "events.export": lists(read, lambda o, a, _s: _names(list(events.export(o, a)), "domain"), host=read),
        "events.kinds_of_events": somewhere(read, lambda o, a, _s: events.kinds_of_events(o, a)),
        "events.chain_state": somewhere(read, lambda o, a, _s: events.chain_state(o, a)),
    }


def _issue(orders: Any, office: Any, actor: Actor, side: Side) -> object:
    from mailward.model.certificates import Challenge

    return orders.issue(
        office, actor, side.domain, challenge=Challenge.HTTP_01 if side.name == "host" else Challenge.DNS_01
    )
