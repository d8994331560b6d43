"""The board's lines for DKIM: each break turns its own key's line, with the record that cures it."""

from datetime import UTC, datetime, timedelta

import pytest

from fakes.still_clock import StillClock
from fakes.told_dialer import ToldDialer
from fakes.told_http import ToldHttp
from fakes.told_resolver import ToldResolver
from mailward.audit.rules import dkim
from mailward.audit.seen import Expected, Here, Seen
from mailward.model.checks import Mechanism
from mailward.model.dns import DkimAlgorithm, DkimSelector, DkimState, DnsWish, HomeKind, Record
from mailward.model.verdict import Verdict
from mailward.standards.dkim import KeyKind, KeyRecord, make_key
from mailward.standards.txt import quoted

MADE = datetime(2026, 3, 1, 11, tzinfo=UTC)
RSA, ED, OTHER = (KeyRecord.of(make_key(kind)).format() for kind in (KeyKind.RSA, KeyKind.ED25519, KeyKind.RSA))
NAME = "r1._domainkey.a.test"


def key(selector, state, record, made=MADE):
    algorithm = DkimAlgorithm.ED25519 if "ed25519" in record else DkimAlgorithm.RSA2048
    return DkimSelector("a.test", selector, algorithm, state, record, made, made)


SIGNING = (key("r1", DkimState.SIGNING, RSA), key("e1", DkimState.SIGNING, ED))


def looked(said, keys=SIGNING, home=HomeKind.HERE):
    """``said``: the records at r1, or an rcode; e1 is as it should be."""
    wanted = tuple(Record(f"{one.selector}._domainkey.a.test", "TXT", one.record) for one in keys)
    answers = {(one.name, "TXT"): [quoted(one.value)] for one in wanted}
    if said is not None:
        answers[(NAME, "TXT")] = said if isinstance(said, str) else [quoted(one) for one in said]
    expected = Expected(DnsWish("a.test", "a.test", home, dkim=tuple(keys)), wanted, Here("mx.test", ()))
    seen = Seen(ToldResolver(answers), ToldHttp({}), ToldDialer({}), StillClock())
    lines = dkim.judge("a.test", expected, seen)
    for line in lines:
        assert line.mechanism is Mechanism.DKIM
        assert line.reason.template
        assert line.remedy.template or line.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE)
    return {line.subject: line for line in lines}


def test_keys_that_sign_and_are_there_are_green():
    """Both lines pass."""
    assert {line.code for line in looked(None).values()} == {"dkim-pass"}


@pytest.mark.parametrize(
    ("said", "verdict", "code"),
    [
        ([], Verdict.FAIL, "dkim-missing"),
        ([OTHER], Verdict.FAIL, "dkim-other-key"),
        ([ED], Verdict.FAIL, "dkim-other-key"),
        ([RSA, OTHER], Verdict.FAIL, "dkim-two-records"),
        (["v=DKIM1; k=rsa; p="], Verdict.FAIL, "dkim-revoked"),
        (["v=DKIM1; k=rsa; p=AAAA"], Verdict.FAIL, "dkim-broken"),
        (["v=spf1 -all"], Verdict.FAIL, "dkim-broken"),
        ([RSA.replace("k=rsa", "k=rsa; t=y")], Verdict.WARN, "dkim-testing"),
        ([RSA.replace("k=rsa", "k=rsa; s=tlsrpt")], Verdict.FAIL, "dkim-restricted"),
        ([RSA.replace("; ", ";")], Verdict.PASS, "dkim-pass"),
        ("SERVFAIL", Verdict.UNKNOWN, "dkim-unknown"),
        ("TIMEOUT", Verdict.UNKNOWN, "dkim-unknown"),
    ],
)
def test_a_break_turns_its_own_line_with_its_cure(said, verdict, code):
    """The other key's line stays green; the cure is the record that belongs there, in the place of what is there."""
    lines = looked(said)
    line = lines[NAME]
    assert (line.verdict, line.code) == (verdict, code)
    assert lines["e1._domainkey.a.test"].code == "dkim-pass"
    if verdict in (Verdict.FAIL, Verdict.WARN):
        assert line.cure == (Record(NAME, "TXT", RSA),)
        assert [one.value for one in line.replaces] == sorted(one for one in said if one != RSA)
    else:
        assert line.cure == line.replaces == ()


NEXT = (key("r0", DkimState.SIGNING, OTHER), key("r1", DkimState.MADE, RSA))


@pytest.mark.parametrize(
    ("keys", "home", "said", "verdict", "code"),
    [
        (NEXT, HomeKind.HERE, [], Verdict.NOT_APPLICABLE, "dkim-next"),
        (NEXT, HomeKind.BY_HAND, [], Verdict.WARN, "dkim-next-waits"),
        (
            (NEXT[0], key("r1", DkimState.MADE, RSA, MADE - timedelta(days=2))),
            HomeKind.PROVIDER, [], Verdict.WARN, "dkim-next-waits",
        ),
        ((SIGNING[1], NEXT[1]), HomeKind.HERE, [], Verdict.WARN, "dkim-next-waits"),
        ((NEXT[1],), HomeKind.HERE, [], Verdict.FAIL, "dkim-not-published"),
        (NEXT, HomeKind.HERE, [RSA], Verdict.PASS, "dkim-published"),
        ((NEXT[1],), HomeKind.HERE, [RSA], Verdict.WARN, "dkim-soon"),
        ((NEXT[0], key("r1", DkimState.RETIRING, RSA)), HomeKind.HERE, [RSA], Verdict.PASS, "dkim-retiring"),
        ((NEXT[0], key("r1", DkimState.RETIRING, RSA)), HomeKind.HERE, [], Verdict.WARN, "dkim-retired-early"),
    ],
)  # fmt: skip
def test_what_a_key_does_says_what_its_line_is_worth(keys, home, said, verdict, code):
    """A rotation that goes its way turns nothing red; one that waits for people, or too long, says so."""
    line = looked(said, keys, home)[NAME]
    assert (line.verdict, line.code) == (verdict, code)


def test_a_domain_without_keys_is_red():
    """Its mail leaves unsigned."""
    assert [line.code for line in looked(None, ()).values()] == ["dkim-no-keys"]
