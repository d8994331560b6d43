"""An instance as the panel finds it, whose store is full: rows of every kind in the numbers that a large host has, made
directly. No daemon runs, and no key opens anything."""

import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from _certificates import Ca
from django.conf import settings as django_settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection, transaction

from mailward.daemons.secrets import panel_key
from mailward.host.seals import Sealer, make_keys
from mailward.model.doors import Door, Role
from mailward.model.findings import SERVER
from mailward.model.layout import Layout
from mailward.model.rights import PersonRole
from mailward.model.runs import RunKind, RunState, Step
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict
from mailward.steward import birth, new_instance
from mailward.steward.settings_file import format_settings
from mailward.store import chain, states
from mailward.store.models import (
    Account,
    Customer,
    Domain,
    Event,
    Finding,
    Lineage,
    Mailbox,
    RoleGrant,
    Run,
    RunStep,
    ServerChoice,
    Version,
)
from mailward.store.sentences import to_json

EACH = 5  # mailboxes and certificates of a domain
CUSTOMERS = 100
OPEN = tuple(door for door in Door if door.kind.always_open)
NAMES = {Role.WEB: ("webmail", "autoconfig", "autodiscover"), Role.MAIL: ("mail",)}
ADDRESSES = ("127.0.0.1", "::1")


def name(number: int) -> str:
    return f"d{number:06}.bench.test"


def make_instance(root: Path, store: str | None = None) -> Layout:
    """The files that the panel's process reads; the store is made by ``fill``. ``store``: as in mailward.toml."""
    layout = Layout(root)
    for path in (layout.store.parent, layout.secrets, layout.run / "panel", layout.state):
        path.mkdir(parents=True, exist_ok=True)
    layout.settings.write_text(format_settings(replace(new_instance.demo(ipv6=True), store=store)))
    (layout.secrets / "steward.pub").write_bytes(make_keys().public)
    panel_key(layout).write_text(secrets.token_urlsafe(64))
    django_settings.SECRET_KEY = panel_key(layout).read_text()
    return layout


def fill(layout: Layout, domains: int) -> float:
    """Everything, for so many domains; how many seconds it took."""
    began = time.monotonic()
    birth.make_store()
    now = datetime.now(UTC).replace(microsecond=0)
    with transaction.atomic():
        held = _domains(domains)
        _mailboxes(held)
        _certificates(layout, held, now)
        _findings(held, now)
        _runs(held, now)
        _events(held, now)
    if connection.vendor == "postgresql":  # which does it by itself within some minutes
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return time.monotonic() - began


def _some(model: Any, rows: Iterable[Any]) -> None:
    model.objects.bulk_create(rows, batch_size=500)


def _domains(count: int) -> list[Domain]:
    _some(Customer, [Customer(name=f"Customer {number:03}") for number in range(min(CUSTOMERS, count))])
    customers = list(Customer.objects.order_by("id"))
    _some(Domain, [Domain(name=name(number), customer=customers[number % len(customers)]) for number in range(count)])
    return list(Domain.objects.select_related("customer").order_by("id"))


def _mailboxes(held: list[Domain]) -> None:
    sealed = secrets.token_bytes(180)
    boxes = (
        Mailbox(domain=domain, local_part=f"person{n}", sealed_password=sealed) for domain in held for n in range(EACH)
    )
    _some(Mailbox, boxes)


def _certificates(layout: Layout, held: list[Domain], now: datetime) -> None:
    """One real chain stands for all; the first of a domain is chosen. Every two hundredth fails or ends soon."""
    issued = Ca().wildcard("bench.test")
    sealed = Sealer((layout.secrets / "steward.pub").read_bytes()).seal(issued.key_pem)
    owners: list[Domain | None] = [None, *(domain for domain in held for _ in range(EACH))]
    lineages = [_lineage(owner, number, now) for number, owner in enumerate(owners)]
    _some(Lineage, lineages)
    versions = (
        Version(
            lineage=lineage, number=1, chain_pem=issued.chain_pem, sealed_key=sealed, sha256=f"{number:064x}",
            names=lineage.names, issuer="CN=Mailward bench intermediate", not_before=now - timedelta(days=30),
            not_after=now + timedelta(days=_days(number)),
        )
        for number, lineage in enumerate(lineages)
    )  # fmt: skip
    _some(Version, versions)
    for place, domain in enumerate(held):
        domain.webmail_lineage = domain.mail_lineage = lineages[1 + place * EACH]
    Domain.objects.bulk_update(held, ["webmail_lineage", "mail_lineage"], batch_size=200)
    ServerChoice.objects.update_or_create(pk=1, defaults={"mail_lineage": lineages[0], "panel_lineage": lineages[0]})


def _days(number: int) -> int:
    return 7 if number % 200 == 101 else 60


def _lineage(owner: Domain | None, number: int, now: datetime) -> Lineage:
    base = owner.name if owner is not None else "mx.mailward.localhost"
    failed = number % 300 == 151
    return Lineage(
        id=f"{base}-{number:06}", domain=owner, source="acme", names=[base, f"*.{base}"], challenge="dns-01", ca="pebble",
        current=1, ends_at=now + timedelta(days=_days(number)), renew_at=now + timedelta(days=30),
        failures=2 if failed else 0,
        failure=to_json(Sentence("{ca} could not be reached: {reason}", ca="pebble", reason="refused")) if failed else None,
    )  # fmt: skip


def _findings(held: list[Domain], now: datetime) -> None:
    """Every door under every name at two addresses. Of a hundred domains one fails, one warns, one is unknown."""
    _some(Finding, _looks(SERVER, "mx.mailward.localhost", Verdict.PASS, now))
    _some(Finding, (one for number, domain in enumerate(held) for one in _domain_looks(number, domain.name, now)))
    states.refresh([SERVER, *(domain.name for domain in held)])


def _domain_looks(number: int, domain: str, now: datetime) -> Iterator[Finding]:
    verdict = {1: Verdict.FAIL, 2: Verdict.WARN}.get(number % 100, Verdict.PASS)
    at = now - timedelta(hours=3) if number % 100 == 3 else now - timedelta(seconds=number % 600)
    yield from _looks(domain, domain, verdict, at)


def _looks(domain: str, base: str, verdict: Verdict, at: datetime) -> Iterator[Finding]:
    reason, remedy = (
        to_json(Sentence("{name} is served as it should be", name=base)),
        to_json(Sentence("Nothing is to do.")),
    )
    for door in OPEN:
        for first in NAMES[door.kind.role]:
            for address in ADDRESSES:
                yield Finding(
                    domain=domain, name=f"{first}.{base}", door=door, port=door.kind.standard_port, address=address,
                    tls=door.kind.tls, sni=f"{first}.{base}", verdict=verdict, code="served", reason=reason, remedy=remedy,
                    served_sha256="a" * 64, wanted_sha256="a" * 64, not_after=at + timedelta(days=60), protocol="TLSv1.3",
                    checked_at=at,
                )  # fmt: skip


def _runs(held: list[Domain], now: datetime) -> None:
    """One for every domain, the last three days' among them; every hundredth failed."""
    said = to_json(Sentence("The certificate is served."))
    rows = [
        Run(
            kind=RunKind.CERTIFICATE, state=RunState.FAILED if number % 100 == 99 else RunState.DONE, subject=domain.name,
            asked_by="bench", created_at=at, started_at=at, finished_at=at + timedelta(seconds=1), what=said,
            domain=domain.name,
        )
        for number, domain in enumerate(held)
        for at in (now - timedelta(minutes=len(held) - number),)
    ]  # fmt: skip
    _some(Run, rows)
    runs = Run.objects.order_by("-id")[: min(100, len(held))]
    _some(RunStep, [RunStep(run=run, step=step, started_at=now, seconds=0.1) for run in runs for step in Step])


def _events(held: list[Domain], now: datetime) -> None:
    """Two for every domain, chained as the real ones are."""
    rows, previous = [], ""
    for number in range(2 * len(held)):
        domain = held[number // 2]
        event = Event(
            id=number + 1, at=now - timedelta(minutes=2 * len(held) - number), who="ada@hosting.test",
            what=("domain.added", "certificate.chosen")[number % 2], subject=domain.name, came_from="192.0.2.7",
            domain=domain.name, customer=domain.customer.name, previous=previous, detail={"n": number},
        )  # fmt: skip
        event.sha256 = previous = chain.digest(tuple(getattr(event, column) for column in chain.COLUMNS))
        rows.append(event)
    _some(Event, rows)


def sessions(count: int) -> list[str]:
    """So many people of the provider, who see everything, each signed in with a second factor; their cookies."""
    return [_session(Account.objects.create(email=f"person{number}@hosting.test")) for number in range(count)]


def _session(account: Account) -> str:
    account.set_unusable_password()
    account.save()
    RoleGrant.objects.create(account=account, role=PersonRole.PROVIDER)
    session = import_module(django_settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(account.pk)
    session[BACKEND_SESSION_KEY] = django_settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    shown = {"at": time.time(), "email": account.email}
    session["account_authentication_methods"] = [
        {"method": "password", **shown},
        {"method": "mfa", "type": "totp", **shown},
    ]
    session["account_authentication_methods_user"] = str(account.pk)
    session.save()
    return str(session.session_key)
