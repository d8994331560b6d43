"""App passwords: made once, named by their beginning, ended one by one; and nothing of them lies open anywhere."""

import json
import re

import pytest

from fakes.made_host import KEYS
from mailward.host.passwords import hash_app_password
from mailward.host.seals import Opener
from mailward.model.errors import BadInput, MailwardError, NotPossible
from mailward.model.people import Actor
from mailward.model.runs import RunState

ANNA = Actor("anna@a.test", came_from="192.0.2.9")
ADDRESS = "anna@a.test"


@pytest.fixture
def held(made):
    from mailward.actions import mailboxes

    made.holding("a.test")
    mailboxes.add_mailbox(made.office, ANNA, ADDRESS)
    made.carry_out()
    return made


def create(held, label: str = "Phone", protocols=("imap", "submission")):
    from mailward.actions import app_passwords

    return app_passwords.create_app_password(held.office, ANNA, ADDRESS, label, protocols)


def test_one_is_made_and_shown_once(held) -> None:
    """Seven groups of four; the store has its beginning, and a sealed hash of the whole."""
    from mailward.actions import app_passwords
    from mailward.store.models import AppPassword

    asked = create(held, "  Anna's\tphone ")
    assert re.fullmatch(r"([a-z2-9]{4}-){6}[a-z2-9]{4}", asked.secret)
    assert asked.secret not in repr(asked)
    (row,) = app_passwords.list_app_passwords(held.office, ANNA, ADDRESS)
    assert (row.selector, row.label, row.protocols) == (asked.secret[:8], "Anna's phone", ("imap", "submission"))
    assert row.last_used_at is None
    kept = AppPassword.objects.get()
    assert Opener(KEYS.private).unseal(bytes(kept.sealed_hash)).decode() == held.office.hash_app_password(asked.secret)


def test_it_is_published_with_its_protocols_and_ends_with_its_revocation(held) -> None:
    """Making one ends nobody's session; revoking one empties Dovecot's memory and ends the sessions."""
    from mailward.actions import app_passwords

    held.processes.calls.clear()
    first, second = create(held), create(held, "Tablet", ("pop3",))
    held.carry_out()
    assert not [call for call in held.processes.calls if "kick" in call]
    published = held.directory.app_passwords
    assert {key: row.protocols for key, row in published.items()} == {
        (ADDRESS, first.secret[:8]): ("imap", "submission"),
        (ADDRESS, second.secret[:8]): ("pop3",),
    }
    assert published[ADDRESS, first.secret[:8]].password == held.office.hash_app_password(first.secret)
    held.processes.calls.clear()
    asked = app_passwords.revoke_app_password(held.office, ANNA, ADDRESS, first.secret[:8])
    assert held.carry_out(asked).state is RunState.DONE
    assert set(held.directory.app_passwords) == {(ADDRESS, second.secret[:8])}
    said = [call[3:] for call in held.processes.calls]
    assert ("auth", "cache", "flush", ADDRESS) in said
    assert ("kick", ADDRESS) in said
    with pytest.raises(BadInput) as refused:
        app_passwords.revoke_app_password(held.office, ANNA, ADDRESS, first.secret[:8])
    assert refused.value.code == "unknown"


def test_they_go_with_their_mailbox(held) -> None:
    """A removed mailbox leaves no way in, also not when the address is made anew."""
    from mailward.actions import mailboxes

    create(held)
    held.carry_out()
    held.carry_out(mailboxes.remove_mailbox(held.office, ANNA, ADDRESS))
    assert held.directory.app_passwords == {}
    held.carry_out(mailboxes.add_mailbox(held.office, ANNA, ADDRESS))
    assert held.directory.app_passwords == {}


@pytest.mark.parametrize("label", ["", "  ", "x" * 61, "a\x07b", "\u202eenohp"])
def test_a_name_is_short_and_printable(held, label: str) -> None:
    """It is shown to people, and stands in records."""
    with pytest.raises(BadInput) as refused:
        create(held, label)
    assert refused.value.field == "label"


@pytest.mark.parametrize("protocols", [(), ("webmail",), ("imap", "smtp"), ("",), ("imap,sieve",)])
def test_only_known_protocols(held, protocols) -> None:
    """None, webmail's own, and Postfix' name for it are refused by name."""
    with pytest.raises(BadInput) as refused:
        create(held, protocols=protocols)
    assert refused.value.field == "protocols"


def test_names_are_unique_and_there_are_at_most_fifty(held) -> None:
    """Two of the same name can't be told apart; nobody fills the directory."""
    from mailward.actions import app_passwords

    for number in range(app_passwords.MOST):
        create(held, f"Phone {number}")
    with pytest.raises(NotPossible):
        create(held, "One more")
    app_passwords.revoke_app_password(
        held.office, ANNA, ADDRESS, app_passwords.list_app_passwords(held.office, ANNA, ADDRESS)[0].selector
    )
    with pytest.raises(BadInput) as refused:
        create(held, "Phone 1")
    assert refused.value.code == "already-held"


def test_nothing_that_was_secret_is_in_the_records(held) -> None:
    """Events and runs tell the name and the beginning; never the rest, nor a hash."""
    from mailward.actions import app_passwords
    from mailward.store.models import Event, Run

    asked = create(held)
    app_passwords.revoke_app_password(held.office, ANNA, ADDRESS, asked.secret[:8])
    events = list(Event.objects.filter(what__startswith="app-password").order_by("id"))
    assert [one.what for one in events] == ["app-password.created", "app-password.revoked"]
    assert {(one.came_from, one.domain, one.customer, one.subject) for one in events} == {
        ("192.0.2.9", "a.test", "a.test", ADDRESS)
    }
    told = json.dumps([[one.detail for one in events], list(Run.objects.values_list("request", flat=True))])
    assert asked.secret[:8] in told
    assert asked.secret[9:] not in told
    assert held.office.hash_app_password(asked.secret) not in told


def test_each_hash_has_a_salt_of_its_own() -> None:
    """Two people with the same text, were there any, would not be seen to have it."""
    one, two = hash_app_password("abcd"), hash_app_password("abcd")
    assert one != two
    assert one.startswith("{SSHA512}")
    assert "abcd" not in one


def test_refusals_never_repeat_a_password(held) -> None:
    """A whole app password, handed in where its beginning is asked for, finds it; a wrong one isn't told to the end."""
    from mailward.actions import app_passwords

    asked = create(held)
    app_passwords.revoke_app_password(held.office, ANNA, ADDRESS, asked.secret)
    with pytest.raises(MailwardError) as refused:
        app_passwords.revoke_app_password(held.office, ANNA, ADDRESS, asked.secret)
    assert asked.secret not in str(refused.value) + repr(refused.value.what)
