"""mailward.toml: what is written is read back the same, and every mistake is named with its field."""

import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailward.model.doors import Door
from mailward.model.errors import BadInput
from mailward.model.passwords import PasswordLevel
from mailward.model.settings import KNOWN_CAS, CaSettings, InternalPorts, KeyType, SecondFactor, Settings
from mailward.steward.new_instance import demo, production
from mailward.steward.settings_file import format_settings, parse_settings

CA = CaSettings("letsencrypt", KNOWN_CAS["letsencrypt"], contact="postmaster@example.com")
DEMO = demo(ipv6=True)
PRODUCTION = production("mx1.example.com", ("192.0.2.1", "2001:db8::1"), CA, "postmaster@example.com")


@pytest.mark.parametrize(
    "settings",
    [
        DEMO,
        demo(12000, ipv6=False),
        replace(DEMO, store="postgresql://mailward@/mailward?host=/run/postgresql&passfile=/etc/a"),
        PRODUCTION,
        production("mx1.example.com", ("127.0.0.1",), CA, None, base_port=20000),
    ],
    ids=["demo", "demo-other-ports", "postgresql", "production", "production-high-ports"],
)
def test_what_is_written_is_read_back(settings: Settings) -> None:
    """The file of a new instance says exactly the settings it was made from."""
    assert parse_settings(format_settings(settings)) == settings


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
names = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=12)
maybe = st.none() | texts
cas = st.builds(
    CaSettings,
    name=names,
    directory=texts,
    trust=maybe,
    contact=maybe,
    eab_kid=maybe,
    eab_hmac_file=maybe,
    profile=maybe,
)
addresses = st.lists(st.ip_addresses().map(str), min_size=1, max_size=4, unique=True).map(tuple)


@given(
    host=st.tuples(names.filter(lambda n: not n.isdigit()), names.filter(str.isalpha)).map(".".join),
    ports=st.lists(st.integers(1, 65535), min_size=17, max_size=17, unique=True),
    addresses=addresses,
    cas=st.lists(cas, max_size=3, unique_by=lambda ca: ca.name).map(tuple),
    contact=maybe,
    outbound=st.booleans(),
    key_type=st.sampled_from(KeyType),
    level=st.sampled_from(PasswordLevel),
    trust=texts,
    opened=st.sets(st.sampled_from([Door.IMAP, Door.POP3, Door.SIEVE])),
)
def test_whatever_the_values_they_are_read_back(
    host, ports, addresses, cas, contact, outbound, key_type, level, trust, opened
) -> None:
    """Quotes, backslashes, control characters and the world's scripts survive the way through the file."""
    doors = [door for door in Door if door.kind.always_open or door in opened]
    settings = Settings(
        hostname=host,
        ports=dict(zip(doors, ports, strict=False)),
        http_port=ports[9],
        dns_port=ports[10],
        internal=InternalPorts(*ports[11:16], resolver=ports[16]),
        addresses=addresses,
        cas=cas,
        contact=contact,
        outbound=outbound,
        key_type=key_type,
        rsa=outbound or key_type is KeyType.BOTH,
        trust=trust,
        nameservers=("127.0.0.1:2053", "[::1]:53"),
        password_level=level,
        breached_passwords="lists/pwned.txt" if outbound else None,
    )
    assert parse_settings(format_settings(settings)) == settings


def refused(text: str) -> BadInput:
    with pytest.raises(BadInput) as caught:
        parse_settings(text)
    assert str(caught.value.what)
    assert str(caught.value.remedy), "every refusal says what ends it"
    return caught.value


TEXT = format_settings(DEMO)


def without(line: str) -> str:
    """The demo's file without the line that begins so."""
    kept = [one for one in TEXT.splitlines() if not one.startswith(line)]
    assert len(kept) == len(TEXT.splitlines()) - 1, line
    return "\n".join(kept)


def instead(line: str, new: str) -> str:
    """The demo's file with another line in place of the one that begins so."""
    found = [one for one in TEXT.splitlines() if one.startswith(line)]
    assert len(found) == 1, found
    return TEXT.replace(found[0], new)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (without("hostname"), "hostname"),
        (instead("hostname", "hostname = 5"), "hostname"),
        (instead("hostname", 'hostname = "no such name"'), "hostname"),
        (instead("hostname", 'hostname = "127.0.0.1"'), "hostname"),
        (instead("addresses", 'addresses = ["somewhere"]'), "addresses"),
        (instead("addresses", 'addresses = "127.0.0.1"'), "addresses"),
        (instead("addresses", "addresses = 5"), "addresses"),
        (instead("addresses", "addresses = []"), "addresses"),
        (instead("outbound", 'outbound = "false"'), "outbound"),
        (instead("outbound", "outbound = 0"), "outbound"),
        (instead("key_type", 'key_type = "dsa"'), "key_type"),
        (instead("password_level", 'password_level = "unbreakable"'), "password_level"),
        (instead("password_level", "password_level = 3"), "password_level"),
        (instead("password_level", "breached_passwords = true"), "breached_passwords"),
        (instead("outbound", 'outbound = true\nstore = "mysql://x/y"'), "store"),
        (instead("outbound", 'outbound = true\nstore = "postgresql://host"'), "store"),
        (instead("outbound", 'outbound = true\nstore = "postgresql://me:secret@host/mail"'), "store"),
        (instead("outbound", 'outbound = true\nstore = "postgresql:///mail?host=/run&password=secret"'), "store"),
        (instead('trust = "tls', "trust = 5"), "trust"),
        (instead("nameservers", 'nameservers = "127.0.0.1:53"'), "nameservers"),
        (instead("nameservers", "nameservers = [53]"), "nameservers"),
        (instead("outbound", "outbound = true\ncontact = 5"), "contact"),
        (instead("outbound", "outbound = true\nhostnames = 5"), "hostnames"),
        (without("imaps"), "ports.imaps"),
        (instead("imaps", 'imaps = "993"'), "ports.imaps"),
        (instead("imaps", "imaps = 65536"), "ports.imaps"),
        (instead("imaps", "imaps = -1"), "ports.imaps"),
        (instead("imaps", "imaps = 0"), "ports.imaps"),
        (instead("imaps", "imaps = true"), "ports.imaps"),
        (instead("imaps", "imaps = 1.5"), "ports.imaps"),
        (instead("imaps", "imaps = 2993\nimpas = 2"), "ports.impas"),
        (instead("imaps", f"imaps = {DEMO.ports[Door.SMTP]}"), "ports.smtp"),
        (without("http ="), "ports.http"),
        (without("dns ="), "ports.dns"),
        (instead("dns =", f"dns = {DEMO.http_port}"), "ports.dns"),
        (instead("imap_local", f"imap_local = {DEMO.ports[Door.IMAPS]}"), "internal.imap_local"),
        (without("imap_local"), "internal.imap_local"),
        (instead("imap_local", "imap_local = 0"), "internal.imap_local"),
        (instead("imap_local", 'imap_local = "x"'), "internal.imap_local"),
        (instead("imap_local", "imap_local = 2803\nmore = 5"), "internal.more"),
        (TEXT.replace("[internal]", "[inner]"), "inner"),
        (instead("directory", "directory = 5"), "ca[0].directory"),
        (without("directory"), "ca[0].directory"),
        (instead("directory", 'directory = "https://ca"\nuser = "me"'), "ca[0].user"),
        (TEXT.replace("[[ca]]", "[ca]"), "ca"),
        (TEXT + '\n[[ca]]\nname = "pebble"\ndirectory = "https://other"\n', "ca[1].name"),
        (instead("pebble_port", f"pebble_port = {DEMO.dns_port}"), "demo.pebble_port"),
        (without("pebble_port"), "demo.pebble_port"),
        (instead("certificate_seconds", "certificate_seconds = 0"), "demo.certificate_seconds"),
        (TEXT.replace("[ports]", "[ports"), "mailward.toml"),
        ("", "ports"),
    ],
)
def test_every_mistake_names_its_field(text: str, field: str) -> None:
    """A wrong, missing, unknown or doubled setting is refused by its name, with what ends it."""
    said = refused(text)
    assert said.field == field
    assert field in str(said.what)


def test_two_settings_with_one_port_name_both() -> None:
    """Who meets a doubled port reads both settings that have it."""
    said = refused(instead("submission ", f"submission = {DEMO.http_port}"))
    assert {"ports.submission", "ports.http"} <= set(str(said.what).replace(",", "").replace(":", "").split())


def test_the_starttls_doors_are_closed_unless_the_file_opens_them() -> None:
    """RFC 8314: IMAP, POP3 and ManageSieve with STARTTLS are open only where the file gives them a port."""
    closed = parse_settings(TEXT)
    assert not any(closed.is_open(door) for door in (Door.IMAP, Door.POP3, Door.SIEVE))
    opened = parse_settings(instead("imaps", "imaps = 2993\nimap = 2143"))
    assert opened.ports[Door.IMAP] == 2143
    assert opened == replace(closed, ports={**closed.ports, Door.IMAP: 2143})


def test_the_demo_never_sends_mail_to_the_world() -> None:
    """A demo has high ports on loopback, a CA of its own, and no way out; production has the standard ports."""
    assert DEMO.outbound is False
    assert set(DEMO.addresses) == {"127.0.0.1", "::1"}
    assert demo(ipv6=False).addresses == ("127.0.0.1",)
    assert min(DEMO.ports.values()) > 1024
    assert PRODUCTION.outbound is True
    assert PRODUCTION.demo is None
    assert {door.value: port for door, port in PRODUCTION.ports.items()} == {
        "https": 443, "imaps": 993, "pop3s": 995, "smtp": 25, "submission": 587, "submissions": 465,
    }  # fmt: skip


def test_an_older_instance_gets_a_resolver() -> None:
    """Port 53 of an address of its own where a resolv.conf must name it; a free port where Knot has port 53 everywhere."""

    def older(settings: Settings) -> Settings:
        lines = format_settings(settings).splitlines()
        return parse_settings("\n".join(line for line in lines if not line.startswith("resolver")))

    assert PRODUCTION.own_resolver == "127.0.53.53:53"
    assert older(PRODUCTION) == PRODUCTION
    assert older(DEMO) == DEMO
    assert DEMO.own_resolver == "127.0.0.1:2806"
    assert older(replace(PRODUCTION, addresses=("0.0.0.0",))).own_resolver == "127.0.0.1:846"
    assert (PRODUCTION.asked, replace(DEMO, nameservers=("192.0.2.1:53",)).asked) == (
        ("127.0.53.53:53",),
        ("192.0.2.1:53",),
    )


def test_only_root_can_listen_where_passwords_pass_in_production() -> None:
    """TLS ends at nginx: behind it, no other user of the host may take a daemon's port while that daemon is away."""
    internal = PRODUCTION.internal
    ports = (internal.imap_proxied, internal.pop3_proxied, internal.imap_local, internal.sieve_local, internal.smtp_local)
    assert all(0 < port < 1024 for port in ports)
    assert not set(ports) & {*PRODUCTION.ports.values(), PRODUCTION.http_port, PRODUCTION.dns_port}


def test_who_must_have_a_second_factor_is_said_and_a_wrong_word_is_refused() -> None:
    """By role in production, nobody in a demo; what is misspelt is not taken for the weakest."""
    assert (PRODUCTION.second_factor, DEMO.second_factor) == (SecondFactor.BY_ROLE, SecondFactor.OPTIONAL)
    text = format_settings(PRODUCTION)
    line = 'second_factor = "by-role"'
    assert line in text
    everybody = parse_settings(text.replace(line, 'second_factor = "everybody"'))
    assert everybody.second_factor is SecondFactor.EVERYBODY
    with pytest.raises(BadInput) as refused:
        parse_settings(text.replace(line, 'second_factor = "none"'))
    assert refused.value.field == "second_factor"
    silent = "\n".join(one for one in text.splitlines() if not one.startswith("second_factor"))
    assert parse_settings(silent).second_factor is SecondFactor.BY_ROLE
