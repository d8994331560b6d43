"""The whole matrix: every action, as every role, upon one's own objects, a stranger's and the host's.

What must come of it follows from model/rights.py alone. An action that is not in permission_cases.py fails here, so that
no new one is forgotten; so does one that takes no actor, or that a face could call without being asked for its right.
"""

import ast
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction
from permission_cases import ALLOWED, FORBIDDEN, STALE, UNKNOWN, Case, Side, cases

from mailward.model.errors import BadInput, Forbidden, NeedsSecondFactor, NotPossible
from mailward.model.people import Actor, Limits
from mailward.model.rights import REACHES, Act, Grant, PersonRole, Reach

GROUND = {"permission"}
"""The module that decides."""
OPEN_TO_FACES = {
    "people.actor_of": "says who somebody is, before there is an actor",
    "tokens.actor_of_token": "likewise, for a program",
    "invitations.invitation_for": "whoever has the link's secret is asked nothing else",
    "invitations.accept_invitation": "likewise",
    "certificate_states.state_of": "a word for a row that was answered",
    "people_reach.customer_of": "whose an event of signing in is, before there is an actor",
    "dns_cures.can_cure": "looks at nothing but the finding that was answered",
    "passwords.judge_password": "looks at nothing but the password",
    "passwords.refuse_weak": "likewise",
}
"""What a face may call without an actor, and why."""

GRANTS = {
    Reach.HOST: {},
    Reach.CUSTOMER: {"customer": "Own Ltd"},
    Reach.DOMAIN: {"domain": "own.test"},
    Reach.MAILBOX: {"mailbox": "anna@own.test"},
}
ACTORS = {
    f"{role.value} of {reach.value}": Actor(
        f"{role.value}@people.test", (Grant(role, **GRANTS[reach]),), account=1000 + number, came_from="192.0.2.1"
    )
    for number, role in enumerate(PersonRole)
    for reach in REACHES[role]
} | {"nobody": Actor("nobody@people.test", (), account=999)}


def written() -> dict[str, list[str]]:
    """Every public function that is written in a module of actions, by module.function: its parameters."""
    import mailward.actions

    found = {}
    for module in pkgutil.iter_modules(mailward.actions.__path__):
        held = import_module(f"mailward.actions.{module.name}")
        for name, one in inspect.getmembers(held, inspect.isfunction):
            if not name.startswith("_") and one.__module__ == held.__name__ and module.name not in GROUND:
                found[f"{module.name}.{name}"] = list(inspect.signature(one).parameters)
    return found


def actions() -> dict[str, list[str]]:
    """Those that faces call: they are asked by somebody."""
    return {name: told for name, told in written().items() if told[:2] == ["office", "actor"] and name not in INNER}


INNER = {"ordering.ask_for_order", "roles.give"}
"""They have an actor to write down, and ask no permission: only actions that did call them."""


@pytest.fixture(scope="module")
def world(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, dict[str, Side]]]:
    """The office and the sides of a world that holds one of each."""
    import shutil

    told = connections["default"].settings_dict
    before = told["NAME"]
    connections.close_all()
    told["NAME"] = str(tmp_path_factory.mktemp("matrix") / "store.sqlite")
    shutil.copyfile(migrated, told["NAME"])
    from fakes.made_host import MadeHost
    from mailward.store.models import Account

    made = MadeHost().born()
    sides = {name: _side(made, name) for name in ("own", "foreign", "host")}
    people = {actor.account: Account(pk=actor.account, email=f"{actor.account}@people.test") for actor in ACTORS.values()}
    Account.objects.bulk_create(people.values())
    sides["host"].more.update({"own": sides["own"], "foreign": sides["foreign"]})
    yield made.office, sides
    connections.close_all()
    told["NAME"] = before


def _side(made: Any, name: str) -> Side:
    from mailward.actions import app_passwords, certificates, configuration, domains, looks, orders
    from mailward.model.people import STEWARD
    from mailward.store.models import Alias, Domain, Finding, Mailbox

    office, host = made.office, name == "host"
    scope, customer = ("server", "") if host else (f"{name}.test", f"{name.capitalize()} Ltd")
    more: dict[str, Any] = {}
    if not host:
        run = domains.add_domain(office, STEWARD, scope, customer).run_id
        row = Domain.objects.get(name=scope)
        box = Mailbox.objects.create(domain=row, local_part="anna")
        more["app_password"] = app_passwords.create_app_password(office, STEWARD, box.address, "old").secret[:8]
        Alias.objects.create(domain=row, local_part="info", targets=[f"anna@{scope}"])
        more["client"] = looks.request_client(office, STEWARD, f"anna@{scope}").run_id
    else:
        run = configuration.apply(office, STEWARD).run_id
        more.update(_names(office))
    csr, _ = certificates.signing_request(office, STEWARD, scope)
    more.update(_people(made, name, None if host else row))
    Finding.objects.create(
        domain=scope, name=f"mail.{scope}", door="imaps", port=993, address="127.0.0.1", tls="implicit", verdict="pass",
        code="fine", reason={}, remedy={}, checked_at=made.clock.now(),
    )  # fmt: skip
    acme = _issued(made, scope, None if host else row)
    more["order"] = orders.renew(office, STEWARD, acme).run_id
    return Side(
        name, customer, scope, "" if host else f"anna@{scope}", "" if host else f"info@{scope}", f"new-{name}.test", acme,
        csr.id, run, more,
    )  # fmt: skip


def _names(office: Any) -> dict[str, Any]:
    """A pattern, a partner's name, and a look-alike of it."""
    from mailward.actions import name_lists
    from mailward.model.people import STEWARD
    from mailward.store.models import WatchedName

    now = office.clock.now()
    watched = WatchedName.objects.create(name="mybannk.test", of="mybank.test", kind="typo", first_seen=now, last_seen=now)
    pattern = name_lists.deny(office, STEWARD, "abusedword").pattern
    partner = name_lists.add_partner(office, STEWARD, "mybank.test").name
    return {"pattern": pattern, "partner": partner, "watched": watched.pk}


def _people(made: Any, name: str, domain: Any) -> dict[str, Any]:
    """A person of that side who holds two roles, a group with one, and a token."""
    from mailward.store.models import Account, ApiToken, Group, RoleGrant

    now = made.clock.now()
    customer = domain.customer if domain is not None else None
    account = Account.objects.create(email=f"person@{name}.test")
    role = PersonRole.CUSTOMER if customer else PersonRole.SUPPORT
    RoleGrant.objects.create(account=account, role=role, customer=customer)
    other = RoleGrant.objects.create(account=account, role=PersonRole.AUDITOR, customer=customer)
    group = Group.objects.create(name=name, customer=customer)
    shared = RoleGrant.objects.create(group=group, role=PersonRole.AUDITOR, customer=customer)
    token = ApiToken.objects.create(
        account=account, label="t", secret_sha256="0" * 64, created_at=now, expires_at=now + timedelta(days=1)
    )
    return {
        "person": account.pk, "email": account.email, "group": group.pk, "grant": other.pk, "group_grant": shared.pk,
        "token": token.pk,
    }  # fmt: skip


def _issued(made: Any, scope: str, owner: Any) -> str:
    """A lineage from the CA that is shown nowhere."""
    from fakes import papers
    from mailward.store.models import Lineage, Version

    now = made.clock.now()
    one = Lineage.objects.create(
        id=f"{scope}-matrix", domain=owner, source="acme", names=[f"mail.{scope}"], challenge="dns-01", current=1
    )
    Version.objects.create(
        lineage=one, number=1, chain_pem=papers.leaf(f"mail.{scope}").pem, sealed_key=b"", sha256="0" * 64,
        names=[f"mail.{scope}"], issuer="CA", not_before=now, not_after=now + timedelta(days=90),
    )  # fmt: skip
    return str(one.pk)


def outcome(office: Any, case: Case, actor: Actor, side: Side) -> object:
    """How it ended; the store is as before."""
    with transaction.atomic():
        try:
            answer = case.call(office, actor, side)
        except NeedsSecondFactor:
            return STALE
        except Forbidden:
            return FORBIDDEN
        except NotPossible as refused:
            return "not from here" if refused.code == "command-line-only" else refused.code
        except BadInput as refused:
            if refused.code != "unknown":
                raise
            return UNKNOWN
        finally:
            transaction.set_rollback(True)
        return answer if isinstance(answer, set | int) and not isinstance(answer, bool) else ALLOWED


def wrong(office: Any, name: str, case: Case, actor: Actor, side: Side) -> list[str]:
    expected = case.expected(actor, side)
    found = outcome(office, case, actor, side)
    told = [] if found == expected else [f"{name}, {side.name}: {found}, not {expected}"]
    if expected == ALLOWED:
        stale = outcome(office, case, replace(actor, is_fresh=False), side)
        needed = STALE if case.dangerous(side) else ALLOWED
        told += [] if stale == needed else [f"{name}, {side.name}, without a second factor: {stale}, not {needed}"]
    return told


def test_every_action_is_in_the_matrix() -> None:
    """Each action has a case, and each case has its action."""
    assert sorted(actions()) == sorted({name.partition("/")[0] for name in cases()})


@pytest.mark.parametrize("who", ACTORS)
def test_it_is_allowed_exactly_as_the_rights_say(world, who: str) -> None:
    """Own, foreign and the host's objects: allowed, forbidden, or unknown; a dangerous act asks for a second factor."""
    office, sides = world
    told = [
        line
        for name, case in cases().items()
        for side in case.sides
        for line in wrong(office, name, case, ACTORS[who], sides[side])
    ]
    assert told == []


@pytest.mark.parametrize(
    "limits",
    [
        Limits(acts=frozenset({Act.DOMAINS_READ, Act.CERTIFICATES_READ})),
        Limits(domains=frozenset({"own.test"})),
        Limits(acts=frozenset({Act.CERTIFICATES_CHANGE}), domains=frozenset({"foreign.test"})),
        Limits(acts=frozenset()),
    ],
    ids=["two acts", "one domain", "one act in one domain", "nothing"],
)
def test_a_token_never_allows_what_it_was_not_made_for(world, limits: Limits) -> None:
    """A provider's token that is narrowed does nothing outside its acts and domains, whatever the action."""
    office, sides = world
    whole = ACTORS["provider of host"]
    narrow = replace(whole, limits=limits)
    for name, case in cases().items():
        for side in case.sides:
            if case.expected(narrow, sides[side]) != case.expected(whole, sides[side]):
                assert outcome(office, case, narrow, sides[side]) != outcome(office, case, whole, sides[side]), name


def test_faces_call_nothing_that_asks_no_permission() -> None:
    """Panel, API and command line call no function of the actions that takes no actor, but for those named here."""
    source = Path(__file__).parents[3] / "src" / "mailward"
    unasked = set(written()) - set(actions()) - set(OPEN_TO_FACES)
    told = [
        f"{path.relative_to(source)}: {name}"
        for face in ("panel", "api", "cli", "web")
        for path in sorted((source / face).rglob("*.py"))
        for name in sorted(called(ast.parse(path.read_text())) & unasked)
    ]
    assert told == []


def called(tree: ast.Module) -> set[str]:
    """The functions of actions that a module names, as module.function."""
    known, found = {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "mailward.actions":
            known.update({one.asname or one.name: one.name for one in node.names})
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("mailward.actions."):
            found |= {f"{node.module.removeprefix('mailward.actions.')}.{one.name}" for one in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
            found.add(f"{known[node.value.id]}.{node.attr}")
    return found
