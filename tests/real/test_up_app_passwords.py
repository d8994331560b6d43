"""App passwords on a real host: Dovecot and Postfix take each where it belongs and nowhere else, and forget it at once."""

import imaplib
import poplib
import re
import smtplib
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.error import HTTPError

import pytest

from demo_host import DemoHost
from mail_people import Person, person, trusting
from mailward.bootstrap.mailward import Mailward, open_instance
from mailward.daemons import dovecot
from mailward.model.doors import Door
from mailward.model.progress import Quiet
from webmail_people import WebmailPerson

pytestmark = pytest.mark.real

ADDRESS = "anna@alpha.localhost"
ADDRESSES = count(1)
REFUSED = (imaplib.IMAP4.error, poplib.error_proto, smtplib.SMTPAuthenticationError)


@dataclass
class Phone:
    """A program with an app password, and how its owner made and ends it."""

    mailward: Mailward
    host: DemoHost
    label: str
    protocols: tuple[str, ...]
    secret: str = ""

    def made(self) -> "Phone":
        from mailward.actions import app_passwords
        from mailward.model.people import STEWARD

        asked = app_passwords.create_app_password(self.mailward.office, STEWARD, ADDRESS, self.label, self.protocols)
        self.mailward.carry_out(asked.run_id, Quiet())
        assert asked.secret is not None
        self.secret = asked.secret
        return self

    def revoked(self) -> None:
        from mailward.actions import app_passwords
        from mailward.model.people import STEWARD

        asked = app_passwords.revoke_app_password(self.mailward.office, STEWARD, ADDRESS, self.secret[:8])
        self.mailward.carry_out(asked.run_id, Quiet())

    def person(self) -> Person:
        return Person(self.host, ADDRESS, self.secret)

    def opens(self, protocol: str) -> bool:
        return opens(self.person(), protocol)


@pytest.fixture(scope="module")
def mailward(demo_host: DemoHost) -> Mailward:
    return open_instance(demo_host.root)


@pytest.fixture
def made(demo_host: DemoHost, mailward: Mailward) -> Iterator[Any]:
    """Makes app passwords; in the end none is left."""
    from mailward.store.models import AppPassword

    phones: list[Phone] = []

    def make(label: str, *protocols: str) -> Phone:
        phones.append(Phone(mailward, demo_host, label, protocols).made())
        return phones[-1]

    yield make
    for phone in phones:
        if AppPassword.objects.filter(selector=phone.secret[:8]).exists():
            phone.revoked()


def opens(who: Person, protocol: str) -> bool:
    """Whether this person's program can log in."""
    try:
        if protocol == "imap":
            with who.imap() as client:
                return client.noop()[0] == "OK"
        if protocol == "pop3":
            with who.pop() as client:
                return client.noop().startswith(b"+OK")
        with who.smtp() as client:
            return client.noop()[0] == 250
    except REFUSED:
        return False


def let_in(mailward: Mailward, secret: str, service: str, port: int = 0) -> bool:
    """Whether Dovecot lets this password in for a service at one of its own ports. Each question comes from an address of
    its own, since Dovecot lets those wait that were wrong before."""
    told = [f"service={service}", f"rip=192.0.2.{next(ADDRESSES)}", *([f"lport={port}"] if port else [])]
    words = [word for one in told for word in ("-x", one)]
    asked = dovecot.doveadm(mailward.layout, "auth", "test", *words, ADDRESS, secret)
    return subprocess.run(asked, capture_output=True, timeout=60, check=False).returncode == 0


def test_it_opens_its_protocols_and_no_other_and_never_webmail(made, mailward: Mailward) -> None:
    """For reading and sending it reads and sends; for POP3 it does neither; at webmail's doors none opens anything."""
    phone, old = made("Phone", "imap", "submission"), made("Old program", "pop3", "sieve")
    everything = made("All", "imap", "pop3", "submission", "sieve")
    assert phone.opens("imap")
    assert phone.opens("submission")
    assert old.opens("pop3")
    ports = mailward.settings.internal
    asked = {
        (name, secret, service, port): right
        for name, secret, right_ones in (
            ("phone", phone.secret, {"imap", "submission"}),
            ("old", old.secret, {"pop3", "sieve"}),
            ("all", everything.secret, {"imap", "pop3", "submission", "sieve"}),
        )
        for service in ("imap", "pop3", "submission", "sieve")
        for port, right in ((0, service in right_ones),)
    } | {
        ("all", everything.secret, service, port): False
        for service, port in (("imap", ports.imap_local), ("sieve", ports.sieve_local), ("webmail", 0), ("smtp", 0))
    }
    with ThreadPoolExecutor(8) as pool:
        found = dict(zip(asked, pool.map(lambda one: let_in(mailward, *one[1:]), asked), strict=True))
    assert {one[:1] + one[2:]: answer for one, answer in found.items()} == {
        one[:1] + one[2:]: right for one, right in asked.items()
    }
    own = person(phone.host, ADDRESS)
    assert opens(own, "imap")
    with imaplib.IMAP4("127.0.0.1", ports.imap_local) as webmail:
        assert webmail.login(ADDRESS, own.password)[0] == "OK"


def test_roundcube_lets_in_the_own_password_alone(made, demo_host: DemoHost) -> None:
    """At the log-in of webmail an app password for everything is a wrong password."""
    everything = made("All", "imap", "pop3", "submission", "sieve")
    for secret, is_right in ((everything.secret, False), (demo_host.passwords[ADDRESS], True)):
        webmail = WebmailPerson("webmail.alpha.localhost", demo_host.port(Door.HTTPS), trusting(demo_host))
        if is_right:
            webmail.log_in(ADDRESS, secret)
            assert webmail.inbox() is not None
        else:
            with pytest.raises(HTTPError) as refused:
                webmail.log_in(ADDRESS, secret)
            assert refused.value.code == 401


def test_a_revoked_one_ends_within_a_second_and_so_does_its_session(made, mailward: Mailward) -> None:
    """It was used and lies in Dovecot's cache, with a session open: both are gone once the run has ended."""
    phone, other = made("Lost phone", "imap", "submission"), made("Kept", "imap")
    assert phone.opens("submission")
    assert let_in(mailward, phone.secret, "submission")
    with suppress(imaplib.IMAP4.abort, OSError), phone.person().imap() as session:
        session.select("INBOX")
        began = time.monotonic()
        phone.revoked()
        took = time.monotonic() - began
        with pytest.raises((imaplib.IMAP4.abort, OSError)):
            for _ in range(20):
                session.noop()
                time.sleep(0.05)
    assert took < 1
    with ThreadPoolExecutor(2) as pool:
        assert not any(pool.map(lambda service: let_in(mailward, phone.secret, service), ("imap", "submission")))
    assert not phone.opens("imap")
    assert other.opens("imap")


def test_its_owner_sees_when_and_from_where_it_was_used(made, demo_host: DemoHost, mailward: Mailward) -> None:
    """Sending counts as reading does; a second later the list says so, at the command line, too."""
    from mailward.actions import app_passwords
    from mailward.model.people import STEWARD

    phone = made("Seen", "submission")
    (row,) = [one for one in app_passwords.list_app_passwords(mailward.office, STEWARD, ADDRESS) if one.label == "Seen"]
    assert (row.last_used_at, row.last_used_from) == (None, "")
    assert phone.opens("submission")
    end = time.monotonic() + 10
    while row.last_used_at is None:
        assert time.monotonic() < end, "the steward never wrote down that it was used"
        time.sleep(0.1)
        rows = app_passwords.list_app_passwords(mailward.office, STEWARD, ADDRESS)
        (row,) = [one for one in rows if one.label == "Seen"]
    assert row.last_used_from == "127.0.0.1"
    assert abs((mailward.office.clock.now() - row.last_used_at).total_seconds()) < 30
    listed = demo_host.json("app-password", "list", ADDRESS)
    assert [one["last_used_from"] for one in listed if one["label"] == "Seen"] == ["127.0.0.1"]


def test_what_is_typed_never_becomes_a_part_of_the_query(made, mailward: Mailward) -> None:
    """A password that begins as an app password does and goes on as SQL is a wrong password, and no error either."""
    phone = made("Injected", "imap")
    beginning = phone.secret[:8]
    endings = ("' OR '1'='1", "\\' OR 1=1 --", '"', "\\", "', 1, 8) OR 1=1 --", "%u%{user}")
    typed = [*(beginning + one for one in endings), "' OR 1=1 OR '", "'", "'" * 9]
    size = (mailward.layout.log / "dovecot.log").stat().st_size
    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(lambda one: let_in(mailward, one, "imap"), typed))
        assert let_in(mailward, phone.secret, "imap")
    log = (mailward.layout.log / "dovecot.log").read_bytes()[size:].decode()
    assert "FAIL" in log
    assert not re.search(r"(?i)error|syntax|unrecognized", log)
    assert beginning + "'" not in log


def test_a_disabled_mailbox_lets_nobody_in_and_still_gets_its_mail(made, demo_host: DemoHost, mailward: Mailward) -> None:
    """Neither its own password nor an app password opens it; what came meanwhile lies there when it is enabled again."""
    phone, anna = made("Away", "imap"), person(demo_host, ADDRESS)
    assert let_in(mailward, phone.secret, "imap")
    demo_host.run("mailbox", "disable", ADDRESS)
    try:
        with ThreadPoolExecutor(2) as pool:
            assert not any(pool.map(lambda secret: let_in(mailward, secret, "imap"), (phone.secret, anna.password)))
        person(demo_host, "ben@alpha.localhost").send(ADDRESS, "while she was away")
    finally:
        demo_host.run("mailbox", "enable", ADDRESS)
    assert anna.finds("while she was away")
    assert let_in(mailward, phone.secret, "imap")
