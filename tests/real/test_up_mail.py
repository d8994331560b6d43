"""Mail through the real host: sent, carried and read by mail programs that verify the certificate by its name."""

import imaplib
import re
import smtplib
import ssl
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from demo_host import DemoHost
from mail_people import NamedImap, NamedSmtp, Person, careless, message, person, trusting
from mailward.host.clock import RealClock
from mailward.host.supervisor import Supervisord
from mailward.model.doors import Door

pytestmark = pytest.mark.real

SERVER = "mx.mailward.localhost"


@pytest.fixture(scope="module")
def host(demo_host: DemoHost) -> Iterator[DemoHost]:
    """Beta secured, so that its people need not click anything away either."""
    demo_host.run("secure", "beta.localhost")
    yield demo_host
    demo_host.run("secure", "beta.localhost", "--webmail", "self-signed", "--mail", "self-signed")


@pytest.fixture(scope="module")
def anna(host: DemoHost) -> Person:
    return person(host, "anna@alpha.localhost")


@pytest.fixture(scope="module")
def ben(host: DemoHost) -> Person:
    return person(host, "ben@beta.localhost")


def knowing(name: str, place: Path, *command: str, said: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a program for which ``name`` is this machine: glibc doesn't know of itself that .localhost is."""
    (place / "hosts").write_text(f"127.0.0.1 {name}\n")
    bound = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(place / "hosts"), *command]
    return subprocess.run(bound, input=said, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("door", [Door.SUBMISSION, Door.SUBMISSIONS])
def test_mail_goes_both_ways_between_the_domains(anna: Person, ben: Person, door: Door) -> None:
    """Sent on either port for sending, over verified TLS, and read by verified IMAPS."""
    anna.send(ben.address, f"to beta by {door}", door)
    ben.send(anna.address, f"to alpha by {door}", door)
    assert b"The words of" in ben.finds(f"to beta by {door}")
    received = anna.finds(f"to alpha by {door}")
    assert b"TLSv1.3" in received  # the Received line says how it came in


def test_mail_is_read_by_pop3s(anna: Person, ben: Person) -> None:
    """POP3S, verified, shows what IMAPS shows."""
    ben.send(anna.address, "for POP3")
    anna.finds("for POP3")
    with anna.pop() as client:
        count = len(client.list()[1])
        subjects = [line for n in range(1, count + 1) for line in client.top(n, 0)[1] if line.startswith(b"Subject:")]
    assert b"Subject: for POP3" in subjects


def test_mbsync_fetches_a_mailbox(host: DemoHost, ben: Person, anna: Person, tmp_path: Path) -> None:
    """A mail program that is not ours (isync), with the demo's root as its only trust, gets the mailbox as Maildir."""
    anna.send(ben.address, "for mbsync")
    ben.finds("for mbsync")
    (tmp_path / "secret").write_text(ben.password)
    (tmp_path / "mail").mkdir()
    (tmp_path / "mbsyncrc").write_text(
        f"""IMAPAccount ben
Host mail.beta.localhost
Port {host.port(Door.IMAPS)}
User {ben.address}
PassCmd "cat {tmp_path}/secret"
SSLType IMAPS
CertificateFile {host.layout.tls}/demo-roots.pem
SystemCertificates no

IMAPStore far
Account ben

MaildirStore near
Path {tmp_path}/mail/
Inbox {tmp_path}/mail/inbox

Channel all
Far :far:
Near :near:
Patterns INBOX
Create Near
SyncState *
"""
    )
    ended = knowing("mail.beta.localhost", tmp_path, "mbsync", "-c", str(tmp_path / "mbsyncrc"), "-a")
    assert ended.returncode == 0, ended.stderr
    fetched = [path.read_text() for path in (tmp_path / "mail/inbox").rglob("*") if path.is_file() and "," in path.name]
    assert any("Subject: for mbsync" in text for text in fetched)


def test_swaks_sends_by_verified_submission(host: DemoHost, anna: Person, ben: Person, tmp_path: Path) -> None:
    """A sending program that is not ours, with STARTTLS, verifying the server's name and chain."""
    ended = knowing(
        "mail.alpha.localhost", tmp_path,
        "swaks", "--server", "mail.alpha.localhost", "--port", str(host.port(Door.SUBMISSION)), "-tls", "--tls-verify",
        "--tls-sni", "mail.alpha.localhost", "--tls-ca-path", str(host.layout.tls / "demo-roots.pem"),
        "--auth", "PLAIN", "--auth-user", anna.address, "--protect-prompt",
        "--from", anna.address, "--to", ben.address, "--header", "Subject: by swaks",
        said=f"{anna.password}\n",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr
    ben.finds("by swaks")


def test_mail_from_another_server_comes_in_at_25_without_a_log_in(host: DemoHost, ben: Person) -> None:
    """Port 25 takes mail for hosted mailboxes from anybody, over STARTTLS."""
    with NamedSmtp("mail.beta.localhost", host.port(Door.SMTP)) as client:
        client.starttls(context=trusting(host))
        client.send_message(message("stranger@elsewhere.test", ben.address, "from elsewhere"))
    ben.finds("from elsewhere")


@pytest.mark.parametrize("door", [Door.SMTP, Door.SUBMISSION])
def test_nobody_relays_through_this_host(host: DemoHost, door: Door) -> None:
    """Without a log-in, mail for other hosts is refused at every port."""
    with NamedSmtp(SERVER, host.port(door)) as client:
        client.starttls(context=careless())
        client.ehlo()
        client.mail("stranger@elsewhere.test")
        code, _ = client.rcpt("somebody@example.org")
        assert 500 <= code < 600


def test_mail_for_an_unknown_mailbox_is_refused_at_the_door(host: DemoHost) -> None:
    """Refused in the session, not bounced to an innocent sender afterwards."""
    with NamedSmtp(SERVER, host.port(Door.SMTP)) as client:
        client.ehlo()
        client.mail("stranger@elsewhere.test")
        assert client.rcpt("nobody@beta.localhost")[0] == 550


def test_no_password_is_taken_in_clear_text(host: DemoHost, anna: Person) -> None:
    """A11: before STARTTLS, submission offers no log-in, refuses one, and takes no mail."""
    with NamedSmtp(SERVER, host.port(Door.SUBMISSION)) as client:
        client.ehlo()
        assert "auth" not in client.esmtp_features
        assert client.docmd("AUTH", "PLAIN AGFubmEAYQ==")[0] in (503, 530, 538)
        assert client.docmd("MAIL", f"FROM:<{anna.address}>")[0] == 530
    with NamedSmtp(SERVER, host.port(Door.SMTP)) as client:
        client.starttls(context=careless())
        client.ehlo()
        assert "auth" not in client.esmtp_features  # port 25 is for servers: nobody logs in there


def test_nobody_writes_in_another_ones_name(anna: Person, ben: Person) -> None:
    """Logged in as anna, only anna's address is taken as the sender, at both ports."""
    for door in (Door.SUBMISSION, Door.SUBMISSIONS):
        with anna.smtp(door) as client, pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            client.sendmail("ben@alpha.localhost", [ben.address], "Subject: forged\n\n")
        assert refused.value.recipients[ben.address][0] == 553


def test_a_mail_program_that_verifies_is_stopped_at_an_unsecured_name(host: DemoHost) -> None:
    """The server's own name is still self-signed: strict mail programs refuse it, as the audit says they do."""
    with pytest.raises(ssl.SSLCertVerificationError) as refused:
        NamedImap(SERVER, host.port(Door.IMAPS), trusting(host))
    assert refused.value.verify_code == 18  # X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT


def test_a_new_mailbox_is_usable_at_once_and_reloads_nothing(host: DemoHost, anna: Person) -> None:
    """One row in the directory: no daemon is restarted or reloaded, no generation is made; removed, it is gone at once."""
    keeper = Supervisord(host.layout, clock=RealClock())
    before = [row["pid"] for row in keeper._call("getAllProcessInfo")]
    generation = host.layout.current.readlink()
    logs = {name: (host.layout.log / name).stat().st_size for name in ("postfix.log", "dovecot.log", "nginx.log")}
    address = "carla@alpha.localhost"
    host.run("mailbox", "add", address, "--password-stdin", stdin=b"Horse-battery-staple-17!\n")
    carla = Person(host, address, "Horse-battery-staple-17!")
    try:
        anna.send(address, "welcome")
        carla.finds("welcome")
        carla.send(anna.address, "thank you")
        anna.finds("thank you")
    finally:
        host.run("mailbox", "remove", address, "--yes")
    with pytest.raises(imaplib.IMAP4.error), carla.imap():
        pass
    with pytest.raises(smtplib.SMTPException):
        anna.send(address, "too late")
    assert [row["pid"] for row in keeper._call("getAllProcessInfo")] == before
    assert host.layout.current.readlink() == generation
    for name, size in logs.items():
        said = (host.layout.log / name).read_bytes()[size:].decode()
        assert not re.search(r"reload|SIGHUP|reconfigur", said, re.IGNORECASE), said


def test_dovecot_logs_the_clients_own_address(host: DemoHost, anna: Person) -> None:
    """Through the TLS door the client's address and port arrive: what fail2ban and people look for is true."""
    with anna.imap() as client:
        port = client.sock.getsockname()[1]
        client.noop()
        said = (host.layout.log / "dovecot.log").read_text()
    assert re.search(rf"imap-login: .*Login: user=<{anna.address}>.* rip=127\.0\.0\.1, rport={port},", said)


def test_a_forwarding_address_reaches_both_domains(host: DemoHost, anna: Person, ben: Person) -> None:
    """An alias is usable at once and hands the mail to everybody it names."""
    host.run("alias", "add", "team@alpha.localhost", anna.address, ben.address)
    try:
        ben.send("team@alpha.localhost", "to the team")
        anna.finds("to the team")
        ben.finds("to the team")
    finally:
        host.run("alias", "remove", "team@alpha.localhost")


def test_mail_to_the_world_stays_in_the_demo(anna: Person) -> None:
    """``outbound = false``: a demo never sends anything to other hosts, and says so to the sender."""
    with anna.smtp() as client:
        client.mail(anna.address)
        code, said = client.rcpt("somebody@example.org")
    assert code >= 550 or b"outbound" in said


def test_a_wrong_password_opens_nothing(host: DemoHost, anna: Person) -> None:
    """Refused for reading and for sending. (At the same time: Dovecot makes an address wait longer after each failure.)"""
    wrong = Person(host, anna.address, anna.password + "x")
    with ThreadPoolExecutor(2) as together:
        reading, sending = together.submit(opens, wrong.imap), together.submit(opens, wrong.smtp)
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        reading.result()
    with pytest.raises(smtplib.SMTPAuthenticationError):
        sending.result()


def opens(way: Callable[[], AbstractContextManager[object]]) -> None:
    with way():
        pass
