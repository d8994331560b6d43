"""Who used an app password is read out of Dovecot's log, and nobody can write it there but Dovecot."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailward.model.people import Actor
from mailward.steward import last_used

ANNA = Actor("anna")
FORM = "{time} auth: Debug: client passdb out: OK\t7\tuser={user}\tapp={selector}\tapp_from={address}"


@pytest.fixture
def phone(made):
    from mailward.actions import app_passwords, mailboxes
    from mailward.store.models import AppPassword

    made.holding("a.test")
    mailboxes.add_mailbox(made.office, ANNA, "anna@a.test")
    asked = app_passwords.create_app_password(made.office, ANNA, "anna@a.test", "Phone")
    return AppPassword.objects.get(selector=asked.secret[:8])


def line(made, phone, address: str = "192.0.2.7", user: str = "anna@a.test", ago: float = 0) -> bytes:
    time = (made.clock.now() - timedelta(seconds=ago)).astimezone().strftime("%Y-%m-%dT%H:%M:%S")
    return FORM.format(time=time, user=user, selector=phone.selector, address=address).encode()


def test_a_use_is_written_down(made, phone) -> None:
    """When, and from which address; the last of several."""
    lines = [line(made, phone, "192.0.2.1", ago=9), b"something else", line(made, phone, "2001:db8::7", ago=3)]
    assert last_used.learn(replace(made.host, logins=lambda: lines)) == 2
    phone.refresh_from_db()
    assert phone.last_used_from == "2001:db8::7"
    assert 2 <= (made.clock.now() - phone.last_used_at).total_seconds() <= 4


def test_a_busy_program_is_not_written_down_every_second(made, phone) -> None:
    """From the same address once a minute is enough; another address is told at once."""
    for ago, address, told in ((30, "192.0.2.1", 30), (10, "192.0.2.1", 30), (5, "192.0.2.2", 5)):
        last_used.write(last_used.read_uses([line(made, phone, address, ago=ago)]), made.clock.now())
        phone.refresh_from_db()
        assert round((made.clock.now() - phone.last_used_at).total_seconds()) in {told, told + 1}


def test_a_clock_ahead_is_not_believed(made, phone) -> None:
    """No use lies in the future."""
    last_used.write(last_used.read_uses([line(made, phone, ago=-4000)]), made.clock.now())
    phone.refresh_from_db()
    assert phone.last_used_at == made.clock.now()


def test_what_is_not_dovecots_own_line_is_passed_over(made, phone) -> None:
    """Refusals, other owners, forged names and addresses change nothing."""
    good = line(made, phone)
    for wrong in (
        good.replace(b"OK\t", b"FAIL\t"),
        line(made, phone, user="bert@a.test"),
        line(made, phone, address="example.test"),
        line(made, phone, address=""),
        good.replace(b" auth: ", b" imap-login: Info: user=< auth: "),
        good.replace(phone.selector.encode(), b"' OR 1=1"),
        b"x" + good,
    ):
        last_used.write(last_used.read_uses([wrong]), made.clock.now())
    phone.refresh_from_db()
    assert phone.last_used_at is None


@given(st.binary(max_size=200))
def test_no_line_breaks_the_reading(rest: bytes) -> None:
    """Whatever stands behind the beginning of such a line."""
    last_used.read_uses([rest, b"2026-01-01T00:00:00" + last_used.BEFORE + rest, rest + last_used.BEFORE + rest])
