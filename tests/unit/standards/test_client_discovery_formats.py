"""The formats by which clients find a mailbox: what is written is what is read, and nothing harmful is read."""

import plistlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailward.model.doors import Door, Tls
from mailward.model.errors import BadInput
from mailward.model.settings import InternalPorts, Settings
from mailward.standards import autoconfig, autodiscover, client_srv, mobileconfig
from mailward.standards.mail_settings import MailServer, MailSettings, UserName, settings_of
from mailward.standards.xml_documents import MOST_BYTES, parse_xml

labels = st.from_regex(r"[a-z]([a-z0-9]{0,8}[a-z])?", fullmatch=True)
names = st.lists(labels, min_size=2, max_size=4).map(".".join)
ports = st.integers(1, 65535)


def servers(*protocols):
    return st.builds(
        MailServer, st.sampled_from(protocols), names, ports, st.sampled_from(list(Tls)), st.sampled_from(list(UserName))
    )


settings = st.builds(
    MailSettings,
    names,
    st.lists(servers("imap", "pop3"), min_size=1, max_size=4).map(tuple),
    st.lists(servers("smtp"), min_size=1, max_size=3).map(tuple),
)


def instance(**doors):
    return Settings(
        hostname="mx.mailward.localhost",
        ports={Door(name): port for name, port in doors.items()},
        http_port=8080,
        dns_port=2053,
        internal=InternalPorts(1, 2, 3, 4, 5),
        addresses=("127.0.0.1",),
        cas=(),
    )


@given(settings)
def test_thunderbird_reads_what_was_written(wanted):
    """Every server of a domain survives the way through config-v1.1.xml."""
    assert autoconfig.parse(autoconfig.make(wanted)) == wanted


@given(settings, labels)
def test_outlook_reads_what_was_written(wanted, person):
    """Every server survives the way through Autodiscover, with the address named or for all addresses at once."""
    assert autodiscover.parse(autodiscover.make(wanted), wanted.domain) == wanted
    assert autodiscover.parse(autodiscover.make(wanted, f"{person}@{wanted.domain}"), wanted.domain) == wanted


@given(names, labels)
def test_outlooks_request_names_the_address(domain, person):
    """The address that Outlook asks for is read back from its request."""
    asked = autodiscover.parse_request(autodiscover.make_request(f"{person}@{domain}"))
    assert str(asked) == f"{person}@{domain}"


@given(settings, labels)
def test_apple_reads_what_was_written(wanted, person):
    """The first two servers survive the way through a profile, and making it twice gives the same bytes."""
    address = f"{person}@{wanted.domain}"
    profile = mobileconfig.make(wanted, address)
    assert profile == mobileconfig.make(wanted, address)
    found = mobileconfig.parse(profile, wanted.domain)
    for made, read in ((wanted.incoming[0], found.incoming[0]), (wanted.outgoing[0], found.outgoing[0])):
        assert (made.protocol, made.host, made.port, made.user_name) == (
            read.protocol,
            read.host,
            read.port,
            read.user_name,
        )
        assert (made.tls is Tls.NONE) == (read.tls is Tls.NONE)


def test_profiles_of_two_people_are_two():
    """Profiles of two addresses never replace each other, and none holds a password."""
    one = settings_of(instance(imaps=993, submissions=465), "a.test", "mail.a.test")
    first, second = (plistlib.loads(mobileconfig.make(one, f"{who}@a.test")) for who in ("anna", "ben"))
    assert first["PayloadUUID"] != second["PayloadUUID"]
    assert first["PayloadContent"][0]["PayloadUUID"] != first["PayloadUUID"]
    assert not [key for key in first["PayloadContent"][0] if key.endswith("Password") and "SameAs" not in key]


def test_open_doors_are_announced_in_the_order_of_preference():
    """Implicit TLS comes first, closed doors are not announced, and SMTP between servers never is."""
    found = settings_of(
        instance(imaps=2993, pop3s=2995, smtp=2525, submission=2587, submissions=2465), "a.test", "mail.a.test"
    )
    assert [(s.protocol, s.port, s.tls) for s in found.incoming] == [
        ("imap", 2993, Tls.IMPLICIT),
        ("pop3", 2995, Tls.IMPLICIT),
    ]
    assert [(s.port, s.tls) for s in found.outgoing] == [(2465, Tls.IMPLICIT), (2587, Tls.STARTTLS)]


def test_srv_records_say_what_is_open_and_what_is_not():
    """Open services name host and port; closed ones say that they aren't offered (RFC 6186 section 3.4)."""
    found = client_srv.records(
        instance(https=8443, imaps=2993, submissions=2465), "a.test", "mail.a.test", "autodiscover.a.test"
    )
    by_name = {record.name: record.value for record in found}
    assert by_name["_imaps._tcp.a.test"] == "0 1 2993 mail.a.test."
    assert by_name["_submissions._tcp.a.test"] == "0 1 2465 mail.a.test."
    assert by_name["_imap._tcp.a.test"] == "0 0 0 ."
    assert by_name["_autodiscover._tcp.a.test"] == "0 1 8443 autodiscover.a.test."
    assert [client_srv.parse(record.name, record.value) for record in found] == list(found)


@given(st.integers(0, 65535), st.integers(0, 65535), ports, names)
def test_srv_data_comes_back(priority, weight, port, target):
    """SRV data survives being written and read."""
    record = client_srv.SrvRecord("_imaps._tcp.a.test", priority, weight, port, target)
    assert client_srv.parse(record.name, record.value) == record


def test_srv_order():
    """The lowest priority is taken first, then the greatest weight; what isn't offered is left out."""
    found = [
        client_srv.parse("_imaps._tcp.a.test", v)
        for v in ("10 1 993 c.test.", "0 0 0 .", "0 1 993 b.test.", "0 9 993 a.test.")
    ]
    assert [record.target for record in client_srv.in_order(found)] == ["a.test", "b.test", "c.test"]


@pytest.mark.parametrize("value", ["", "0 1 993", "a b c d", "0 1 99999 a.test.", "0 1 993 a_b.test.", "-1 0 1 a.test."])
def test_wrong_srv_data_is_refused(value):
    """SRV data that is none gives BadInput."""
    with pytest.raises(BadInput):
        client_srv.parse("_imaps._tcp.a.test", value)


BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (BOMB, "xml-doctype"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "xml-doctype"),
        (b"<a>" + b" " * MOST_BYTES + b"</a>", "xml-too-big"),
        (b"<a><b></a>", "xml-broken"),
        (b"", "xml-broken"),
        (b"\xff\xfe\x00", "xml-broken"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "xml-broken"),
    ],
)
def test_harmful_xml_is_refused(content, code):
    """Entities, huge and broken documents never reach the formats."""
    with pytest.raises(BadInput) as refused:
        parse_xml(content, "x")
    assert refused.value.code == code


@pytest.mark.parametrize("read", [autoconfig.parse, autodiscover.parse_request, lambda c: autodiscover.parse(c, "a.test")])
@pytest.mark.parametrize(
    "content", [b"<a/>", b"<clientConfig/>", b"<Autodiscover/>", b"<html><body>404</body></html>", BOMB]
)
def test_other_documents_are_refused(read, content):
    """A page that happens to be at the address is not taken for settings."""
    with pytest.raises(BadInput):
        read(content)


@given(st.binary(max_size=300))
def test_garbage_is_no_profile(content):
    """Whatever lies at the address, reading it as a profile ends in BadInput or settings."""
    with pytest.raises(BadInput):
        mobileconfig.parse(content, "a.test")


@pytest.mark.parametrize(
    "content", [BOMB, plistlib.dumps([1]), plistlib.dumps({"PayloadContent": [{}]}), b"x" * (MOST_BYTES + 1)]
)
def test_profiles_without_a_mail_account_are_refused(content):
    """A profile of something else, and a document with entities, are refused."""
    with pytest.raises(BadInput):
        mobileconfig.parse(content, "a.test")


def test_a_profile_needs_both_ways():
    """No profile is made for a server that can only be read from."""
    with pytest.raises(BadInput):
        mobileconfig.make(MailSettings("a.test", (), ()))
