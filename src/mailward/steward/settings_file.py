"""``mailward.toml``: read into Settings with a clear word for every mistake, and written for a new instance. Pure."""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mailward.model.doors import Door
from mailward.model.errors import BadInput
from mailward.model.passwords import PasswordLevel
from mailward.model.sentence import Sentence
from mailward.model.settings import (
    DNS_PORT,
    EVERY_ADDRESS,
    CaSettings,
    DemoSettings,
    InternalPorts,
    KeyType,
    SecondFactor,
    Settings,
    TlsProfile,
)
from mailward.standards.hostname import parse_host_name
from mailward.steward.dns_settings_file import format_dns, parse_dns

_KNOWN = {
    "hostname", "addresses", "outbound", "contact", "key_type", "trust", "nameservers", "ports", "internal", "ca", "demo",
    "rsa", "second_factor", "tls_profile", "password_level", "breached_passwords", "store", "dns",
}  # fmt: skip
_CORRECT = Sentence("Correct it in mailward.toml, then run the command again.")


def parse_settings(text: str) -> Settings:
    """Settings from TOML. Raises BadInput that names the field, the reason and the remedy; unknown fields are refused."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as trouble:
        said = Sentence("mailward.toml is not valid TOML: {why}", why=trouble)
        raise BadInput("mailward.toml", said, _CORRECT) from None
    for name in sorted(set(raw) - _KNOWN):
        raise _wrong(name, Sentence("no such setting"), Sentence("Known are: {names}.", names=", ".join(sorted(_KNOWN))))
    ports = _table(raw, "ports")
    for name in sorted(set(ports) - {door.value for door in Door} - {"http", "dns"}):
        raise _wrong(f"ports.{name}", Sentence("no such door"))
    settings = Settings(
        hostname=_hostname(raw.get("hostname")),
        ports={d: _port(ports.get(d.value), f"ports.{d}") for d in Door if d.value in ports or d.kind.always_open},
        http_port=_port(ports.get("http"), "ports.http"),
        dns_port=_port(ports.get("dns"), "ports.dns"),
        internal=_internal(raw),
        addresses=_addresses(raw),
        cas=_cas(raw.get("ca", [])),
        contact=_text(raw["contact"], "contact") if "contact" in raw else None,
        outbound=_yes_or_no(raw.get("outbound", True), "outbound"),
        key_type=_key_type(raw.get("key_type", "p256")),
        rsa=_yes_or_no(raw.get("rsa", False), "rsa"),
        second_factor=_second_factor(raw.get("second_factor", SecondFactor.BY_ROLE.value)),
        tls_profile=_tls_profile(raw.get("tls_profile", "intermediate")),
        trust=_text(raw.get("trust", "system"), "trust"),
        nameservers=_texts(raw.get("nameservers", []), "nameservers"),
        password_level=_password_level(raw.get("password_level", PasswordLevel.VERY_STRONG.value)),
        breached_passwords=_text(raw["breached_passwords"], "breached_passwords") if "breached_passwords" in raw else None,
        store=_store(raw["store"]) if "store" in raw else None,
        demo=DemoSettings(**_numbers(raw, "demo", DemoSettings, 2**31)) if "demo" in raw else None,
        dns=parse_dns(raw, _wrong),
    )
    _no_port_twice(settings)
    if settings.key_type is KeyType.BOTH and not settings.rsa:
        raise _wrong("key_type", Sentence("two kinds of keys are shown only by doors that look for both: rsa = true"))
    return settings


def format_settings(settings: Settings) -> str:
    """The text of ``mailward.toml`` for a new instance, with a word on each part for the person who opens it."""
    lines = [
        "# What this mail host is. Change it, then: mailward plan, mailward apply.",
        f"hostname = {_quote(settings.hostname)}",
        f"addresses = [{', '.join(_quote(a) for a in settings.addresses)}]",
        f"outbound = {str(settings.outbound).lower()}  # false: mail for other hosts is refused, never sent",
        f"key_type = {_quote(settings.key_type.value)}  # p256, rsa2048, rsa3072, both",
        f"rsa = {str(settings.rsa).lower()}  # true: doors show an RSA certificate, too, where there is one; costs CPU",
        f"second_factor = {_quote(settings.second_factor.value)}  # who must have one: by-role, optional, everybody",
        f"tls_profile = {_quote(settings.tls_profile.value)}  # intermediate (TLS 1.2 and 1.3), modern (TLS 1.3 alone)",
        f"trust = {_quote(settings.trust)}  # what verify trusts: system, or a PEM file",
        f"nameservers = [{', '.join(_quote(n) for n in settings.nameservers)}]  # whom we ask; empty: our own resolver",
        f"password_level = {_quote(settings.password_level.value)}  # very-weak, weak, medium, strong, very-strong",
    ]
    if settings.breached_passwords:
        lines.append(f"breached_passwords = {_quote(settings.breached_passwords)}")
    if settings.store:
        lines.append(f"store = {_quote(settings.store)}")
    if settings.contact:
        lines.append(f"contact = {_quote(settings.contact)}")
    lines += [
        "",
        "# imap = 143, pop3 = 110 and sieve = 4190 open Dovecot's STARTTLS doors (RFC 8314 advises against).",
        "[ports]",
    ]
    lines += [f"{door.value} = {port}" for door, port in settings.ports.items()]
    lines += [f"http = {settings.http_port}", f"dns = {settings.dns_port}"]
    lines += ["", "# Loopback ports between the daemons.", "[internal]"]
    lines += [f"{field.name} = {getattr(settings.internal, field.name)}" for field in fields(InternalPorts)]
    lines += format_dns(settings.dns, _quote)
    for ca in settings.cas:
        lines += ["", "[[ca]]"]
        lines += [
            f"{f.name} = {_quote(getattr(ca, f.name))}" for f in fields(CaSettings) if getattr(ca, f.name) is not None
        ]
    if settings.demo:
        lines += ["", "# Only in a demo: a CA of our own (Pebble).", "[demo]"]
        lines += [f"{field.name} = {getattr(settings.demo, field.name)}" for field in fields(DemoSettings)]
    return "\n".join(lines) + "\n"


def _quote(text: str) -> str:
    """A TOML basic string. Control characters are escaped: TOML takes them in no other form."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else c for c in plain) + '"'


def _wrong(field: str, why: Sentence, remedy: Sentence | None = None) -> BadInput:
    return BadInput(field, Sentence("mailward.toml, {field}: {why}", field=field, why=why), remedy or _CORRECT)


def _table(raw: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = raw.get(name)
    if not isinstance(table, dict):
        raise _wrong(name, Sentence("this part is missing"))
    return table


def _numbers(raw: Mapping[str, Any], name: str, kind: type, most: int) -> dict[str, int]:
    """A table of whole numbers from 1 on: ports, and one number of seconds."""
    table = _table(raw, name)
    known = {field.name: field.default for field in fields(kind)}
    for key in sorted(set(table) - set(known)):
        raise _wrong(f"{name}.{key}", Sentence("no such setting"))
    for key, default in known.items():
        if key not in table and default is MISSING:
            raise _wrong(f"{name}.{key}", Sentence("this is needed"))
    for key, value in table.items():
        least = 0 if known[key] == 0 else 1
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise _wrong(f"{name}.{key}", Sentence("a whole number from 1 to {most} is wanted", most=most))
    return table


def _internal(raw: Mapping[str, Any]) -> InternalPorts:
    """An instance from before it had a resolver of its own gets one: on port 53 where the doors have the standard ports
    (the name server must then not listen on every address there is), or else on the next port."""
    given = InternalPorts(**_numbers(raw, "internal", InternalPorts, 65535))
    if given.resolver:
        return given
    if _table(raw, "ports").get("dns") == DNS_PORT and not EVERY_ADDRESS.intersection(_addresses(raw)):
        return replace(given, resolver=DNS_PORT)
    return replace(given, resolver=given.smtp_local + 1)


def _cas(raw: object) -> tuple[CaSettings, ...]:
    if not isinstance(raw, list):
        raise _wrong("ca", Sentence("write it as a list of tables: [[ca]]"))
    found = [CaSettings(**_strings(one, f"ca[{number}]", CaSettings)) for number, one in enumerate(raw)]
    for number, ca in enumerate(found):
        if ca.name in [other.name for other in found[:number]]:
            raise _wrong(f"ca[{number}].name", Sentence("there is another CA {name}", name=ca.name))
    return tuple(found)


def _strings(raw: object, name: str, kind: type) -> dict[str, str]:
    if not isinstance(raw, dict):
        raise _wrong(name, Sentence("a table is wanted"))
    known = {field.name for field in fields(kind)}
    for key, value in raw.items():
        if key not in known:
            raise _wrong(f"{name}.{key}", Sentence("no such setting"))
        _text(value, f"{name}.{key}")
    for needed in ("name", "directory"):
        if needed not in raw:
            raise _wrong(f"{name}.{needed}", Sentence("this is needed"))
    return raw


def _text(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise _wrong(field, Sentence("a text is wanted"))
    return value


def _texts(value: object, field: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _wrong(field, Sentence("a list of texts is wanted"))
    return tuple(_text(one, field) for one in value)


def _yes_or_no(value: object, field: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(field, Sentence("true or false is wanted, without quotes"))
    return value


def _hostname(value: object) -> str:
    text = _text(value, "hostname")
    try:
        return parse_host_name(text, "hostname")
    except BadInput as trouble:
        raise _wrong("hostname", trouble.what, trouble.remedy) from None


def _port(value: object, field: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 65535:
        raise _wrong(field, Sentence("a port number (1 to 65535) is wanted"))
    return value


def _addresses(raw: Mapping[str, Any]) -> tuple[str, ...]:
    found = _texts(raw.get("addresses", []), "addresses")
    if not found:
        raise _wrong("addresses", Sentence("the doors need at least one address to listen on"))
    try:
        return tuple(str(ip_address(one)) for one in found)
    except ValueError as trouble:
        raise _wrong("addresses", Sentence("this is no IP address: {why}", why=trouble)) from None


def _key_type(value: object) -> KeyType:
    try:
        return KeyType(str(value))
    except ValueError:
        raise _wrong("key_type", Sentence("known are p256, rsa2048, rsa3072 and both")) from None


def _store(value: object) -> str:
    """A place in PostgreSQL. A password in it would be read by everybody who reads mailward.toml."""
    text = _text(value, "store")
    try:
        parts = urlsplit(text)
        has_password = parts.password is not None or any("password" in name.lower() for name, _ in parse_qsl(parts.query))
    except ValueError as trouble:
        raise _wrong("store", Sentence("this is no address: {why}", why=trouble)) from None
    if parts.scheme != "postgresql" or not parts.path.strip("/"):
        raise _wrong("store", Sentence("an address is wanted like postgresql:///mailward?host=/run/postgresql"))
    if has_password:
        said = Sentence("a password must not stand in mailward.toml")
        raise _wrong("store", said, Sentence("Let the socket's peer be known (peer), or name a file: passfile=/path."))
    return text


def _password_level(value: object) -> PasswordLevel:
    try:
        return PasswordLevel(str(value))
    except ValueError:
        raise _wrong("password_level", Sentence("known are {names}", names=", ".join(PasswordLevel))) from None


def _second_factor(value: object) -> SecondFactor:
    try:
        return SecondFactor(str(value))
    except ValueError:
        raise _wrong("second_factor", Sentence("known are by-role, optional and everybody")) from None


def _tls_profile(value: object) -> TlsProfile:
    try:
        return TlsProfile(str(value))
    except ValueError:
        raise _wrong("tls_profile", Sentence("known are intermediate and modern")) from None


def _no_port_twice(settings: Settings) -> None:
    seen: dict[int, str] = {}
    named = [(port, f"ports.{door}") for door, port in settings.ports.items()]
    named += [(settings.http_port, "ports.http"), (settings.dns_port, "ports.dns")]
    named += [(getattr(settings.internal, f.name), f"internal.{f.name}") for f in fields(InternalPorts)]
    if settings.internal.resolver == DNS_PORT:  # at an address of its own
        named.remove((DNS_PORT, "internal.resolver"))
    if settings.demo:
        ports = ("pebble_port", "pebble_management_port")
        named += [(getattr(settings.demo, name), f"demo.{name}") for name in ports]
    for port, name in named:
        if port and port in seen:
            raise _wrong(name, Sentence("port {port} is already used by {other}", port=port, other=seen[port]))
        seen[port] = name
