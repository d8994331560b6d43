"""The ``[dns]`` part of ``mailward.toml``: read into DnsSettings with a clear word for every mistake, and written. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from ipaddress import ip_address
from typing import Any

from mailward.model.dns_settings import DnsSettings, Secondary, split_address
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.standards.hostname import parse_host_name
from mailward.standards.mail_address import parse_address

LONGEST_SPF = 400  # characters of the template: a record with more no longer fits into one UDP answer
Wrong = Callable[[str, Sentence], BadInput]


def parse_dns(raw: Mapping[str, Any], wrong: Wrong) -> DnsSettings:
    """The table; an instance from before it had one gets the defaults. ``wrong`` makes the error for a field."""
    table = raw.get("dns", {})
    if not isinstance(table, dict):
        raise wrong("dns", Sentence("a table is wanted"))
    for key in sorted(set(table) - {field.name for field in fields(DnsSettings)}):
        raise wrong(f"dns.{key}", Sentence("no such setting"))
    default = DnsSettings()
    return DnsSettings(
        spf=_spf(table.get("spf", default.spf), wrong),
        public_addresses=tuple(
            _address(one, wrong) for one in _list(table, "public_addresses", default.public_addresses, wrong)
        ),
        reports=_reports(table.get("reports", default.reports), wrong),
        dnsbls=tuple(_name(one, "dns.dnsbls", wrong) for one in _list(table, "dnsbls", default.dnsbls, wrong)),
        secondaries=tuple(_secondary(one, wrong) for one in _list(table, "secondaries", (), wrong)),
    )


def format_dns(settings: DnsSettings, quote: Callable[[str], str]) -> list[str]:
    """The lines of ``mailward.toml``, with a word on each for the person who opens it."""

    def listed(values: tuple[str, ...]) -> str:
        return f"[{', '.join(quote(value) for value in values)}]"

    lines = [
        "",
        "# What DNS says of every domain. Who may ask zen.spamhaus.org adds it to dnsbls (docs/settings.md).",
        "[dns]",
        f"spf = {quote(settings.spf)}  # {{host}} is the server's name",
        f"public_addresses = {listed(settings.public_addresses)}  # how the world reaches this host; empty: addresses",
        f"reports = {quote(settings.reports)}  # where other servers send reports; empty: reports@ the server's name",
        f"dnsbls = {listed(settings.dnsbls)}",
    ]
    for secondary in settings.secondaries:
        lines += ["", "[[dns.secondaries]]", f"name = {quote(secondary.name)}", f"address = {quote(secondary.address)}"]
    return lines


def _list(table: Mapping[str, Any], name: str, default: tuple[Any, ...], wrong: Wrong) -> tuple[Any, ...]:
    value = table.get(name, default)
    if not isinstance(value, list | tuple):
        raise wrong(f"dns.{name}", Sentence("a list is wanted"))
    return tuple(value)


def _text(value: object, field: str, wrong: Wrong) -> str:
    if not isinstance(value, str):
        raise wrong(field, Sentence("a text is wanted"))
    return value


def _spf(value: object, wrong: Wrong) -> str:
    text = _text(value, "dns.spf", wrong)
    plain = text.isascii() and text.isprintable() and len(text) <= LONGEST_SPF
    rest = text.replace("{host}", "")
    if not plain or text.split()[:1] != ["v=spf1"] or "{" in rest or "}" in rest:
        said = Sentence("an SPF record is wanted that begins with v=spf1; {host} is the server's name", host="{host}")
        raise wrong("dns.spf", said)
    return text


def _address(value: object, wrong: Wrong) -> str:
    try:
        return str(ip_address(_text(value, "dns.public_addresses", wrong)))
    except ValueError as trouble:
        raise wrong("dns.public_addresses", Sentence("this is no IP address: {why}", why=trouble)) from None


def _reports(value: object, wrong: Wrong) -> str:
    text = _text(value, "dns.reports", wrong)
    if not text:
        return ""
    try:
        return str(parse_address(text))
    except BadInput as trouble:
        raise wrong("dns.reports", trouble.what) from None


def _name(value: object, field: str, wrong: Wrong) -> str:
    try:
        return parse_host_name(_text(value, field, wrong), field)
    except BadInput as trouble:
        raise wrong(field, trouble.what) from None


def _secondary(value: object, wrong: Wrong) -> Secondary:
    field = "dns.secondaries"
    if not isinstance(value, dict) or set(value) != {"name", "address"}:
        raise wrong(field, Sentence("write each as a table with name and address: [[dns.secondaries]]"))
    address = _text(value["address"], field, wrong)
    try:
        host, port = split_address(address)
        ip_address(host)
    except ValueError:
        raise wrong(field, Sentence("{value} is not the address of a name server", value=address)) from None
    if not 0 < port < 65536:
        raise wrong(field, Sentence("a port number (1 to 65535) is wanted"))
    return Secondary(_name(value["name"], field, wrong), address)
