"""Mail that leaves is signed: through a real Postfix, and right for three receivers against the keys in a real Knot."""

import base64
import pwd
import shutil
import signal
import smtplib
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import django
import dkim as dkimpy
import dns.message
import dns.query
import pytest
from django.core.management import call_command
from django.db import connections
from whole_host import WholeHost, until

from fakes.made_host import MadeHost
from mailward.daemons import knot
from mailward.daemons.secrets import TSIG_NAME
from mailward.daemons.users import MAIL, MAILPATH
from mailward.host.dns_update import Rfc2136
from mailward.host.files import RealFiles
from mailward.host.resolver import DnsResolver
from mailward.mailpath import published
from mailward.mailpath.published import SigningKey
from mailward.model.dns import DkimAlgorithm, DkimState
from mailward.model.doors import Door
from mailward.publishing.dkim_rotation import EVERY, RETIRING, SETTLING
from mailward.standards import dkim
from mailward.standards.dkim import KeyKind, KeyRecord, Outcome
from mailward.standards.txt import quoted
from mailward.steward import dkim as steward_dkim
from mailward.store import dkim as rows
from mailward.store.models import Customer, Domain

pytestmark = pytest.mark.real

ANNA, BOB = "anna@alpha.localhost", "bob@beta.localhost"
PASSWORD = "Pw-of-all-3'\"%"
DAEMONS = ("knot", "dovecot", "mailpath", "postfix")


@pytest.fixture(scope="module")
def host() -> Iterator[WholeHost]:
    with WholeHost.started(names=DAEMONS) as running:
        for address in (ANNA, BOB):
            running.add_mailbox(address, PASSWORD)
        member = knot.membership("alpha.localhost")
        updates(running).add(member.zone, member.name, member.rdtype, member.value, member.ttl)
        until(lambda: resolver(running).query("alpha.localhost", "SOA").records, "the zone")
        publish_keys(running, "alpha.localhost")
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[None]:
    """A store of this test's own."""
    django.setup()
    told = connections["default"].settings_dict
    before = told["NAME"]
    connections.close_all()
    told["NAME"] = str(tmp_path / "store.sqlite")
    call_command("migrate", interactive=False, verbosity=0)
    yield
    connections.close_all()
    told["NAME"] = before


def updates(host: WholeHost) -> Rfc2136:
    return Rfc2136(f"127.0.0.1:{host.settings.dns_port}", TSIG_NAME, base64.b64encode(host.tsig_secret))


def resolver(host: WholeHost) -> DnsResolver:
    return DnsResolver((f"127.0.0.1:{host.settings.dns_port}",))


def publish_keys(host: WholeHost, domain: str) -> None:
    """An RSA and an Ed25519 key: their records in Knot, their files for the mail path."""
    files = RealFiles(host.layout.root)
    place = published.place(host.layout.dkim, domain)
    files.make_directory(place, mode=0o750, group=MAILPATH)
    keys = []
    for kind, algorithm in ((KeyKind.RSA, DkimAlgorithm.RSA2048), (KeyKind.ED25519, DkimAlgorithm.ED25519)):
        key = dkim.make_key(kind)
        name = published.key_name(kind.value)
        files.write(place / name, dkim.private_pem(key), mode=0o640, group=MAILPATH)
        keys.append(SigningKey(kind.value, algorithm, name))
        record = quoted(KeyRecord.of(key).format())
        updates(host).replace(domain, f"{kind}._domainkey.{domain}", "TXT", [record], 60)
    files.write(published.signing_file(host.layout.dkim, domain), published.write(keys), mode=0o640, group=MAILPATH)


def letter(sender: str, recipient: str, subject: str, text: str = "Grüße  aus Köln.  \n\n.\nFrom here\n") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Someone <{sender}>", recipient, subject
    mail.set_content(text)
    return mail


def send(host: WholeHost, mail: EmailMessage, login: str = ANNA) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    port = host.settings.ports[Door.SUBMISSIONS]
    with smtplib.SMTP_SSL("127.0.0.1", port, context=context, local_hostname="pc.test") as client:
        client.login(login, PASSWORD)
        client.send_message(mail, login, [mail["To"]])


def delivered(host: WholeHost, address: str, subject: str) -> bytes:
    """The message as it lies in the mailbox."""
    found: list[bytes] = []

    def look() -> bool:
        for path in host.layout.mail.rglob("new/*"):
            content = path.read_bytes()
            if f"\nSubject: {subject}\n".encode() in content.replace(b"\r\n", b"\n") and address.encode() in content:
                found.append(content)
        return bool(found)

    until(look, f"delivery of {subject}: {host.log('postfix')}")
    return found[0]


def by_mailward(host: WholeHost, message: bytes) -> list[tuple[Outcome, str]]:
    return [(one.outcome, one.selector) for one in dkim.verify(message, resolver(host), datetime.now(UTC))]


def by_dkimpy(host: WholeHost, message: bytes) -> list[bool]:
    def ask(name: bytes, timeout: int = 5) -> bytes:
        question = dns.message.make_query(name.decode(), "TXT")
        answer = dns.query.udp(question, "127.0.0.1", timeout, host.settings.dns_port)
        return b"".join(answer.answer[0][0].strings)

    checked = dkimpy.DKIM(message)
    return [
        checked.verify(number, ask)
        for number in range(len(dkim.Header(dkim.split(message).fields).named("dkim-signature")))
    ]


def by_opendkim(host: WholeHost, message: bytes) -> str:
    """What Debian's opendkim says of a message, with its own resolver asking our Knot."""
    with tempfile.TemporaryDirectory(prefix="mailward-opendkim-") as directory:
        here = Path(directory)
        (here / "unbound.conf").write_text(
            'server:\n local-zone: "localhost." nodefault\n do-not-query-localhost: no\n module-config: "iterator"\n'
            f'stub-zone:\n name: "alpha.localhost."\n stub-addr: 127.0.0.1@{host.settings.dns_port}\n'
        )
        (here / "opendkim.conf").write_text(f"Mode v\nSyslog no\nResolverConfiguration {here}/unbound.conf\n")
        (here / "message").write_bytes(message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        argv = ["/usr/sbin/opendkim", "-x", here / "opendkim.conf", "-vvv", "-t", here / "message"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
        return done.stdout + done.stderr


def test_what_is_submitted_arrives_signed_and_every_receiver_agrees(host: WholeHost) -> None:
    """A letter sent by submission carries an RSA and an Ed25519 signature that three programs find right."""
    send(host, letter(ANNA, BOB, "signed"))
    message = delivered(host, BOB, "signed")
    assert sorted(by_mailward(host, message)) == [(Outcome.PASS, "ed25519"), (Outcome.PASS, "rsa")]
    assert by_dkimpy(host, message) == [True, True]
    assert by_opendkim(host, message).count("dkim=pass") == 2
    assert "dkim=pass" not in by_opendkim(host, message.replace(b"From here", b"From there"))


def test_what_comes_from_elsewhere_or_for_another_domain_is_not_signed(host: WholeHost) -> None:
    """Port 25 signs nothing, whoever a letter claims to be from; nor does a log-in for a domain that isn't its own."""
    with smtplib.SMTP("127.0.0.1", host.settings.ports[Door.SMTP], local_hostname="mx.elsewhere.test") as client:
        client.send_message(letter(ANNA, BOB, "forged"), "x@elsewhere.test", [BOB])
    assert by_mailward(host, delivered(host, BOB, "forged")) == []
    send(host, letter(ANNA, BOB, "another domain"), login=BOB)
    assert by_mailward(host, delivered(host, BOB, "another domain")) == []


def through_filters(host: WholeHost, mail: bytes, sender: str = ANNA) -> None:
    with smtplib.SMTP("127.0.0.2", host.settings.internal.smtp_local, local_hostname="localhost") as client:
        client.sendmail(sender, [BOB], mail)


def test_filters_answers_are_signed_and_what_they_pass_on_is_not(host: WholeHost) -> None:
    """An automatic answer is this host's own; a forged letter that a mailbox forwards gets no signature by that."""
    through_filters(host, letter(ANNA, BOB, "I am away").as_bytes())
    assert [one for one, _ in by_mailward(host, delivered(host, BOB, "I am away"))] == [Outcome.PASS, Outcome.PASS]
    through_filters(host, b"Received: from evil by mx.test\r\n" + letter(ANNA, BOB, "passed on").as_bytes())
    assert by_mailward(host, delivered(host, BOB, "passed on")) == []


@pytest.mark.parametrize("action", ["vacation", "notify"])
def test_a_filter_cant_have_mail_signed_for_another_domain(host: WholeHost, action: str) -> None:
    """Whatever :from a mailbox's filter gives to an answer or a notification, its envelope says whose filter it was."""
    if action == "vacation":
        script = f'require "vacation"; vacation :from "{ANNA}" :subject "by vacation" "pay";'
    else:
        script = f'require "enotify"; notify :from "{ANNA}" :message "by notify" "mailto:{BOB}?body=pay";'
    home = host.layout.mail / "beta.localhost" / "bob"
    home.mkdir(parents=True, exist_ok=True)
    (home / ".dovecot.sieve").write_text(script)
    for path in (home.parent, home, home / ".dovecot.sieve"):
        shutil.chown(path, MAIL, MAIL)
    try:
        with smtplib.SMTP("127.0.0.1", host.settings.ports[Door.SMTP], local_hostname="mx.elsewhere.test") as client:
            options = ["ORCPT=rfc822;" + ANNA]
            client.sendmail(ANNA, [BOB], letter(ANNA, BOB, f"to {action}").as_bytes(), rcpt_options=options)
        message = delivered(host, ANNA, f"by {action}")
    finally:
        (home / ".dovecot.sieve").unlink()
    assert b"Return-Path: <bob@beta.localhost>" in message
    assert by_mailward(host, message) == []


def test_mail_flows_while_the_mail_path_is_dead(host: WholeHost) -> None:
    """Killed, it takes no mail with it: letters go on unsigned, Postfix' log says why, and signing comes back with it."""
    host.stop_one("mailpath", signal.SIGKILL)
    send(host, letter(ANNA, BOB, "unsigned"))
    assert by_mailward(host, delivered(host, BOB, "unsigned")) == []
    assert "milter" in host.log("postfix").lower()
    host.start(["mailpath"])
    send(host, letter(ANNA, BOB, "signed again"))
    assert len(by_mailward(host, delivered(host, BOB, "signed again"))) == 2


def test_the_mail_path_can_read_its_keys_and_no_other_secret(host: WholeHost) -> None:
    """Its user reads what was published for it, and neither the store nor secrets; it runs without rights."""
    as_it = ["setpriv", "--reuid", MAILPATH, "--regid", MAILPATH, "--clear-groups"]
    for path, is_open in (
        (published.signing_file(host.layout.dkim, "alpha.localhost"), True),
        (host.layout.dkim / "alpha.localhost" / "rsa.pem", True),
        (host.layout.secrets / "tsig.key", False),
        (host.layout.tls_version("server", 1), False),
    ):
        done = subprocess.run([*as_it, "cat", path], capture_output=True, check=False)
        assert (done.returncode == 0) is is_open, path
    process = host.running["mailpath"]
    status = Path(f"/proc/{process.pid}/status").read_text()
    assert f"Uid:\t{pwd.getpwnam(MAILPATH).pw_uid}\t" in status


class Letters(threading.Thread):
    """Sends a letter every 100 ms until it is stopped, on a connection of its own for each."""

    def __init__(self, host: WholeHost) -> None:
        super().__init__(daemon=True)
        self.host, self.over = host, threading.Event()
        self.sent: list[str] = []
        self.failed: list[Exception] = []

    def run(self) -> None:
        while not self.over.wait(0.1):
            subject = f"rotation {len(self.sent)}"
            try:
                send(self.host, letter(ANNA, BOB, subject))
                self.sent.append(subject)
            except Exception as error:
                self.failed.append(error)


@pytest.mark.usefixtures("store")
def test_keys_are_replaced_while_mail_flows_and_every_letter_verifies(host: WholeHost) -> None:
    """A whole rotation, with the steward's own code, a real Knot and a letter every 100 ms: none is lost or refused, and
    each is right for the keys that Knot shows when it arrives, and still when the old keys retire."""
    made = MadeHost()
    domain = Domain.objects.create(name="alpha.localhost", customer=Customer.objects.create(name="a"))
    files = RealFiles(host.layout.root)
    ground = replace(made.host.ground, layout=host.layout, files=files)
    steward = replace(made.host, ground=ground, own_dns=lambda: [resolver(host)])

    def minutes(*spans: timedelta) -> None:
        for span in spans:
            made.clock.move(seconds=span.total_seconds())
            steward_dkim.advance(steward, domain.name, made.clock.now())
            for key in rows.keys(domain.name):
                values = [] if key.state is DkimState.GONE else [quoted(key.record)]
                updates(host).replace(domain.name, f"{key.selector}._domainkey.{domain.name}", "TXT", values, 60)

    minute = timedelta(minutes=1)
    minutes(minute, minute)
    first = {key.selector for key in rows.keys(domain.name)}
    letters = Letters(host)
    letters.start()
    try:
        time.sleep(0.6)
        minutes(EVERY, minute)
        time.sleep(0.6)
        minutes(SETTLING, minute)
        time.sleep(0.8)
    finally:
        letters.over.set()
        letters.join(20)
    assert letters.failed == []
    second = {key.selector for key in rows.keys(domain.name)} - first
    seen = set()
    for subject in letters.sent:
        results = by_mailward(host, delivered(host, BOB, subject))
        assert [outcome for outcome, _ in results] == [Outcome.PASS, Outcome.PASS], subject
        seen.add(frozenset(selector for _, selector in results))
    assert seen == {frozenset(first), frozenset(second)}
    minutes(RETIRING, minute)
    assert {key.selector for key in rows.keys(domain.name) if key.state is DkimState.GONE} == first
    assert by_mailward(host, delivered(host, BOB, letters.sent[0]))[0][0] is Outcome.PERMERROR
    assert by_mailward(host, delivered(host, BOB, letters.sent[-1]))[0][0] is Outcome.PASS
