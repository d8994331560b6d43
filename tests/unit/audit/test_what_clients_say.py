"""What Thunderbird, Outlook and Apple Mail find and say, told by a world that is made up in each test."""

from dataclasses import replace

import pytest

from fakes.chains import NOW, authority, issue
from fakes.still_clock import StillClock
from fakes.told_dialer import ToldDialer
from fakes.told_http import ToldHttp
from fakes.told_resolver import ToldResolver
from mailward.audit.clients import ClientReport, discover
from mailward.audit.rules import clients as data
from mailward.audit.rules import codes
from mailward.audit.rules.chain import ChainJudge, TrustRoots
from mailward.audit.rules.clients import MailClient
from mailward.model.doors import Door, Tls
from mailward.model.errors import BadInput
from mailward.model.outside import Dialled, HttpAnswer
from mailward.model.settings import InternalPorts, Settings
from mailward.model.verdict import Verdict
from mailward.standards import autoconfig, autodiscover, mobileconfig
from mailward.standards.mail_settings import MailServer, MailSettings, settings_of

CA = authority()
MX = "mx.host.test"
SETTINGS = Settings(
    hostname=MX,
    ports={
        Door.HTTPS: 8443,
        Door.IMAPS: 2993,
        Door.POP3S: 2995,
        Door.SMTP: 2525,
        Door.SUBMISSION: 2587,
        Door.SUBMISSIONS: 2465,
    },
    http_port=8080,
    dns_port=2053,
    internal=InternalPorts(1, 2, 3, 4, 5),
    addresses=("127.0.0.1",),
    cas=(),
)
ALPHA = CA.leaf("*.a.test", "a.test")
SERVER_SELF_SIGNED = issue("mx", names=(MX,))
SERVER_VALID = CA.leaf(MX)


class World:
    """One host: DNS, web and mail doors; ``chain`` is what its doors serve, but for the names in ``by_name``."""

    def __init__(self, *chain, by_name=None, names=("mail", "autoconfig", "autodiscover", "")):
        self.chain = chain
        self.by_name = by_name or {}
        hosts = [f"{name}.a.test".lstrip(".") for name in names]
        self.resolver = ToldResolver({(host, "A"): ["127.0.0.1"] for host in (*hosts, MX)})
        self.http = ToldHttp()
        self.dialer = ToldDialer(self.tell)
        self.clear_login = False
        self.silent = False

    def tell(self, target):
        if self.silent:
            return Dialled(target, "timeout", "")
        chain = self.by_name.get(target.sni, self.chain)
        clear = self.clear_login if target.probe_clear else None
        return Dialled(target, None, "", tuple(c.der for c in chain), "TLSv1.3", clear_login=clear)

    def publish(self, host, settings=SETTINGS):
        said = settings_of(settings, "a.test", host)
        ask = "?emailaddress=anna@a.test"
        self.serve(f"https://autoconfig.a.test:8443/mail/config-v1.1.xml{ask}", autoconfig.make(said))
        self.serve("https://autodiscover.a.test:8443/autodiscover/autodiscover.xml", autodiscover.make(said))
        self.serve("https://autoconfig.a.test:8443/mailward.mobileconfig", mobileconfig.make(said))
        return self

    def serve(self, url, body, status=200):
        self.http.answers[url] = HttpAnswer(url, status, "text/xml", body)

    def look(self, settings=SETTINGS) -> ClientReport:
        judge = ChainJudge(TrustRoots.from_pem(CA.root.pem))
        clock = StillClock(NOW)
        return discover("Anna@a.test", settings, lambda _r, _n: None, judge, self.resolver, self.http, self.dialer, clock)


def of(report, client):
    return next(look for look in report.clients if look.client is client)


def test_a_secured_domain_is_quiet():
    """With a certificate of its own and published settings, every client connects without a word."""
    report = World(ALPHA, CA.intermediate).publish("mail.a.test").look()
    assert report.verdict is Verdict.PASS
    assert report.ways_out == ()
    assert report.address == "anna@a.test"
    for look in report.clients:
        assert [server.warnings for server in look.servers] == [(), ()]
        assert [server.sni for server in look.servers] == ["mail.a.test", "mail.a.test"]
    first = of(report, MailClient.THUNDERBIRD).servers[0]
    assert (first.server.port, first.user_name, first.code) == (2993, "anna@a.test", "ok")


def test_settings_are_looked_for_in_each_clients_own_order():
    """Thunderbird stops at its first answer; Outlook asks the domain before autodiscover; Apple Mail takes the profile."""
    world = World(ALPHA, CA.intermediate).publish("mail.a.test")
    report = world.look()
    assert [step.taken.outcome for step in of(report, MailClient.THUNDERBIRD).steps] == ["found"]
    assert [step.taken.outcome for step in of(report, MailClient.OUTLOOK).steps] == ["refused", "found"]
    assert [step.taken.outcome for step in of(report, MailClient.APPLE_MAIL).steps] == ["found"]
    assert [url for url, _, _ in world.http.fetched] == [
        "https://autoconfig.a.test:8443/mail/config-v1.1.xml?emailaddress=anna@a.test",
        "https://a.test:8443/autodiscover/autodiscover.xml",
        "https://autodiscover.a.test:8443/autodiscover/autodiscover.xml",
        "https://autoconfig.a.test:8443/mailward.mobileconfig",
    ]


def test_the_servers_self_signed_certificate_makes_every_client_warn():
    """On the server-wide self-signed certificate, mail.<domain> is untrusted and of another name."""
    report = World(SERVER_SELF_SIGNED).look()
    assert report.verdict is Verdict.FAIL
    warned = {look.client: " ".join(str(w) for s in look.servers for w in s.warnings) for look in report.clients}
    assert "Add Security Exception" in warned[MailClient.THUNDERBIRD]
    assert "Wrong Site" in warned[MailClient.THUNDERBIRD]
    assert "security certificate that cannot be verified" in warned[MailClient.OUTLOOK]
    assert "does not match the name of the site" in warned[MailClient.OUTLOOK]
    assert "Cannot Verify Server Identity" in warned[MailClient.APPLE_MAIL]
    ways = [str(way) for way in report.ways_out]
    assert "mailward secure a.test" in ways[0]
    assert "does not help yet" in ways[1]
    assert "mailward secure server" in ways[1]
    assert "never switch its encryption off" in ways[2]


def test_the_servers_own_name_helps_once_it_is_secured():
    """When the server's certificate is valid for its own name, putting that name into the client is a way out."""
    report = World(SERVER_VALID, CA.intermediate).look()
    by_hand = of(report, MailClient.BY_HAND)
    assert [server.code for server in by_hand.servers] == ["name-mismatch", "name-mismatch"]
    assert str(report.ways_out[1]).startswith(f"Or put {MX} in place of mail.a.test")
    quiet = World(SERVER_VALID, CA.intermediate).publish(MX).look()
    assert [server.warnings for server in of(quiet, MailClient.THUNDERBIRD).servers] == [(), ()]
    assert of(quiet, MailClient.BY_HAND).verdict is Verdict.FAIL


def test_a_web_door_with_a_bad_certificate_is_shown():
    """When settings can't be fetched for a bad certificate, the step says what was served; only Outlook bothers people."""
    world = World(SERVER_SELF_SIGNED)
    url = "https://autodiscover.a.test:8443/autodiscover/autodiscover.xml"
    world.http.answers[url] = HttpAnswer(url, 0, "", b"", "handshake-failed")
    report = world.look()
    outlook = next(s for s in of(report, MailClient.OUTLOOK).steps if s.taken.outcome == "handshake-failed")
    assert outlook.finding.code == "self-signed"
    assert outlook.finding.door is Door.HTTPS
    assert any("does not match the name of the site" in str(w) for w in outlook.warnings)
    assert not any(step.warnings for step in of(report, MailClient.THUNDERBIRD).steps)


def test_srv_records_lead_to_settings():
    """Outlook finds autodiscover by SRV, Apple Mail finds the mail servers by SRV, at the ports that these name."""
    world = World(ALPHA, CA.intermediate)
    world.resolver.answers[("_autodiscover._tcp.a.test", "SRV")] = ["0 1 8443 autodiscover.a.test."]
    world.resolver.answers[("_imaps._tcp.a.test", "SRV")] = ["0 1 2993 mail.a.test."]
    world.resolver.answers[("_submissions._tcp.a.test", "SRV")] = ["nonsense", "0 1 2465 mail.a.test."]
    said = settings_of(SETTINGS, "a.test", "mail.a.test")
    report = world.look()
    assert of(report, MailClient.APPLE_MAIL).steps[-1].taken.asked.startswith("SRV _imaps._tcp.a.test")
    assert [s.server.port for s in of(report, MailClient.APPLE_MAIL).servers] == [2993, 2465]
    world.resolver.answers[("autodiscover.a.test", "A")] = "NXDOMAIN"
    assert of(world.look(), MailClient.OUTLOOK).steps[-2].taken.outcome == "no-address"
    world.resolver.answers[("_autodiscover._tcp.a.test", "SRV")] = ["0 1 8443 mail.a.test."]
    world.serve("https://mail.a.test:8443/autodiscover/autodiscover.xml", autodiscover.make(said))
    assert of(world.look(), MailClient.OUTLOOK).steps[-1].taken.outcome == "found"


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (404, b"", "status-404"),
        (200, b"<html/>", "not-settings"),
        (200, autoconfig.make(MailSettings("a.test", (), ())), "not-settings"),
    ],
)
def test_pages_that_are_no_settings(status, body, outcome):
    """What isn't settings is told as such, and the client goes on to guessing."""
    world = World(ALPHA, CA.intermediate)
    world.serve("https://autoconfig.a.test:8443/mail/config-v1.1.xml?emailaddress=anna@a.test", body, status)
    look = of(world.look(), MailClient.THUNDERBIRD)
    assert look.steps[0].taken.outcome == outcome
    assert look.steps[-1].taken.outcome == "found"


def test_settings_without_encryption_are_red():
    """Published settings that say not to encrypt are a failure, and no connection is made by them."""
    said = settings_of(SETTINGS, "a.test", "mail.a.test")
    bare = replace(said, incoming=(MailServer("imap", "mail.a.test", 143, Tls.NONE),))
    world = World(ALPHA, CA.intermediate)
    world.serve("https://autoconfig.a.test:8443/mail/config-v1.1.xml?emailaddress=anna@a.test", autoconfig.make(bare))
    first = of(world.look(), MailClient.THUNDERBIRD).servers[0]
    assert (first.code, first.verdict, first.finding) == ("settings-without-tls", Verdict.FAIL, None)
    assert first.warnings


def test_settings_with_a_name_that_dns_lacks():
    """Settings that name a host without an address are red for that reason."""
    world = World(ALPHA, CA.intermediate).publish("gone.a.test")
    assert [s.code for s in of(world.look(), MailClient.THUNDERBIRD).servers] == ["no-address", "no-address"]


def test_nothing_answers():
    """When nothing is found, the client says so and nothing is green."""
    world = World(names=())
    report = world.look()
    assert report.verdict is Verdict.FAIL
    assert all(look.servers == () and str(look.says) for look in report.clients)


def test_clear_text_is_refused_or_known_not_to_be():
    """A door that offers a log-in before TLS is red, one that doesn't is green, one that wasn't seen is unknown."""
    world = World(ALPHA, CA.intermediate).publish("mail.a.test")
    clear = {c.door: c for c in world.look().clear_text}
    assert (clear[Door.SUBMISSION].code, clear[Door.SUBMISSION].verdict) == ("clear-refused", Verdict.PASS)
    assert (clear[Door.IMAP].code, clear[Door.IMAP].verdict) == ("clear-closed", Verdict.NOT_APPLICABLE)
    world.clear_login = True
    assert world.look().verdict is Verdict.FAIL
    world.clear_login = None
    assert {c.code for c in world.look().clear_text} == {"clear-unknown", "clear-closed"}
    assert world.look().verdict is Verdict.UNKNOWN


def test_silence_is_not_green():
    """When the doors don't answer in time, the report is unknown, not good."""
    world = World(ALPHA, CA.intermediate).publish("mail.a.test")
    world.silent = True
    assert of(world.look(), MailClient.THUNDERBIRD).verdict is Verdict.UNKNOWN


def test_no_address_is_refused():
    """What is no address gives BadInput before anything is asked."""
    with pytest.raises(BadInput):
        discover("nobody", SETTINGS, lambda _r, _n: None, None, None, None, None, None)


def test_every_fault_has_every_clients_words():
    """Each client has words for each fault, and each certificate fault is one that clients notice."""
    for client in MailClient:
        assert set(data.WARNINGS[client]) == set(data.Fault)
        assert client in data.DISCOVERY
    quiet = {
        "ok",
        "expires-soon",
        "wrong-order",
        "not-fully-tested",
        "old-protocol",
        "below-profile",
        "not-what-was-chosen",
    }
    attacks = {"starttls-injection", "clear-login"}
    assert set(data.FAULT_OF) | quiet | attacks == set(codes.VERDICTS)
