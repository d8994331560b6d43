"""What is declared in rows, as the values that the steward brings about."""

from dataclasses import replace
from hashlib import sha256

import pytest

from fakes.made_host import KEYS
from mailward.certificates import make
from mailward.host.seals import Sealer
from mailward.model.certificates import Challenge, Source
from mailward.model.doors import Door, Role
from mailward.model.tables import DirectoryAlias, DirectoryChange, DirectoryDomain, DirectoryMailbox, Served
from mailward.steward.new_instance import demo

SEALED = Sealer(KEYS.public).seal(b"{TEST}1")


@pytest.fixture
def rows(made):
    """Two domains with mailboxes and aliases, and a wildcard for the first."""
    from mailward.store.lineages import add_version, new_lineage
    from mailward.store.models import Alias, Customer, Domain, Mailbox

    holder = Customer.objects.create(name="A")
    for name in ("a.test", "b.test"):
        domain = Domain.objects.create(name=name, customer=holder)
        Mailbox.objects.create(domain=domain, local_part="anna", sealed_password=SEALED, quota_bytes=5)
        Alias.objects.create(domain=domain, local_part="", targets=[f"anna@{name}"])
    domain = Domain.objects.get(name="a.test")
    lineage = new_lineage(
        "a.test-wildcard", domain, Source.ACME, ("a.test", "*.a.test"), challenge=Challenge.DNS_01, ca="x"
    )
    names = ("a.test", "*.a.test", "other.test", "notа.test".encode("idna").decode())
    version = add_version(lineage, make.self_signed(names, made.clock.now()), made.office.seal)
    lineage.current, lineage.names = version.number, version.names
    lineage.save()
    return domain, lineage


def test_a_choice_answers_to_the_domains_own_names_only(rows) -> None:
    """A certificate that covers other people's names, too, is served under the names at or below its domain, sorted."""
    from mailward.store import declared

    domain, lineage = rows
    domain.webmail_lineage = lineage
    assert declared.served_by_domains([domain]) == [Served(Role.WEB, ("*.a.test", "a.test"), "a.test-wildcard", 1)]
    domain.mail_lineage = lineage
    assert [served.role for served in declared.served_by_domains([domain])] == [Role.WEB, Role.MAIL]


def test_what_has_not_been_issued_is_not_served(rows) -> None:
    """A chosen lineage without a current version serves nothing: the names fall back to the server."""
    from mailward.store import declared

    domain, lineage = rows
    lineage.current = None
    domain.webmail_lineage = domain.mail_lineage = lineage
    assert declared.served_by_domains([domain]) == []


def test_the_server_serves_its_own_name_and_everybody_without_one(made) -> None:
    """The two certificates of the birth are defaults, and answer to the server's name."""
    from mailward.store import declared

    assert declared.served_by_server("mx.test") == [
        Served(Role.WEB, ("mx.test",), "web-self-signed", 1, default=True),
        Served(Role.MAIL, ("mx.test",), "mail-self-signed", 1, default=True),
    ]


def test_the_desired_state_does_not_grow_with_domains_unless_dovecots_doors_are_open(rows) -> None:
    """Only where mailward.toml opens a STARTTLS door does the configuration name certificates: one block each."""
    from mailward.store import declared

    domain, lineage = rows
    domain.mail_lineage = lineage
    domain.save()
    closed = demo(ipv6=False)
    assert declared.desired_state(closed).local_names == ()
    opened = replace(closed, ports={**closed.ports, Door.IMAP: 2143})
    (block,) = declared.desired_state(opened).local_names
    assert (block.lineage, block.version, block.names) == ("a.test-wildcard", 1, ("*.a.test", "a.test"))


def test_a_directory_change_puts_what_is_declared_and_removes_what_is_not(made, rows) -> None:
    """Of what is asked for, rows that exist are put, all others removed, and nothing else is touched."""
    from mailward.store import declared

    change = declared.directory_change(made.host.unseal, ["a.test", "gone.test"], ["anna@a.test", "@a.test", "bert@a.test"])
    assert change == DirectoryChange(
        put=(
            DirectoryDomain("a.test"),
            DirectoryMailbox("anna@a.test", "a.test", "{TEST}1", 5, mark=sha256(SEALED).hexdigest()),
            DirectoryAlias("@a.test", "a.test", ("anna@a.test",)),
        ),
        remove_domains=("gone.test",),
        remove_mailboxes=("@a.test", "bert@a.test"),
        remove_aliases=("anna@a.test", "bert@a.test"),
        forget_app_passwords=("anna@a.test",),
    )
    assert len(declared.whole_directory(made.host.unseal).put) == 6


def test_an_inactive_mailbox_is_published_as_inactive(made, rows) -> None:
    """Switched off is declared, and not the same as gone."""
    from mailward.store import declared
    from mailward.store.models import Mailbox

    Mailbox.objects.filter(domain__name="a.test").update(active=False)
    (row,) = declared.directory_change(made.host.unseal, [], ["anna@a.test"]).put
    assert isinstance(row, DirectoryMailbox)
    assert row.active is False


def test_a_lineage_is_read_as_a_value(rows) -> None:
    """Everything a person chose about a certificate comes back as it was stored."""
    from mailward.store import declared

    value = declared.lineage_value(rows[1])
    assert (value.id, value.owner, value.source, value.challenge, value.ca, value.current) == (
        "a.test-wildcard", "a.test", Source.ACME, Challenge.DNS_01, "x", 1,
    )  # fmt: skip


def test_a_taken_name_of_a_lineage_gets_a_number(rows) -> None:
    """Two lineages never share an id, and nobody's is taken over."""
    from mailward.store.lineages import new_lineage

    assert new_lineage("a.test-wildcard", None, Source.UPLOAD, ()).pk == "a.test-wildcard-2"
    assert new_lineage("a.test-wildcard", None, Source.UPLOAD, ()).pk == "a.test-wildcard-3"


def test_versions_are_numbered_and_their_keys_are_sealed(made, rows) -> None:
    """Each version has the next number; its key is nowhere in the row in clear, and the steward can open it."""
    from mailward.store.lineages import add_version, certificate_of

    chain = make.self_signed(("a.test",), made.clock.now())
    version = add_version(rows[1], chain, made.office.seal)
    assert version.number == 2
    assert chain.key_pem not in bytes(version.sealed_key)
    assert made.host.unseal.unseal(bytes(version.sealed_key)) == chain.key_pem
    assert certificate_of(version) == chain.certificate
