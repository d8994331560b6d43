"""The daemons as they are rendered, started for real: they work with each other, and certificates change under them."""

import base64
import http.client
import imaplib
import poplib
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import dns.message
import dns.query
import dns.rdatatype
import dns.tsigkeyring
import dns.update
import OpenSSL
import pytest
from cryptography import x509
from whole_host import WholeHost, until

from mailward.daemons import knot
from mailward.daemons.secrets import TSIG_ALGORITHM, TSIG_NAME
from mailward.model.doors import Door, Tls

pytestmark = pytest.mark.real

ANNA, BOB, CARL = "anna@alpha.localhost", "bob@alpha.localhost", "carl@beta.localhost"
PASSWORD = "Pw-of-all-3'\"%"


@pytest.fixture(scope="module")
def host() -> Iterator[WholeHost]:
    with WholeHost.started() as running:
        for address in (ANNA, BOB, CARL):
            running.add_mailbox(address, PASSWORD)
        running.add_alias("@alpha.localhost", BOB)
        running.add_alias("sales@beta.localhost", ANNA, CARL)
        yield running


def trusting() -> ssl.SSLContext:
    """These tests look at what is served; whether it is to be trusted is verify's question."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def names_at(host: WholeHost, door: Door, sni: str | None, address: str = "127.0.0.1") -> list[str]:
    """The names on the certificate that a door serves."""
    port = host.settings.ports[door]
    if door.kind.tls is Tls.STARTTLS:
        with smtplib.SMTP(address, port, local_hostname="client.test") as client:
            client.ehlo()
            client.docmd("STARTTLS")
            assert client.sock is not None
            with trusting().wrap_socket(client.sock, server_hostname=sni) as secured:
                return _names(secured)
    plain = socket.create_connection((address, port), 5)
    with trusting().wrap_socket(plain, server_hostname=sni) as secured:
        return _names(secured)


def _names(secured: ssl.SSLSocket) -> list[str]:
    certificate = x509.load_der_x509_certificate(secured.getpeercert(True) or b"")
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return found.value.get_values_for_type(x509.DNSName)


def names_for(host: WholeHost, door: Door, asked: bytes) -> list[str]:
    """As names_at for an implicit-TLS door, with any bytes as the name."""
    plain = socket.create_connection(("127.0.0.1", host.settings.ports[door]), 5)
    connection = OpenSSL.SSL.Connection(OpenSSL.SSL.Context(OpenSSL.SSL.TLS_CLIENT_METHOD), plain)
    connection.set_tlsext_host_name(asked)
    connection.set_connect_state()
    with plain:
        plain.setblocking(True)
        connection.do_handshake()
        served = connection.get_peer_certificate()
        assert served is not None
        found = served.to_cryptography().extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return found.value.get_values_for_type(x509.DNSName)


def message(sender: str, recipient: str, subject: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, recipient, subject
    mail.set_content("Hello.\n")
    return mail


def send(host: WholeHost, door: Door, sender: str, recipient: str, subject: str) -> None:
    port = host.settings.ports[door]
    if door is Door.SUBMISSIONS:
        client: smtplib.SMTP = smtplib.SMTP_SSL("127.0.0.1", port, context=trusting(), local_hostname="pc.test")
    else:
        client = smtplib.SMTP("127.0.0.1", port, local_hostname="pc.test")
        client.starttls(context=trusting())
    with client:
        if door is not Door.SMTP:
            client.login(sender, PASSWORD)
        client.send_message(message(sender, recipient, subject), sender, [recipient])


def imap(host: WholeHost, address: str, at: str = "127.0.0.1") -> imaplib.IMAP4_SSL:
    client = imaplib.IMAP4_SSL(at, host.settings.ports[Door.IMAPS], ssl_context=trusting())
    client.authenticate("PLAIN", lambda _: f"\0{address}\0{PASSWORD}".encode())
    return client


def arrives(host: WholeHost, address: str, subject: str) -> bool:
    with imap(host, address) as client:
        client.select("INBOX", readonly=True)
        return bool(client.search(None, "SUBJECT", f'"{subject}"')[1][0])


@pytest.mark.parametrize("door", [Door.SUBMISSION, Door.SUBMISSIONS])
def test_a_logged_in_mailbox_writes_to_another_domain_and_it_is_read_by_imaps(host: WholeHost, door: Door) -> None:
    """What is sent by submission, with a log-in inside TLS, arrives and is read over IMAPS."""
    send(host, door, ANNA, CARL, f"by {door}")
    until(lambda: arrives(host, CARL, f"by {door}"), "delivery")


def test_another_mail_server_delivers_and_pop3s_reads_it(host: WholeHost) -> None:
    """Mail from outside comes in by port 25 without a log-in, and POP3S shows it."""
    send(host, Door.SMTP, "someone@elsewhere.test", ANNA, "from outside")
    until(lambda: arrives(host, ANNA, "from outside"), "delivery")
    client = poplib.POP3_SSL("127.0.0.1", host.settings.ports[Door.POP3S], context=trusting())
    client.user(ANNA)
    client.pass_(PASSWORD)
    assert client.stat()[0] >= 1
    client.quit()


def test_a_collector_never_takes_a_mailboxs_own_mail(host: WholeHost) -> None:
    """The catch-all gets what nobody else takes; a mailbox of the domain keeps its own; an alias reaches all targets."""
    send(host, Door.SMTP, "x@elsewhere.test", "nobody-there@alpha.localhost", "collected")
    send(host, Door.SMTP, "x@elsewhere.test", "anna+shop@alpha.localhost", "extended")
    send(host, Door.SMTP, "x@elsewhere.test", "sales@beta.localhost", "to two")
    until(lambda: arrives(host, BOB, "collected"), "the collector's mail")
    until(lambda: arrives(host, ANNA, "extended"), "mail to an extended address")
    until(lambda: arrives(host, ANNA, "to two") and arrives(host, CARL, "to two"), "the alias' mail")
    assert not arrives(host, BOB, "extended")


def refusal(host: WholeHost, door: Door, sender: str, recipient: str, *, log_in: str | None = None) -> tuple[int, str]:
    """The code and text with which a door refuses an envelope."""
    with smtplib.SMTP("127.0.0.1", host.settings.ports[door], local_hostname="pc.test") as client:
        client.starttls(context=trusting())
        if log_in:
            client.login(log_in, PASSWORD)
        client.ehlo_or_helo_if_needed()
        client.mail(sender)
        code, said = client.rcpt(recipient)
        return code, said.decode()


def test_nobody_relays_and_nobody_sends_as_somebody_else(host: WholeHost) -> None:
    """Port 25 takes nothing for other hosts, not even from loopback; a log-in sends only as its own addresses; an
    unknown mailbox is refused at once; and the demo sends nothing to the world."""
    assert refusal(host, Door.SMTP, "x@elsewhere.test", "y@third.test")[0] == 554
    assert refusal(host, Door.SUBMISSION, BOB, CARL, log_in=ANNA)[0] == 553
    assert refusal(host, Door.SUBMISSION, "me@elsewhere.test", CARL, log_in=ANNA)[0] == 553
    assert refusal(host, Door.SMTP, "x@elsewhere.test", "nobody@beta.localhost")[0] == 550
    code, said = refusal(host, Door.SUBMISSION, ANNA, "y@third.test", log_in=ANNA)
    assert code in (550, 554), said
    assert "outbound" in said


def test_a_full_mailbox_and_a_filter_count_at_delivery(host: WholeHost) -> None:
    """A quota refuses what is too much, and a filter put by ManageSieve files what arrives."""
    host.add_mailbox("small@beta.localhost", PASSWORD, quota=50_000)
    with socket.create_connection(("127.0.0.1", host.settings.internal.sieve_local), 5) as sieve:
        until(lambda: b"OK" in sieve.recv(4000), "greeting")
        log_in = base64.b64encode(f"\0small@beta.localhost\0{PASSWORD}".encode()).decode()
        script = 'require "fileinto"; if header :contains "subject" "file me" { fileinto "Archive"; }'
        for line in (f'AUTHENTICATE "PLAIN" "{log_in}"', f'PUTSCRIPT "a" "{quote(script)}"', 'SETACTIVE "a"'):
            sieve.sendall(line.encode() + b"\r\n")
            assert sieve.recv(4000).startswith(b"OK"), line
    send(host, Door.SMTP, "x@elsewhere.test", "small@beta.localhost", "file me")
    until(lambda: "stored mail into mailbox 'Archive'" in host.log("dovecot"), "the filter's log line")
    big = message("x@elsewhere.test", "small@beta.localhost", "too big")
    big.set_content("x" * 70 + "\n" + ("y" * 70 + "\n") * 2000)
    with smtplib.SMTP("127.0.0.1", host.settings.ports[Door.SMTP], local_hostname="pc.test") as client:
        client.send_message(big)
    until(lambda: re.search(r"small@beta.*dsn=5\.2\.2.*Quota", host.log("postfix")), "the refusal")


def quote(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def test_no_log_in_is_offered_in_clear(host: WholeHost) -> None:
    """Before STARTTLS the submission port offers no AUTH and takes no mail; port 25 never offers AUTH."""
    for door in (Door.SUBMISSION, Door.SMTP):
        with smtplib.SMTP("127.0.0.1", host.settings.ports[door], local_hostname="pc.test") as client:
            client.ehlo()
            assert not client.has_extn("auth")
            if door is Door.SUBMISSION:
                assert client.mail("a@b.test")[0] == 530
    with smtplib.SMTP("127.0.0.1", host.settings.ports[Door.SMTP], local_hostname="pc.test") as client:
        client.starttls(context=trusting())
        client.ehlo()
        assert not client.has_extn("auth")


@pytest.mark.parametrize("door", [Door.HTTPS, Door.IMAPS, Door.POP3S, Door.SMTP, Door.SUBMISSION, Door.SUBMISSIONS])
def test_a_new_certificate_is_served_without_a_reload(host: WholeHost, door: Door) -> None:
    """Exact names, wildcards, unknown names and no name get the right certificate, and a swap counts at the next
    connection, at every door, while no daemon is told."""
    role = door.kind.role
    first, second = host.put_version("one", 1, ("one.test",)), host.put_version("one", 2, ("one.test", "two.one.test"))
    wild = host.put_version("wild", 1, ("*.wild.test",))
    host.serve("one.test", first, [role])
    host.serve("*.wild.test", wild, [role])
    before = {name: process.pid for name, process in host.running.items()}
    assert names_at(host, door, "one.test") == ["one.test"]
    assert names_at(host, door, "ONE.test") == ["one.test"]
    assert names_at(host, door, "any.wild.test") == ["*.wild.test"]
    for unknown in ("unknown.test", None):
        assert names_at(host, door, unknown) == [host.settings.hostname]
    host.serve("one.test", second, [role])
    assert names_at(host, door, "one.test", "::1") == ["one.test", "two.one.test"]
    assert {name: process.pid for name, process in host.running.items()} == before


@pytest.mark.parametrize("door", [Door.HTTPS, Door.IMAPS])
def test_names_never_leave_the_directory_of_names(host: WholeHost, door: Door) -> None:
    """A name that is a path, and a link whose file is gone, get the server-wide certificate: never an error, never
    another file."""
    gone = host.layout.tls_names(door.kind.role) / "gone.test"
    gone.symlink_to("../versions/gone.9.pem")
    for name in (
        b"gone.test",
        b"../default-mail.pem",
        b".",
        b"..",
        b"x/../gone.test",
        b".gone.test",
        b"a" * 250,
        b"\xc3\xa9.test",
    ):
        assert names_for(host, door, name) == [host.settings.hostname], name


def test_dovecot_sees_the_clients_address(host: WholeHost) -> None:
    """Behind nginx, Dovecot still logs who came: here an address of the machine that is not loopback's first."""
    plain = socket.create_connection(("127.0.0.1", host.settings.ports[Door.IMAPS]), 5, source_address=("127.0.0.77", 0))
    with trusting().wrap_socket(plain) as secured:
        secured.recv(200)
        secured.sendall(b"a AUTHENTICATE PLAIN " + base64.b64encode(f"\0{ANNA}\0{PASSWORD}".encode()) + b"\r\n")
        until(lambda: b"a OK" in secured.recv(4000), "log-in")
    until(lambda: re.search(r"Login: user=<anna@.*rip=127\.0\.0\.77,.*lport=\d+", host.log("dovecot")), "the log line")


def test_a_client_from_the_world_may_log_in_behind_the_tls_door(host: WholeHost) -> None:
    """An address that is not ours, as nginx announces it, may log in: TLS has ended at nginx."""
    with socket.create_connection(("127.0.0.1", host.settings.internal.imap_proxied), 5) as connection:
        connection.sendall(b"PROXY TCP4 192.0.2.9 198.51.100.1 40000 993\r\n")
        greeting = connection.recv(2000)
        assert b"LOGINDISABLED" not in greeting
        connection.sendall(b"a AUTHENTICATE PLAIN " + base64.b64encode(f"\0{ANNA}\0{PASSWORD}".encode()) + b"\r\n")
        until(lambda: b"a OK" in connection.recv(4000), "log-in")
    until(lambda: "rip=192.0.2.9" in host.log("dovecot"), "the log line")


def update(host: WholeHost, zone: str) -> dns.update.UpdateMessage:
    secret = base64.b64encode(host.tsig_secret).decode()
    keyring = dns.tsigkeyring.from_text({TSIG_NAME: secret})
    return dns.update.UpdateMessage(zone, keyring=keyring, keyname=TSIG_NAME, keyalgorithm=TSIG_ALGORITHM)


def answer(host: WholeHost, name: str, rdtype: str) -> list[str]:
    question = dns.message.make_query(name, rdtype)
    got = dns.query.udp(question, "127.0.0.1", port=host.settings.dns_port, timeout=3)
    return [str(record) for rrset in got.answer for record in rrset]


def tell(host: WholeHost, change: dns.update.UpdateMessage) -> int:
    return int(dns.query.tcp(change, "127.0.0.1", port=host.settings.dns_port, timeout=5).rcode())


def test_a_zone_is_added_and_changed_without_a_new_generation_and_survives_a_kill(host: WholeHost) -> None:
    """A zone file and one signed update to the catalog serve a new zone; signed updates change it; nothing is lost
    when Knot is killed; an unsigned update is refused."""
    host.add_domain("gamma.localhost")
    member = knot.membership("gamma.localhost")
    catalog = update(host, member.zone)
    catalog.add(f"{member.name}.", member.ttl, member.rdtype, member.value)
    assert tell(host, catalog) == 0
    until(lambda: answer(host, "webmail.gamma.localhost", "A") == ["127.0.0.1"], "the zone")
    assert answer(host, "gamma.localhost", "MX") == ["10 mx.mailward.localhost."]
    port = host.settings.ports[Door.IMAPS]
    assert answer(host, "_imaps._tcp.gamma.localhost", "SRV") == [f"0 1 {port} mail.gamma.localhost."]
    for value in ("one", "two"):
        challenge = update(host, "gamma.localhost")
        challenge.add("_acme-challenge.gamma.localhost.", 60, "TXT", value)
        assert tell(host, challenge) == 0
    unsigned = dns.update.UpdateMessage("gamma.localhost")
    unsigned.add("evil.gamma.localhost.", 60, "TXT", "x")
    assert tell(host, unsigned) != 0
    host.stop_one("knot", 9)
    host.start(["knot"])
    found = answer(host, "_acme-challenge.gamma.localhost", "TXT")
    assert sorted(found) == ['"one"', '"two"']
    assert answer(host, "gamma.localhost", "AAAA") == ["::1"]


class Browser:
    """Just enough of a browser for a form: cookies, and HTTPS to loopback by the name in Host and SNI."""

    def __init__(self, host: WholeHost, name: str) -> None:
        self.port, self.name = host.settings.ports[Door.HTTPS], name
        self.cookies: dict[str, str] = {}

    def ask(
        self, path: str, form: dict[str, str] | None = None, method: str | None = None
    ) -> tuple[int, str, dict[str, str]]:
        plain = socket.create_connection(("127.0.0.1", self.port), 20)
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=trusting())
        connection.sock = trusting().wrap_socket(plain, server_hostname=self.name)
        headers = {"Host": f"{self.name}:{self.port}", "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method or ("GET" if form is None else "POST"), path, urlencode(form) if form else None, headers)
        got = connection.getresponse()
        for value in got.headers.get_all("Set-Cookie") or []:
            for key, morsel in SimpleCookie(value).items():
                self.cookies[key] = morsel.value
                assert morsel["secure"], value
        body = got.read().decode(errors="replace")
        connection.close()
        return got.status, body, {key.lower(): value for key, value in got.getheaders()}


def test_webmail_logs_in_reads_and_sends(host: WholeHost) -> None:
    """Roundcube, by its own form over HTTPS, logs a mailbox in with its address and shows and sends its mail."""
    browser = Browser(host, "webmail.alpha.localhost")
    status, page, headers = browser.ask("/")
    assert status == 200, host.log("webmail")
    assert "max-age" in headers["strict-transport-security"]
    assert "1.6" not in re.sub(r"s=\d+|[\w/.-]+\.(?:js|css|png|svg|ico)\S*", "", page)
    token = re.search(r'name="_token" value="([^"]+)"', page)
    assert token, page[:2000]
    form = {"_token": token[1], "_task": "login", "_action": "login", "_user": "anna", "_pass": PASSWORD, "_url": ""}
    status, page, headers = browser.ask("/?_task=login", form)
    assert status == 302, page[:3000] + host.log("webmail") + host.log("dovecot")
    status, page, _ = browser.ask("/?_task=mail")
    assert status == 200
    assert ANNA in page
    assert browser.ask("/?_task=settings&_action=plugin.managesieve")[0] == 200
    status, _, headers = browser.ask("/?_task=mail&_action=compose")
    status, page, _ = browser.ask("/" + headers["location"].lstrip("./")) if status == 302 else (status, page, headers)
    fields = dict(re.findall(r'<input[^>]*name="(_token|_id)"[^>]*value="([^"]*)"', page))
    identity = re.search(r'<select[^>]*name="_from"[^>]*>\s*<option value="(\d+)"', page)
    assert identity, page[:3000]
    letter = {"_task": "mail", "_action": "send", "_from": identity[1], "_to": CARL, "_subject": "by webmail"}
    status, page, _ = browser.ask(
        "/?_task=mail&_action=send&_framed=1", fields | letter | {"_message": "Hello", "_draft_saveid": ""}
    )
    assert status == 200
    until(lambda: arrives(host, CARL, "by webmail"), f"delivery ({page[:500]})")
    assert not re.search(r"error", host.log("webmail"), re.IGNORECASE), host.log("webmail")


def test_webmail_shows_nothing_but_its_public_files(host: WholeHost) -> None:
    """No configuration, log, SQL or second program of Roundcube can be fetched, whatever the path."""
    browser = Browser(host, "webmail.alpha.localhost")
    assert browser.ask("/skins/elastic/images/logo.svg")[0] == 200
    paths = ("/config/config.inc.php", "/SQL/sqlite.initial.sql", "/installer/", "/index.php/x", "/plugins/acl/acl.php")
    for path in (*paths, "/skins/../../roundcube/config/config.inc.php", "/logs/errors.log", "/skins/elastic/meta.php"):
        assert browser.ask(path)[0] in (400, 404), path


def test_discovery_is_served_from_published_files(host: WholeHost) -> None:
    """Autoconfig, autodiscover (by POST too, in any case) and profiles come from files, by the domain asked for; where
    there is no file, 404."""
    for kind, ending in (("autoconfig", "xml"), ("autodiscover", "xml"), ("mobileconfig", "mobileconfig")):
        (host.layout.web / kind / f"alpha.localhost.{ending}").write_text(f"<{kind}/>")
    asked = [
        ("autoconfig.alpha.localhost", "/mail/config-v1.1.xml?emailaddress=a", "<autoconfig/>", "text/xml"),
        ("alpha.localhost", "/.well-known/autoconfig/mail/config-v1.1.xml", "<autoconfig/>", "text/xml"),
        ("autodiscover.alpha.localhost", "/Autodiscover/Autodiscover.xml", "<autodiscover/>", "text/xml"),
        ("webmail.alpha.localhost", "/mailward.mobileconfig", "<mobileconfig/>", "application/x-apple-aspen-config"),
    ]
    for name, path, body, kind in asked:
        status, got, headers = Browser(host, name).ask(path)
        assert (status, got, headers["content-type"].split(";")[0]) == (200, body, kind), (name, path)
        assert Browser(host, name.replace("alpha", "beta")).ask(path)[0] == 404
    for name in ("autodiscover.alpha.localhost", "autodiscover.beta.localhost"):
        status, got, headers = Browser(host, name).ask("/AutoDiscover/AutoDiscover.xml", {"x": "y"})
        if "beta" in name:
            assert status == 404
        else:
            assert (status, got, headers["content-type"].split(";")[0]) == (200, "<autodiscover/>", "text/xml")


def plain_http(host: WholeHost, name: str, path: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", host.settings.http_port, timeout=5)
    connection.request("GET", path, headers={"Host": f"{name}:{host.settings.http_port}"})
    got = connection.getresponse()
    return got.status, got.headers.get("Location", ""), got.read().decode(errors="replace")


def test_port_80_answers_acme_and_sends_everybody_else_to_https(host: WholeHost) -> None:
    """HTTP-01 answers are served as they are; every other address moves to HTTPS on its real port."""
    (host.layout.acme_challenges / "token_1").write_text("token_1.thumbprint")
    assert plain_http(host, "any.test", "/.well-known/acme-challenge/token_1")[::2] == (200, "token_1.thumbprint")
    assert plain_http(host, "any.test", "/.well-known/acme-challenge/none")[0] == 404
    https = host.settings.ports[Door.HTTPS]
    assert plain_http(host, "webmail.alpha.localhost", "/?a=b")[:2] == (
        301,
        f"https://webmail.alpha.localhost:{https}/?a=b",
    )
    assert plain_http(host, "autodiscover.alpha.localhost", "/autodiscover/autodiscover.xml")[0] == 302


def test_the_panels_death_is_a_page_and_unknown_names_are_404(host: WholeHost) -> None:
    """With the panel dead its address says that mail goes on; a name that nobody has is a plain 404."""
    status, page, headers = Browser(host, host.settings.hostname).ask("/anything?token=secret")
    assert (status, "Mail keeps flowing" in page) == (503, True)
    assert "strict-transport-security" in headers
    status, page, _ = Browser(host, "nobody.test").ask("/x")
    assert (status, "no site by this name" in page) == (404, True)
    until(lambda: "/anything" in host.log("nginx"), "the access log")
    assert "token=secret" not in host.log("nginx")
