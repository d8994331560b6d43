"""``mailward.toml``: read into Settings with a clear word for every mistake, and written for a new instance. Pure."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from ipaddress import ip_address
from typing import Any

from mailward.model.doors import Door
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.model.settings import CaSettings, DemoSettings, InternalPorts, KeyType, Settings
from mailward.standards.hostname import parse_host_name

_KNOWN = {
    "hostname", "addresses", "outbound", "contact", "key_type", "trust", "nameservers", "ports", "internal", "ca", "demo",
}  # fmt: skip


def parse_settings(text: str) -> Settings:
    """Settings from TOML. Raises BadInput that names the field, the reason and the remedy; unknown fields are refused."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as trouble:
        raise BadInput("mailward.toml", Sentence("mailward.toml is not valid TOML: {why}", why=trouble)) from None
    for name in set(raw) - _KNOWN:
        raise _wrong(name, Sentence("no such setting"), Sentence("Known are: {names}.", names=", ".join(sorted(_KNOWN))))
    ports = _table(raw, "ports")
    doors = {door: _port(ports[door.value], f"ports.{door}") for door in Door if door.value in ports}
    for name in set(ports) - {door.value for door in Door} - {"http", "dns"}:
        raise _wrong(f"ports.{name}", Sentence("no such door"))
    for door in Door:
        if door.kind.always_open and door not in doors:
            raise _wrong(f"ports.{door}", Sentence("this door needs a port"))
    internal = InternalPorts(**{n: _port(p, f"internal.{n}") for n, p in _only(raw, "internal", InternalPorts).items()})
    cas = tuple(CaSettings(**_strings(ca, f"ca[{i}]", CaSettings)) for i, ca in enumerate(raw.get("ca", [])))
    settings = Settings(
        hostname=parse_host_name(_text(raw, "hostname"), "hostname"),
        ports=doors,
        http_port=_port(ports.get("http"), "ports.http"),
        dns_port=_port(ports.get("dns"), "ports.dns"),
        internal=internal,
        addresses=tuple(_address(a) for a in raw.get("addresses", [])),
        cas=cas,
        contact=raw.get("contact"),
        outbound=bool(raw.get("outbound", True)),
        key_type=_key_type(raw.get("key_type", "p256")),
        trust=str(raw.get("trust", "system")),
        nameservers=tuple(str(n) for n in raw.get("nameservers", [])),
        demo=DemoSettings(**_only(raw, "demo", DemoSettings)) if "demo" in raw else None,
    )
    _no_port_twice(settings)
    return settings


def format_settings(settings: Settings) -> str:
    """The text of ``mailward.toml`` for a new instance, with a word on each part for the person who opens it."""
    lines = [
        "# What this mail host is. Change it, then: mailward plan, mailward apply.",
        f"hostname = {_quote(settings.hostname)}",
        f"addresses = [{', '.join(_quote(a) for a in settings.addresses)}]",
        f"outbound = {str(settings.outbound).lower()}  # false: mail for other hosts is refused, never sent",
        f"key_type = {_quote(settings.key_type.value)}  # p256, rsa2048, rsa3072",
        f"trust = {_quote(settings.trust)}  # what verify trusts: system, or a PEM file",
        f"nameservers = [{', '.join(_quote(n) for n in settings.nameservers)}]  # whom verify asks; empty: the system's",
    ]
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
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _wrong(field: str, why: Sentence, remedy: Sentence | None = None) -> BadInput:
    said = Sentence("mailward.toml, {field}: {why}", field=field, why=why)
    return BadInput(field, said, remedy or Sentence("Correct it in mailward.toml, then run the command again."))


def _table(raw: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = raw.get(name)
    if not isinstance(table, dict):
        raise _wrong(name, Sentence("this part is missing"))
    return table


def _only(raw: Mapping[str, Any], name: str, kind: type) -> dict[str, Any]:
    table = _table(raw, name)
    known = {field.name for field in fields(kind)}
    for key, value in table.items():
        if key not in known:
            raise _wrong(f"{name}.{key}", Sentence("no such setting"))
        if not isinstance(value, int) or isinstance(value, bool):
            raise _wrong(f"{name}.{key}", Sentence("a whole number is wanted"))
    return table


def _strings(raw: object, name: str, kind: type) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise _wrong(name, Sentence("a table is wanted"))
    known = {field.name for field in fields(kind)}
    for key, value in raw.items():
        if key not in known or not isinstance(value, str):
            raise _wrong(f"{name}.{key}", Sentence("no such setting, or not a text"))
    for needed in ("name", "directory"):
        if needed not in raw:
            raise _wrong(f"{name}.{needed}", Sentence("this is needed"))
    return raw


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str):
        raise _wrong(name, Sentence("a text is wanted"))
    return value


def _port(value: object, field: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 65535:
        raise _wrong(field, Sentence("a port number (1 to 65535) is wanted"))
    return value


def _address(value: object) -> str:
    try:
        return str(ip_address(str(value)))
    except ValueError:
        raise _wrong("addresses", Sentence("{value} is no IP address", value=value)) from None


def _key_type(value: object) -> KeyType:
    try:
        return KeyType(str(value))
    except ValueError:
        raise _wrong("key_type", Sentence("known are p256, rsa2048 and rsa3072")) from None


def _no_port_twice(settings: Settings) -> None:
    seen: dict[int, str] = {}
    named = [(port, f"ports.{door}") for door, port in settings.ports.items()]
    named += [(settings.http_port, "ports.http"), (settings.dns_port, "ports.dns")]
    named += [(getattr(settings.internal, f.name), f"internal.{f.name}") for f in fields(InternalPorts)]
    for port, name in named:
        if port and port in seen:
            raise _wrong(name, Sentence("port {port} is already used by {other}", port=port, other=seen[port]))
        seen[port] = name
