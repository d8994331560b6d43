"""Dovecot's own STARTTLS doors, when mailward.toml opens them."""

import imaplib
import poplib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography import x509
from whole_host import WholeHost, free_demo, until

from mailward import daemons
from mailward.model.desired import DesiredState, LocalName
from mailward.model.doors import Door

pytestmark = pytest.mark.real

ANNA, PASSWORD = "anna@alpha.localhost", "a password"


@pytest.fixture(scope="module")
def host() -> Iterator[WholeHost]:
    settings = free_demo()
    base = settings.ports[Door.IMAPS] - Door.IMAPS.kind.demo_offset
    opened = {door: base + door.kind.demo_offset for door in (Door.IMAP, Door.POP3, Door.SIEVE)}
    with WholeHost.started(replace(settings, ports=settings.ports | opened), names=("dovecot", "dovecot-starttls")) as made:
        made.add_mailbox(ANNA, PASSWORD)
        yield made


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def names_at(host: WholeHost, sni: str) -> list[str]:
    with socket.create_connection(("127.0.0.1", host.settings.ports[Door.IMAP]), 5) as plain:
        plain.recv(1000)
        plain.sendall(b"a STARTTLS\r\n")
        assert b"a OK" in plain.recv(1000)
        with trusting().wrap_socket(plain, server_hostname=sni) as secured:
            certificate = x509.load_der_x509_certificate(secured.getpeercert(True) or b"")
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return found.value.get_values_for_type(x509.DNSName)


def test_nothing_is_said_in_clear(host: WholeHost) -> None:
    """Before STARTTLS no log-in is possible on any of the doors; after it, it is.

    The client comes from 127.0.0.77: Dovecot takes a connection whose two ends have one address for a local one.
    """
    other = ("127.0.0.77", 0)
    greetings = {}
    for door in (Door.IMAP, Door.POP3, Door.SIEVE):
        with socket.create_connection(("127.0.0.1", host.settings.ports[door]), 5, source_address=other) as clear:
            greetings[door] = clear.recv(2000)
            if door is Door.IMAP:
                clear.sendall(f'a LOGIN {ANNA} "{PASSWORD}"\r\n'.encode())
                assert b"a NO [PRIVACYREQUIRED]" in clear.recv(2000)
            if door is Door.POP3:
                clear.sendall(f"USER {ANNA}\r\n".encode())
                assert clear.recv(2000).startswith(b"-ERR")
    assert b"LOGINDISABLED" in greetings[Door.IMAP]
    assert b'"SASL" ""' in greetings[Door.SIEVE]
    assert b'"STARTTLS"' in greetings[Door.SIEVE]
    client = imaplib.IMAP4("127.0.0.1", host.settings.ports[Door.IMAP])
    client.starttls(trusting())
    client.login(ANNA, PASSWORD)
    client.logout()
    pop = poplib.POP3("127.0.0.1", host.settings.ports[Door.POP3])
    pop.stls(trusting())
    pop.user(ANNA)
    pop.pass_(PASSWORD)
    pop.quit()


def test_each_name_gets_its_certificate_after_a_reload(host: WholeHost) -> None:
    """One block per certificate serves all its names; other names get the server-wide one."""
    host.put_version("one", 1, ("one.test", "*.one.test"))
    wanted = DesiredState(host.settings, (LocalName("one", 1, ("one.test", "*.one.test")),))
    host.switch(daemons.render(wanted, host.layout))
    host.reload("dovecot-starttls")
    until(lambda: names_at(host, "one.test") == ["one.test", "*.one.test"], "the new certificate")
    assert names_at(host, "imap.one.test") == ["one.test", "*.one.test"]
    assert names_at(host, "other.test") == [host.settings.hostname]
