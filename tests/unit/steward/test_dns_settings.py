"""The [dns] part of mailward.toml: defaults for older files, a word for every mistake, and the way back."""

from dataclasses import replace

import pytest

from mailward.model.dns_settings import DnsSettings, Secondary
from mailward.model.errors import BadInput
from mailward.steward import new_instance
from mailward.steward.settings_file import format_settings, parse_settings

OLDER = format_settings(new_instance.demo(ipv6=False)).partition("# What DNS says")


def test_an_older_file_gets_the_defaults():
    """An instance that was made before goes on with lists that anybody may ask, and no secondary."""
    rest = OLDER[2][OLDER[2].index("[[ca]]") :]
    assert parse_settings(OLDER[0] + rest).dns == DnsSettings()


def test_what_is_written_is_read_again():
    """Settings survive the file."""
    dns = DnsSettings(
        spf="v=spf1 include:_spf.{host} -all", public_addresses=("192.0.2.9",), reports="dmarc@a.test", dnsbls=("l.test",),
        secondaries=(Secondary("ns2.example.net", "[2001:db8::7]:53"), Secondary("ns3.example.net", "192.0.2.3")),
    )  # fmt: skip
    settings = replace(new_instance.demo(ipv6=False), dns=dns)
    assert parse_settings(format_settings(settings)) == settings


@pytest.mark.parametrize(
    "line",
    [
        'spf = "v=spf2 -all"', 'spf = "v=spf1 {other}"', "spf = 5", 'public_addresses = ["a.test"]', 'reports = "nobody"',
        'dnsbls = "zen"', 'dnsbls = ["a b"]', 'secondaries = [{ name = "ns2.test" }]', "colour = 1",
        'secondaries = [{ name = "ns2.test", address = "ns2.test" }]',
        'secondaries = [{ name = "ns2.test", address = "192.0.2.1:99999" }]',
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(line):
    """Every mistake names its field."""
    text = OLDER[0] + "[dns]\n" + line + "\n" + OLDER[2][OLDER[2].index("[[ca]]") :]
    with pytest.raises(BadInput) as caught:
        parse_settings(text)
    assert "dns." in str(caught.value.what)
