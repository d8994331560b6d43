"""The first accounts of the panel: made once, shown as long as that is safe, and never again in production."""

from dataclasses import replace

import pytest

from mailward.model.people import Actor

ROOT = Actor("root")


@pytest.fixture
def opened(made):
    """A demo, as the command line has it open."""
    from mailward.actions.domains import add_domain
    from mailward.bootstrap.mailward import Mailward

    add_domain(made.office, ROOT, "beta.localhost", customer="Beta")
    return Mailward(made.host.layout, made.settings, made.office, made.host)


def in_production(opened, contact: str | None):
    settings = replace(opened.settings, demo=None, contact=contact)
    return replace(opened, settings=settings)


def test_a_demo_shows_a_provider_and_a_customer_until_they_change_their_passwords(opened) -> None:
    """The same passwords each time, sealed meanwhile; they open the accounts; one that was changed is shown no more."""
    from mailward.actions.invitations import reset_password
    from mailward.bootstrap import first_people
    from mailward.store.models import Account

    is_new, shown = first_people.make(opened)
    assert is_new
    assert [one.email for one in shown] == ["provider@mx.mailward.localhost", "owner@beta.localhost"]
    for one in shown:
        assert Account.objects.get(email=one.email).check_password(one.password)
        assert one.password not in repr(one)
        assert one.password.encode() not in opened.host.files.read(opened.layout.secrets / "first-passwords")
    assert first_people.make(opened) == (False, shown)
    reset_password(opened.office, ROOT, Account.objects.get(email=shown[0].email).pk, "Harbour-Lantern-42-Violin")
    assert first_people.make(opened) == (False, shown[1:])


def test_a_killed_up_makes_the_same_account_and_not_two(opened) -> None:
    """A password that was written down is the one that the account gets."""
    from mailward.bootstrap import demo, first_people

    before = demo.written_down(opened, "account owner@beta.localhost")
    assert {one.email: one.password for one in first_people.make(opened)[1]}["owner@beta.localhost"] == before


@pytest.mark.parametrize(
    ("contact", "email"),
    [("Hostmaster@Example.com", "hostmaster@example.com"), (None, "provider@mx.mailward.localhost")],
)
def test_production_has_one_provider_whose_password_is_shown_once(opened, contact: str | None, email: str) -> None:
    """Named by --contact or the host's own name; nothing is kept, and the next ``up`` makes and shows nothing."""
    from mailward.bootstrap import first_people
    from mailward.store.models import Account

    production = in_production(opened, contact)
    is_new, (only,) = first_people.make(production)
    assert (is_new, only.email) == (True, email)
    assert Account.objects.get().check_password(only.password)
    assert not opened.host.files.exists(opened.layout.secrets / "first-passwords")
    assert first_people.make(production) == (False, ())
