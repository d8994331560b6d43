"""Customers, domains, mailboxes and aliases: what people may declare, what is refused, and what is asked of the steward."""

import pytest

from fakes.made_host import KEYS
from mailward.host.seals import Opener
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.runs import RunKind, RunState

ANNA = Actor("anna")


@pytest.fixture
def office(made):
    return made.office


@pytest.fixture
def held(office):
    """a.test, held by A."""
    from mailward.actions import domains

    domains.add_domain(office, ANNA, "a.test", customer="A")
    return office


def opened(sealed: bytes) -> str:
    """A sealed hash, as the steward opens it."""
    return Opener(KEYS.private).unseal(bytes(sealed)).decode()


def refused(action, *args, **options) -> BadInput:
    """The refusal; and nothing was changed by it."""
    from mailward.store.models import Alias, Customer, Domain, Event, Mailbox, Run

    tables = (Alias, Customer, Domain, Event, Mailbox, Run)
    before = [list(table.objects.order_by("pk").values()) for table in tables]
    with pytest.raises(BadInput) as caught:
        action(*args, **options)
    assert [list(table.objects.order_by("pk").values()) for table in tables] == before
    assert str(caught.value.what)
    return caught.value


def test_a_domain_is_declared_and_the_steward_is_asked_to_publish_it(office) -> None:
    """One row, one event, one waiting directory run, and a customer of the same name when none was named."""
    from mailward.actions import domains, runs
    from mailward.store.models import Run

    asked = domains.add_domain(office, ANNA, "a.test")
    (row,) = domains.list_domains(office, ANNA)
    assert (row.name, row.customer, row.webmail, row.mail, row.mailboxes) == ("a.test", "a.test", None, None, 0)
    run = runs.show_run(office, ANNA, asked.run_id)
    assert (run.kind, run.state, run.subject, run.asked_by) == (RunKind.DIRECTORY, RunState.WAITING, "a.test", "anna")
    assert Run.objects.get().request == {"domains": ["a.test"], "addresses": []}


@pytest.mark.parametrize(
    "name",
    [
        "", " ", ".", "a", "a..test", ".a.test", "a b.test", "a\n.test", "a\0.test", "-a.test", "a-.test", "a_b.test",
        "*.a.test", "127.0.0.1", "a.1", f"{'a' * 64}.test", ".".join(["a" * 60] * 5), "a" * 5000, "a/b.test",
        "xn--a.test", "a@b.test", "\u202ea.test", "a\u200b.test ",
    ],
)  # fmt: skip
def test_names_that_are_no_domains_are_refused(office, name: str) -> None:
    """Whatever is no domain name is refused with the field, and never reaches a table or a file name."""
    from mailward.actions import domains

    assert refused(domains.add_domain, office, ANNA, name).field == "domain"


@pytest.mark.parametrize("spelling", ["a.test", "A.TEST", "a.test.", "ａ.test"])
def test_a_domain_is_held_once_however_it_is_spelt(held, spelling: str) -> None:
    """Case, a trailing dot or full-width letters make no second domain."""
    from mailward.actions import domains

    assert refused(domains.add_domain, held, ANNA, spelling, customer="B").code == "already-held"


def test_an_internationalised_name_is_kept_in_its_ascii_form(office) -> None:
    """bücher.test and xn--bcher-kva.test are one domain, stored as DNS has it."""
    from mailward.actions import domains

    domains.add_domain(office, ANNA, "Bücher.test")
    assert [row.name for row in domains.list_domains(office, ANNA)] == ["xn--bcher-kva.test"]
    assert refused(domains.add_domain, office, ANNA, "xn--bcher-kva.test").code == "already-held"
    assert domains.show_domain(office, ANNA, "BÜCHER.test.").name == "xn--bcher-kva.test"


@pytest.mark.parametrize("name", ["sub.a.test", "deep.sub.a.test"])
def test_nobody_gets_a_domain_under_another_customers(held, name: str) -> None:
    """B7: a customer can't create a subzone in another customer's zone, at any depth; the holder can."""
    from mailward.actions import domains

    said = refused(domains.add_domain, held, ANNA, name, customer="B")
    assert said.code == "under-another-customer"
    assert "a.test" in str(said.what)
    domains.add_domain(held, ANNA, name, customer="A")
    domains.add_domain(held, ANNA, "ba.test", customer="B")  # ends with the same letters, and lies beside it


def test_the_servers_own_name_is_no_mail_domain(office) -> None:
    """The host name is the server's, not a customer's."""
    from mailward.actions import domains

    assert refused(domains.add_domain, office, ANNA, office.settings.hostname).code == "server-name"


@pytest.mark.parametrize("name", ["", "  ", "a\0b", "x" * 121])
def test_customers_have_printable_names(office, name: str) -> None:
    """The same names are refused whether the customer is added alone or with a domain."""
    from mailward.actions import domains

    assert refused(domains.add_customer, office, ANNA, name).field == "customer"
    assert refused(domains.add_domain, office, ANNA, "a.test", customer=name or " ").field == "customer"


def test_customers_are_held_once_and_counted(held) -> None:
    """A name is one customer, however it is spaced; the list says how many domains each holds."""
    from mailward.actions import domains

    assert refused(domains.add_customer, held, ANNA, " A ").code == "already-held"
    domains.add_domain(held, ANNA, "c.test", customer=" A ")
    domains.add_customer(held, ANNA, "Empty  Ltd")
    assert [(row.name, row.domains) for row in domains.list_customers(held, ANNA)] == [("A", 2), ("Empty Ltd", 0)]
    assert [row.name for row in domains.list_domains(held, ANNA, customer="A")] == ["a.test", "c.test"]


def test_a_domain_is_removed_with_its_addresses(held) -> None:
    """Its mailboxes and aliases are asked to be unpublished, and a name that is not held is refused."""
    from mailward.actions import domains, mailboxes
    from mailward.store.models import Run

    mailboxes.add_mailbox(held, ANNA, "anna@a.test")
    mailboxes.add_alias(held, ANNA, "@a.test", ["anna@a.test"])
    asked = domains.remove_domain(held, ANNA, "a.test")
    assert Run.objects.get(pk=asked.run_id).request == {"domains": ["a.test"], "addresses": ["anna@a.test", "@a.test"]}
    assert domains.list_domains(held, ANNA).rows == ()
    assert refused(domains.remove_domain, held, ANNA, "a.test").code == "unknown"


def test_a_mailbox_gets_a_password_that_is_shown_once(held) -> None:
    """Made here, it is in the answer and nowhere else; given, it is not even answered."""
    from mailward.actions import mailboxes
    from mailward.store.models import Mailbox

    made = mailboxes.add_mailbox(held, ANNA, "Anna@A.test")
    assert made.secret is not None
    assert made.secret not in repr(made)
    given = mailboxes.add_mailbox(held, ANNA, "bert@a.test", password="Given-By-A-Person-1")
    assert given.secret is None
    assert [row.address for row in mailboxes.list_mailboxes(held, ANNA)] == ["anna@a.test", "bert@a.test"]
    assert {opened(box.sealed_password) for box in Mailbox.objects.all()} == {
        held.hash_password(made.secret),
        held.hash_password("Given-By-A-Person-1"),
    }


@pytest.mark.parametrize("password", ["", "short", "x" * 15, "x" * 257])
def test_short_and_endless_passwords_are_refused(held, password: str) -> None:
    """16 to 256 characters, also when it is changed; the refusal doesn't repeat the password."""
    from mailward.actions import mailboxes

    said = refused(mailboxes.add_mailbox, held, ANNA, "anna@a.test", password=password)
    assert said.field == "password"
    assert not password or password not in repr(said) + str(said) + str(said.remedy)
    mailboxes.add_mailbox(held, ANNA, "bert@a.test")
    assert refused(mailboxes.change_password, held, ANNA, "bert@a.test", password).field == "password"


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("anna", "address-form"),
        ("@a.test", "address-form"),
        ("anna@", "address-form"),
        ("an na@a.test", "address-local-part"),
        ("anna..x@a.test", "address-local-part"),
        ("../anna@a.test", "address-local-part"),
        ("anna+x@a.test", "address-local-part"),
        ("-anna@a.test", "address-local-part"),
        (f"{'x' * 65}@a.test", "address-too-long"),
        ("anna@a\n.test", "name-characters"),
        ("anna@other.test", "unknown"),
    ],
)
def test_addresses_that_cannot_live_here_are_refused(held, address: str, code: str) -> None:
    """No local part that a program could misread, and no domain that isn't held here."""
    from mailward.actions import mailboxes

    assert refused(mailboxes.add_mailbox, held, ANNA, address).code == code


def test_an_address_is_a_mailbox_or_an_alias(held) -> None:
    """Nobody's mail can be taken over by adding the same address again, in either form."""
    from mailward.actions import mailboxes

    mailboxes.add_mailbox(held, ANNA, "anna@a.test")
    mailboxes.add_alias(held, ANNA, "info@a.test", ["anna@a.test"])
    for address in ("anna@a.test", "ANNA@a.test", "info@a.test"):
        assert refused(mailboxes.add_mailbox, held, ANNA, address).code == "already-held"
        assert refused(mailboxes.add_alias, held, ANNA, address, ["anna@a.test"]).code == "already-held"


def test_quotas_are_bytes_and_not_negative(held) -> None:
    """0 is no limit."""
    from mailward.actions import mailboxes

    assert refused(mailboxes.add_mailbox, held, ANNA, "anna@a.test", quota_bytes=-1).field == "quota"
    mailboxes.add_mailbox(held, ANNA, "anna@a.test", quota_bytes=10**9)
    assert mailboxes.list_mailboxes(held, ANNA, "a.test").rows[0].quota_bytes == 10**9


def test_a_changed_password_replaces_the_old_one(held) -> None:
    """Only its hash is in the row, and the steward is asked to publish that one address."""
    from mailward.actions import mailboxes
    from mailward.store.models import Mailbox, Run

    first = mailboxes.add_mailbox(held, ANNA, "anna@a.test")
    second = mailboxes.change_password(held, ANNA, "anna@a.test")
    assert second.secret not in (None, first.secret)
    assert opened(Mailbox.objects.get().sealed_password) == held.hash_password(second.secret)
    assert Run.objects.get(pk=second.run_id).request == {"domains": [], "addresses": ["anna@a.test"]}
    assert refused(mailboxes.change_password, held, ANNA, "bert@a.test").code == "unknown"


def test_a_mailbox_is_removed(held) -> None:
    """Its row goes at once; its address is asked to be unpublished; a second time it is unknown."""
    from mailward.actions import mailboxes

    mailboxes.add_mailbox(held, ANNA, "anna@a.test")
    mailboxes.remove_mailbox(held, ANNA, "anna@a.test")
    assert mailboxes.list_mailboxes(held, ANNA).rows == ()
    assert refused(mailboxes.remove_mailbox, held, ANNA, "anna@a.test").code == "unknown"


def test_aliases_have_good_targets(held) -> None:
    """At least one target, each an address; the catch-all is written @domain; removed by the same name."""
    from mailward.actions import mailboxes

    assert refused(mailboxes.add_alias, held, ANNA, "info@a.test", []).field == "targets"
    assert refused(mailboxes.add_alias, held, ANNA, "info@a.test", ["anna@a.test", "x, y@b.test"]).field == "targets"
    assert refused(mailboxes.add_alias, held, ANNA, "info@other.test", ["anna@a.test"]).code == "unknown"
    mailboxes.add_alias(held, ANNA, "@a.test", ["Anna@A.test", "b@elsewhere.example"])
    mailboxes.add_alias(held, ANNA, "Info@a.test", ["anna@a.test"])
    assert [(row.address, row.targets) for row in mailboxes.list_aliases(held, ANNA, "a.test")] == [
        ("@a.test", ("anna@a.test", "b@elsewhere.example")),
        ("info@a.test", ("anna@a.test",)),
    ]
    mailboxes.remove_alias(held, ANNA, "@a.test")
    mailboxes.remove_alias(held, ANNA, "INFO@a.test")
    assert mailboxes.list_aliases(held, ANNA).rows == ()
    assert refused(mailboxes.remove_alias, held, ANNA, "info@a.test").code == "unknown"


def test_runs_are_listed_newest_first(held) -> None:
    """As many as were asked for; an unknown number is refused."""
    from mailward.actions import configuration, runs

    asked = [configuration.apply(held, ANNA).run_id, configuration.rollback(held, ANNA, to=3).run_id]
    assert [row.id for row in runs.list_runs(held, ANNA, limit=2)] == asked[::-1]
    assert [row.kind for row in runs.list_runs(held, ANNA, limit=2)] == [RunKind.ROLLBACK, RunKind.CONFIGURATION]
    assert refused(runs.show_run, held, ANNA, 999).field == "run"


@pytest.mark.parametrize("name", ["catalog.mailward", "Catalog.Mailward.", "x.mailward"])
def test_the_name_servers_own_zone_is_no_customers(office, name: str) -> None:
    """Whoever held the catalog of zones could make every zone of the host disappear: its file is named as a domain's is."""
    from mailward.actions import domains
    from mailward.daemons import knot

    assert refused(domains.add_domain, office, ANNA, name).code == "reserved"
    assert refused(domains.add_domain, office, ANNA, knot.CATALOG).code == "reserved"
