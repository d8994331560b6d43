"""Every address of the panel, asked by every role and by nobody, about one's own things, a stranger's and the host's."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from every_url import ADDRESSES, OK, OPEN, Address, Thing

from mailward.model.people import Actor
from mailward.model.rights import HOST, Act, Place
from stage import Stage

ROLES = (
    "provider", "support", "dns_administrator", "auditor", "customer", "other_customer", "mail_administrator",
    "mailbox_user",
)  # fmt: skip
SIDES = {
    "own": ("Blue Bakery", "bluebakery.example", "uma@bluebakery.example"),
    "foreign": ("Old Mill Press", "oldmillpress.example", "otto@oldmillpress.example"),
}


def addresses() -> Iterator[tuple[str, str]]:
    """The name and the pattern of everything that the panel answers; the API has its own tests."""

    def walk(resolver: URLResolver, before: str) -> Iterator[tuple[str, str]]:
        for one in resolver.url_patterns:
            if isinstance(one, URLResolver):
                yield from walk(one, before + str(one.pattern))
            elif isinstance(one, URLPattern) and (not before.startswith("api/") or one.name == "openapi"):
                yield str(one.name), before + str(one.pattern)

    return walk(get_resolver(), "")


@pytest.fixture(scope="module")
def world(stage: Stage) -> dict[str, list[Thing]]:
    """Things of each side, by what they are."""
    from mailward.actions import app_passwords, certificates, looks, orders
    from mailward.model.people import STEWARD
    from mailward.store.models import Account, Customer, Group, Lineage, Run

    office = stage.made.office
    found: dict[str, list[Thing]] = {name: [] for name in {one.things for one in ADDRESSES.values()}}
    people = {"own": stage.mail_administrator, "foreign": stage.other_customer}
    for side, (customer, domain, box) in SIDES.items():
        place, at_box = Place(customer, domain), Place(customer, domain, box)
        lineage = str(Lineage.objects.filter(domain__name=domain, source="acme").get().pk)
        request, _ = certificates.signing_request(office, STEWARD, domain)
        app = app_passwords.create_app_password(office, STEWARD, box, "matrix")
        assert app.secret is not None
        look = looks.request_client(office, STEWARD, box).run_id
        run = orders.renew(office, STEWARD, lineage).run_id
        group = Group.objects.create(name=f"Of {side}", customer=Customer.objects.get(name=customer))
        person = Account.objects.get(email=people[side]).pk
        at = Place(customer)
        read = Act.CERTIFICATES_READ
        found["domains"].append(Thing({"name": domain}, place, Act.DOMAINS_READ))
        found["scopes"].append(Thing({"scope": domain}, place, Act.DOMAINS_READ))
        found["mailboxes"].append(Thing({"address": box}, at_box, Act.MAILBOXES_READ))
        found["app_passwords"].append(Thing({"address": box, "selector": app.secret[:8]}, at_box, Act.MAILBOXES_READ))
        found["lineages"].append(Thing({"lineage": lineage}, place, read))
        found["files"].append(Thing({"lineage": lineage, "number": 1, "part": "chain"}, place, read))
        found["requests"].append(Thing({"lineage": request.id}, place, read))
        found["looks"].append(Thing({"number": look}, at_box))
        found["runs"].append(Thing({"number": run}, place))
        found["people"].append(Thing({"number": person}, at, Act.PEOPLE_READ))
        found["groups"].append(Thing({"number": group.pk}, at, Act.PEOPLE_READ))
    request, _ = certificates.signing_request(office, STEWARD, "server")
    found["scopes"].append(Thing({"scope": "server"}))
    found["lineages"].append(Thing({"lineage": "server-san"}, HOST, Act.SERVER_READ))
    found["files"].append(Thing({"lineage": "server-san", "number": 1, "part": "chain"}, HOST, Act.SERVER_READ))
    found["requests"].append(Thing({"lineage": request.id}, HOST, Act.SERVER_READ))
    found["runs"].append(Thing({"number": Run.objects.filter(subject="host", state="done").first().pk}))
    found["people"].append(Thing({"number": Account.objects.get(email=stage.support).pk}, HOST, Act.PEOPLE_READ))
    found["groups"].append(Thing({"number": Group.objects.get(name="Night watch").pk}, HOST, Act.PEOPLE_READ))
    found["operations"] = [Thing({"name": "list_domains"})]
    found["factors"] = [Thing({"number": 999})]
    found[""] = [Thing({})]
    return found


def asked(stage: Stage, email: str) -> Actor:
    from mailward.actions.people import actor_of
    from mailward.store.models import Account

    actor = actor_of(stage.made.office, Account.objects.get(email=email).pk, "192.0.2.7", is_fresh=True)
    assert actor is not None
    return actor


def tried(world: dict[str, list[Thing]]) -> Iterator[tuple[str, Address, Thing]]:
    for name, address in ADDRESSES.items():
        for thing in world[address.things]:
            yield name, address, thing


def test_every_address_is_in_the_table() -> None:
    """Whoever adds a page says what it takes to see it."""
    assert {name for name, _ in addresses()} == set(ADDRESSES) | set(OPEN)


@pytest.mark.parametrize("role", ROLES)
def test_a_page_is_seen_exactly_as_the_rights_say(stage: Stage, world: dict[str, list[Thing]], role: str) -> None:
    """Seen, forbidden, or unknown when it lies out of reach; and what is no page is not shown."""
    email = getattr(stage, role)
    client, actor, told = stage.client(email), asked(stage, email), []
    for name, address, thing in tried(world):
        path = reverse(name, kwargs=dict(thing.args))
        expected = 405 if address.see is None else address.see(actor, thing)
        found = client.get(path).status_code
        if found != expected and not (expected == OK and found == 302):
            told.append(f"GET {path}: {found}, not {expected}")
    assert not told, "\n".join(told)


@pytest.mark.parametrize("role", ROLES)
def test_a_form_is_refused_exactly_as_the_rights_say(stage: Stage, world: dict[str, list[Thing]], role: str) -> None:
    """Whoever has no right to what a form does is refused when they send it anyway, and told no more than that."""
    email = getattr(stage, role)
    client, actor, told = stage.client(email), asked(stage, email), []
    for name, address, thing in tried(world):
        if address.send is None or (expected := address.send(actor, thing)) == OK:
            continue
        path = reverse(name, kwargs=dict(thing.args))
        found = client.post(path, dict(address.form)).status_code
        if found != expected:
            told.append(f"POST {path}: {found}, not {expected}")
    assert not told, "\n".join(told)


def test_nobody_sees_anything_before_they_signed_in(stage: Stage, world: dict[str, list[Thing]]) -> None:
    """Every page and every form leads to where one signs in."""
    client: Any = stage.client()
    for name, address, thing in tried(world):
        path = reverse(name, kwargs=dict(thing.args))
        answers = [client.get(path)] if address.see is not None else []
        answers += [client.post(path, {})] if address.send is not None else []
        for answer in answers:
            assert answer.status_code == 302, path
            assert answer.headers["Location"].startswith("/sign-in/"), path


def test_a_stale_second_factor_is_asked_for_again(stage: Stage) -> None:
    """Dangerous acts lead to the page that asks, and from there back; nothing was done."""
    client = stage.client(stage.provider, fresh=False)
    for path, form in (
        ("/people/invite/", None),
        (f"/domains/{Stage.foreign_domain}/remove/", {"domain": Stage.foreign_domain}),
    ):
        answer = client.get(path) if form is None else client.post(path, form)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/confirm/?next=")
