"""The doors that RFC 8314 discourages, opened and closed again by ``mailward.toml`` on a running host."""

import base64
import imaplib
import poplib
import re
import socket
import ssl
import time
from collections.abc import Iterator

import pytest

from demo_host import DemoHost
from inside import inside
from mail_people import person, trusting
from mailward.host.clock import RealClock
from mailward.host.supervisor import Supervisord
from mailward.model.doors import Door

pytestmark = pytest.mark.real

OPENED = (Door.IMAP, Door.POP3, Door.SIEVE)
SCRIPT = b'redirect "ben@beta.localhost";\r\nkeep;\r\n'


def processes(host: DemoHost) -> dict[str, int]:
    keeper = Supervisord(host.layout, clock=RealClock())
    return {row["name"]: row["pid"] for row in keeper._call("getAllProcessInfo")}


@pytest.fixture(scope="module")
def before(demo_host: DemoHost) -> dict[str, int]:
    return processes(demo_host)


@pytest.fixture(scope="module")
def host(demo_host: DemoHost, before: dict[str, int]) -> Iterator[DemoHost]:
    """The three doors open, beta's certificate chosen afterwards, and all of it undone at the end."""
    settings = demo_host.layout.settings
    closed = settings.read_text()
    lines = "\n".join(f"{door} = {demo_host.port(door)}" for door in OPENED)
    settings.write_text(closed.replace("[ports]\n", f"[ports]\n{lines}\n"))
    try:
        assert "dovecot-starttls" in demo_host.run("plan").stdout
        demo_host.run("apply")
        demo_host.run("secure", "beta.localhost")
        yield demo_host
    finally:
        settings.write_text(closed)
        demo_host.run("apply")
        demo_host.run("secure", "beta.localhost", "--webmail", "self-signed", "--mail", "self-signed")


def test_the_opened_doors_show_each_domains_own_certificate(host: DemoHost) -> None:
    """By STARTTLS, at both addresses: alpha's from the start, beta's as soon as it was chosen, strangers the server's."""
    rows = [row for row in host.verify() if row["door"] in OPENED]
    assert len(rows) == 2 * len(OPENED) * (2 + 2 + 3)  # addresses, doors, and names of alpha, beta and the server
    assert {row["tls"] for row in rows} == {"starttls"}
    for domain in ("alpha.localhost", "beta.localhost"):
        own = {(row["verdict"], row["code"], row["served_sha256"]) for row in rows if row["domain"] == domain}
        assert own == {("pass", "ok", host.json("certificate", "show", f"{domain}-wildcard")["sha256"])}
    assert {(row["code"], tuple(row["also"])) for row in rows if row["domain"] == "server"} == {("self-signed", ())}


def test_only_what_opened_was_started(host: DemoHost, before: dict[str, int]) -> None:
    """Opening the doors restarts no other daemon: nobody's session on the other doors ends."""
    now = processes(host)
    assert {name: pid for name, pid in now.items() if name in before} == before
    assert set(now) - set(before) == {"dovecot-starttls"}


def test_imap_is_used_after_starttls_and_refused_before(host: DemoHost) -> None:
    """A11: the door says LOGINDISABLED and takes no password before TLS; afterwards the mailbox is the same one."""
    anna = person(host, "anna@alpha.localhost")
    anna.send(anna.address, "seen through the old door")
    anna.finds("seen through the old door")
    with from_elsewhere(host, Door.IMAP) as plain:
        assert b"LOGINDISABLED" in plain.recv(2000)
        plain.sendall(f'a LOGIN {anna.address} "{anna.password}"\r\n'.encode())
        assert re.search(rb"a (NO|BAD) ", plain.recv(2000))
    client = Named(host)
    client.starttls(trusting(host))
    client.authenticate("PLAIN", lambda _: f"\0{anna.address}\0{anna.password}".encode())
    client.select("INBOX")
    assert client.search(None, "SUBJECT", '"seen through the old door"')[1][0]
    client.logout()


def from_elsewhere(host: DemoHost, door: Door) -> socket.socket:
    """Not from the door's own address: Dovecot takes that for a local connection, which nobody can listen to."""
    return socket.create_connection(("127.0.0.1", host.port(door)), 10, source_address=("127.0.0.5", 0))


class Named(imaplib.IMAP4):
    """IMAP that asks for mail.alpha.localhost when it turns on TLS."""

    def __init__(self, host: DemoHost) -> None:
        super().__init__("127.0.0.1", host.port(Door.IMAP), timeout=10)
        self.host = "mail.alpha.localhost"


def test_pop3_is_used_after_starttls_and_refused_before(host: DemoHost) -> None:
    """The same promise for POP3."""
    anna = person(host, "anna@alpha.localhost")
    with from_elsewhere(host, Door.POP3) as plain:
        assert plain.recv(2000).startswith(b"+OK")
        plain.sendall(f"USER {anna.address}\r\n".encode())
        assert plain.recv(2000).startswith(b"-ERR")
    client = poplib.POP3("127.0.0.1", host.port(Door.POP3), timeout=10)
    client.host = "mail.alpha.localhost"
    client.stls(trusting(host))
    client.user(anna.address)
    client.pass_(anna.password)
    assert client.stat()[0] >= 0
    client.quit()


def test_a_filter_uploaded_by_managesieve_counts_at_delivery(host: DemoHost) -> None:
    """RFC 5804 over verified TLS: the script that a mail program puts there is what delivery does."""
    anna, ben = person(host, "anna@alpha.localhost"), person(host, "ben@beta.localhost")
    with from_elsewhere(host, Door.SIEVE) as plain:
        assert b'"SASL" ""' in answer(plain)  # no log-in is offered before TLS
        plain.sendall(b"STARTTLS\r\n")
        assert answer(plain).startswith(b"OK")
        with trusting(host).wrap_socket(plain, server_hostname="mail.alpha.localhost") as secured:
            answer(secured)
            told = base64.b64encode(f"\0{anna.address}\0{anna.password}".encode()).decode()
            assert ask(secured, f'AUTHENTICATE "PLAIN" "{told}"').startswith(b"OK")
            put = f'PUTSCRIPT "test" {{{len(SCRIPT)}+}}\r\n'.encode() + SCRIPT
            assert ask(secured, put.decode()).startswith(b"OK")
            assert ask(secured, 'SETACTIVE "test"').startswith(b"OK")
            try:
                ben.send(anna.address, "filtered")
                assert b"ben@beta.localhost" in ben.finds("filtered")
                anna.finds("filtered")
            finally:
                assert ask(secured, 'SETACTIVE ""').startswith(b"OK")
                assert ask(secured, 'DELETESCRIPT "test"').startswith(b"OK")


def test_an_app_password_for_filters_opens_managesieve_and_no_other_door(host: DemoHost) -> None:
    """Made for filters, it lets a program change them, is no password for IMAP beside it, and is seen to have been used."""
    address = "anna@alpha.localhost"
    shown = host.run("app-password", "create", address, "Filters", "--protocol", "sieve").stdout
    (secret,) = re.findall(r"\b(?:[a-z2-9]{4}-){6}[a-z2-9]{4}\b", shown)
    try:
        with from_elsewhere(host, Door.SIEVE) as plain:
            answer(plain)
            plain.sendall(b"STARTTLS\r\n")
            answer(plain)
            with trusting(host).wrap_socket(plain, server_hostname="mail.alpha.localhost") as secured:
                answer(secured)
                told = base64.b64encode(f"\0{address}\0{secret}".encode()).decode()
                assert ask(secured, f'AUTHENTICATE "PLAIN" "{told}"').startswith(b"OK")
        with Named(host) as client, pytest.raises(imaplib.IMAP4.error):
            client.starttls(trusting(host))
            client.login(address, secret)
        end = time.monotonic() + 10
        while not (used := host.json("app-password", "list", address)[0])["last_used_at"]:
            assert time.monotonic() < end, "the steward never wrote down that it was used"
        assert used["label"] == "Filters"
    finally:
        host.run("app-password", "revoke", address, secret[:8])


def ask(secured: ssl.SSLSocket, words: str) -> bytes:
    secured.sendall(words.encode() + b"\r\n")
    return answer(secured)


def answer(connection: socket.socket) -> bytes:
    """Up to and with the line that ends a response (OK, NO or BYE)."""
    said = b""
    while not re.search(rb"^(OK|NO|BYE)\b.*\r\n", said, re.MULTILINE):
        more = connection.recv(4000)
        assert more, said
        said += more
    return said


def test_what_the_daemon_applies_is_what_the_file_says_now(host: DemoHost) -> None:
    """The steward's daemon was started before the doors were opened; a run that it takes up doesn't close them again."""
    ended = inside(
        host,
        """
import time
asked = configuration.apply(mailward.office, ME)
while not (row := runs.show_run(mailward.office, ME, asked.run_id)).finished_at:
    time.sleep(0.05)
print(json.dumps([row.state, row.generation, [change.diff for change in row.changes]]))
""",
    )
    assert ended == ["unchanged", None, []]


def test_closed_again_the_doors_are_shut(host: DemoHost, before: dict[str, int]) -> None:
    """Nothing listens there, nothing else was touched, and verify asks there no more."""
    closed = re.sub(rf"^({'|'.join(OPENED)}) = .*\n", "", host.layout.settings.read_text(), flags=re.MULTILINE)
    host.layout.settings.write_text(closed)
    host.run("apply")
    assert processes(host) == before
    for door in OPENED:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", host.port(door)), 5)
    assert not [row for row in host.verify("alpha.localhost") if row["door"] in OPENED]
