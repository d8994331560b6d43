"""What DNS lacks stands among what needs attention, for who may see it."""

from datetime import timedelta

import pytest

from mailward.model.checks import SIX, CheckFinding
from mailward.model.people import Actor
from mailward.model.rights import Grant, PersonRole
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict

ADA = Actor("ada", (Grant(PersonRole.PROVIDER),))
PAULA = Actor("paula", (Grant(PersonRole.CUSTOMER, customer="Paula"),))


@pytest.fixture
def made(store):
    from fakes.made_host import MadeHost
    from mailward.store.models import Customer, Domain

    made = MadeHost()
    for name, owner in (("a.test", "Anna"), ("p.test", "Paula")):
        Domain.objects.create(name=name, customer=Customer.objects.create(name=owner))
    return made


def looked(made, domain: str, spf: Verdict, ago: timedelta = timedelta()) -> None:
    from mailward.store import checks

    now = made.clock.now() - ago
    found = [
        CheckFinding(domain, one, domain, spf if one is SIX[0] else Verdict.PASS, "code", Sentence("why"), (),
                     Sentence("do"), "told", now)
        for one in SIX
    ]  # fmt: skip
    checks.keep(found, [domain], now)


def told(made, actor: Actor) -> list[tuple[Verdict, str]]:
    from mailward.actions import dns_concerns

    return [(one.verdict, one.subject) for one in dns_concerns.of(actor, made.clock.now())]


def test_a_fault_is_told_to_who_holds_the_domain(made) -> None:
    """With its reason and remedy; another customer's is not there, and what passes needs nobody."""
    from mailward.actions import dns_concerns

    looked(made, "a.test", Verdict.FAIL)
    looked(made, "p.test", Verdict.PASS)
    assert told(made, ADA) == [(Verdict.FAIL, "a.test")]
    assert told(made, PAULA) == []
    (concern,) = dns_concerns.of(ADA, made.clock.now())
    assert (str(concern.what), str(concern.remedy)) == ("why", "do")


@pytest.mark.parametrize("ago", [None, timedelta(hours=25)])
def test_what_nobody_knows_is_said(made, ago) -> None:
    """Never looked at, or too long ago: unknown, also when it was well then."""
    looked(made, "a.test", Verdict.PASS)
    if ago:
        looked(made, "p.test", Verdict.PASS, ago)
    assert told(made, PAULA) == [(Verdict.UNKNOWN, "p.test")]


def test_whoever_may_not_read_dns_is_told_nothing(made) -> None:
    """A mail administrator has no right to it."""
    looked(made, "a.test", Verdict.FAIL)
    assert told(made, Actor("mia", (Grant(PersonRole.MAIL_ADMINISTRATOR, domain="a.test"),))) == []
