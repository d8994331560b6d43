"""How mail for a domain must leave: DANE before MTA-STS, and what can't be known is a delay, never clear text."""

from dataclasses import replace

import pytest

from fakes.told_resolver import ToldResolver
from mailward.mailpath.tls_policy import MANDATORY, OPPORTUNISTIC, Covered, TlsPolicy, covers
from mailward.model.outside import DnsAnswer

GOOD = f"3 1 1 {'ab' * 32}"
STS = "OK secure match=mx.b.test servername=hostname"
NONE = "NOTFOUND "


class Signed:
    """A resolver that vouches for all names but those in ``unsigned``."""

    def __init__(self, answers: dict[tuple[str, str], list[str] | str], unsigned: tuple[str, ...] = ()) -> None:
        self._told, self._unsigned = ToldResolver(answers), unsigned

    def query(self, name: str, rdtype: str) -> DnsAnswer:
        return replace(self._told.query(name, rdtype), authentic=name not in self._unsigned)


def policy(resolver: Signed, sts: str | Exception = STS) -> TlsPolicy:
    def ask(_domain: str) -> str:
        if isinstance(sts, Exception):
            raise sts
        return sts

    return TlsPolicy(resolver, ask)


def answer(made: TlsPolicy, key: str = "b.test") -> tuple[str, str]:
    """(what opportunistic mail is told, what mail is told that must not go in clear)."""
    return made.answer(OPPORTUNISTIC, key), made.answer(MANDATORY, key)


MX = {("b.test", "MX"): ["10 mx1.b.test.", "20 mx2.b.test."]}
ONE = {**MX, ("_25._tcp.mx1.b.test", "TLSA"): [GOOD]}
BOTH = {**ONE, ("_25._tcp.mx2.b.test", "TLSA"): [GOOD]}


@pytest.mark.parametrize(
    ("resolver", "covered", "told"),
    [
        (Signed(BOTH), Covered.ALL, (NONE, "OK dane-only")),
        (Signed(ONE), Covered.SOME, (NONE, STS)),
        (Signed(MX), Covered.NONE, (STS, STS)),
        (Signed(BOTH, unsigned=("b.test",)), Covered.NONE, (STS, STS)),
        (Signed(BOTH, unsigned=("_25._tcp.mx1.b.test", "_25._tcp.mx2.b.test")), Covered.NONE, (STS, STS)),
        (Signed({**MX, ("_25._tcp.mx1.b.test", "TLSA"): ["1 1 1 " + "ab" * 32]}), Covered.NONE, (STS, STS)),
        (
            Signed({("b.test", "A"): ["192.0.2.1"], ("_25._tcp.b.test", "TLSA"): [GOOD]}),
            Covered.ALL,
            (NONE, "OK dane-only"),
        ),
        (Signed({("b.test", "MX"): ["0 ."]}), Covered.NONE, (STS, STS)),
        (Signed({}), Covered.NONE, (STS, STS)),
    ],
)
def test_dane_comes_first(resolver: Signed, covered: Covered, told: tuple[str, str]) -> None:
    """MTA-STS counts where DANE covers nothing; of a partly covered domain, for mail that must be encrypted alone."""
    assert covers(resolver, "b.test") is covered
    assert answer(policy(resolver)) == told


@pytest.mark.parametrize("rcode", ["SERVFAIL", "TIMEOUT", "REFUSED"])
@pytest.mark.parametrize("name", [("b.test", "MX"), ("_25._tcp.mx2.b.test", "TLSA")])
def test_what_dns_does_not_say_delays(name: tuple[str, str], rcode: str) -> None:
    """Without an answer nobody can say whether DANE counts, so nobody may go on to less. One server that is known to be
    covered is enough to leave the rest to Postfix."""
    resolver = Signed({**MX, name: rcode})
    assert covers(resolver, "b.test") is Covered.UNKNOWN
    assert [said[:4] for said in answer(policy(resolver))] == ["TEMP", "TEMP"]
    assert covers(Signed({**ONE, ("_25._tcp.mx2.b.test", "TLSA"): rcode}), "b.test") is Covered.SOME


@pytest.mark.parametrize("trouble", [OSError("gone"), ValueError("nonsense"), TimeoutError()])
def test_a_dead_mta_sts_server_delays(trouble: Exception) -> None:
    """Whether a policy must be kept can't be known without it."""
    assert [said[:4] for said in answer(policy(Signed(MX), trouble))] == ["TEMP", "TEMP"]


@pytest.mark.parametrize("key", [".b.test", "[mx.b.test]", "[192.0.2.1]:25", "", "a b", "ü.test", "x" * 254])
def test_what_is_no_domain_has_no_policy(key: str) -> None:
    """Parents that Postfix asks for, addresses and nonsense are answered without asking anybody."""
    assert answer(policy(Signed({}), OSError("asked"))) != (NONE, NONE)
    assert answer(policy(Signed({}), OSError("asked")), key) == (NONE, NONE)
