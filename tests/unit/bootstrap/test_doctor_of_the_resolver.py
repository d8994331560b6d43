"""What the doctor says of the instance's own resolver."""

from dataclasses import replace

import pytest

from fakes.told_resolver import ToldResolver
from mailward.bootstrap.doctor_dns import resolver_row
from mailward.model.outside import DnsAnswer
from mailward.model.settings import CaSettings
from mailward.model.verdict import Verdict
from mailward.steward.new_instance import demo, production

REAL = production("mx.a.test", ("192.0.2.1",), CaSettings("x", "https://x.test/dir"), None)


class Root:
    """A resolver that knows the root's servers."""

    def __init__(self, rcode: str, *, authentic: bool) -> None:
        self._told, self._authentic = ToldResolver({("", "NS"): ["a."] if rcode == "NOERROR" else rcode}), authentic

    def query(self, name: str, rdtype: str) -> DnsAnswer:
        return replace(self._told.query(name, rdtype), authentic=self._authentic)


@pytest.mark.parametrize(
    ("rcode", "authentic", "verdict"),
    [
        ("NOERROR", True, Verdict.PASS),
        ("NOERROR", False, Verdict.WARN),
        ("SERVFAIL", False, Verdict.FAIL),
        ("TIMEOUT", False, Verdict.FAIL),
    ],
)
def test_a_resolver_must_prove_the_root(rcode: str, authentic: bool, verdict: Verdict) -> None:
    """Green only with proof; every other line says what ends it."""
    row = resolver_row(REAL, Root(rcode, authentic=authentic))
    assert row.verdict is verdict
    assert bool(row.remedy.template) is (verdict is not Verdict.PASS)


def test_a_demos_resolver_knows_the_demo() -> None:
    """It is asked for the server's own name, and nothing of the world."""
    settings = demo(2000, ipv6=False)
    resolver = ToldResolver({(settings.hostname, "A"): ["127.0.0.1"]})
    assert resolver_row(settings, resolver).verdict is Verdict.PASS
    assert resolver.asked == [(settings.hostname, "A")]
