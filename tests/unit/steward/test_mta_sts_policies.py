"""MTA-STS policies: served when senders can follow them, stricter when that is proven, and gone by way of none."""

from datetime import UTC, datetime, timedelta

import pytest

from mailward.model.checks import CheckFinding, Mechanism
from mailward.model.dns import MtaStsMode
from mailward.model.people import Actor
from mailward.model.runs import RunState
from mailward.model.sentence import NOTHING
from mailward.model.verdict import Verdict
from mailward.publishing import mta_sts_stages
from mailward.publishing.mta_sts_stages import FORGOTTEN_AFTER, Seen, Stage
from mailward.standards.mta_sts import Mode, parse_policy, parse_record

ANNA = Actor("anna")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
OFF, NONE, TESTING, ENFORCE = MtaStsMode.OFF, MtaStsMode.NONE, MtaStsMode.TESTING, MtaStsMode.ENFORCE


@pytest.mark.parametrize(
    ("wish", "served", "age", "certificates", "green", "mode", "remains"),
    [
        (OFF, None, DAY, True, True, None, OFF),
        (TESTING, None, DAY, False, True, None, TESTING),
        (TESTING, None, DAY, True, False, Mode.TESTING, TESTING),
        (ENFORCE, None, DAY, True, True, Mode.TESTING, ENFORCE),
        (ENFORCE, Mode.TESTING, DAY / 2, True, True, Mode.TESTING, ENFORCE),
        (ENFORCE, Mode.TESTING, DAY, True, False, Mode.TESTING, ENFORCE),
        (ENFORCE, Mode.TESTING, DAY, True, True, Mode.ENFORCE, ENFORCE),
        (ENFORCE, Mode.ENFORCE, DAY, True, False, Mode.ENFORCE, ENFORCE),
        (ENFORCE, Mode.ENFORCE, DAY, False, False, Mode.TESTING, ENFORCE),
        (TESTING, Mode.ENFORCE, DAY, True, True, Mode.TESTING, TESTING),
        (ENFORCE, Mode.NONE, DAY, True, True, Mode.TESTING, ENFORCE),
        (OFF, Mode.ENFORCE, DAY, True, True, Mode.NONE, NONE),
        (NONE, Mode.NONE, DAY, True, True, Mode.NONE, NONE),
        (NONE, Mode.NONE, FORGOTTEN_AFTER, True, True, None, OFF),
    ],
)
def test_stages(wish, served, age, certificates, green, mode, remains) -> None:
    """No stage that could stop mail comes before the one that shows that it won't."""
    seen = Seen(served, NOW - age if served else None, certificates, green)
    assert mta_sts_stages.stage(wish, seen, NOW, DAY) == Stage(mode, remains)


def test_an_id_belongs_to_its_policy() -> None:
    """It changes with the policy, is one that senders take, and tells a policy whose maker was killed."""
    one, other = (str(mta_sts_stages.policy(mode, ("mx.test",))).encode() for mode in (Mode.TESTING, Mode.ENFORCE))
    policy_id = mta_sts_stages.new_id(one, NOW)
    assert parse_record(f"v=STSv1; id={policy_id};").id == policy_id
    assert mta_sts_stages.is_of(policy_id, one)
    assert not mta_sts_stages.is_of(policy_id, other)
    assert not mta_sts_stages.is_of("", one)


class Domain:
    """One domain of a made host, and what is served for it."""

    def __init__(self, made, name: str = "a.test") -> None:
        self.made, self.name = made, name
        self.path = made.host.layout.web / "mta-sts" / f"{name}.txt"

    def wish(self, mode: MtaStsMode) -> None:
        from mailward.store.models import Domain, DomainDns

        row, _ = DomainDns.objects.get_or_create(domain=Domain.objects.get(name=self.name))
        DomainDns.objects.filter(pk=row.pk).update(mta_sts=mode)

    def advance(self) -> bool:
        from mailward.steward import mta_sts

        return mta_sts.advance(self.made.host, self.name, self.made.clock.now())

    @property
    def served(self) -> Mode | None:
        return parse_policy(self.made.files.read(self.path)).mode if self.made.files.exists(self.path) else None

    @property
    def row(self):
        from mailward.store.models import DomainDns

        return DomainDns.objects.get(domain__name=self.name)

    def txt(self) -> list[str]:
        from mailward.store import dns

        known = dns.Zones(self.made.settings)
        found = dns.zone_records(known.of(self.name).zone, known, dns.facts(self.made.settings))
        return [one.value for one in found if one.name == f"_mta-sts.{self.name}"]

    def checked(self, code: str, verdict: Verdict) -> None:
        from mailward.store import checks

        self.made.clock.move(seconds=1)
        now = self.made.clock.now()
        found = CheckFinding(self.name, Mechanism.MTA_STS, "x", verdict, code, NOTHING, (), NOTHING, "told", now)
        checks.keep([found], [self.name], now)


@pytest.fixture
def secured(made):
    made.holding("a.test").secured("server", "a.test")
    return Domain(made)


def test_from_testing_to_enforce_when_the_check_is_green(secured) -> None:
    """Testing first; enforced only after a check of that very policy found nothing; each change has a new id in DNS."""
    secured.wish(ENFORCE)
    assert secured.advance()
    assert secured.served is Mode.TESTING
    assert secured.txt() == [f"v=STSv1; id={secured.row.mta_sts_id};"]
    first = secured.row.mta_sts_id
    assert not secured.advance()
    secured.checked("mta-sts-unserved", Verdict.FAIL)
    assert not secured.advance()
    assert secured.served is Mode.TESTING
    secured.checked("mta-sts-testing", Verdict.WARN)
    assert secured.advance()
    assert secured.served is Mode.ENFORCE
    assert secured.row.mta_sts_id != first
    assert secured.txt() == [f"v=STSv1; id={secured.row.mta_sts_id};"]


def test_nothing_is_served_without_certificates(made) -> None:
    """While senders would meet a self-signed certificate there is no policy, and no record that names one."""
    made.holding("a.test")
    domain = Domain(made)
    domain.wish(ENFORCE)
    domain.advance()
    assert (domain.served, domain.txt()) == (None, [])
    made.secured("a.test")  # the server itself is self-signed still
    domain.advance()
    assert (domain.served, domain.txt()) == (None, [])
    made.secured("server")
    assert domain.advance()
    assert domain.served is Mode.TESTING


def test_a_policy_goes_by_way_of_none(secured) -> None:
    """Turned off, it says none for as long as senders may remember it; then file and record are gone."""
    secured.wish(TESTING)
    secured.advance()
    secured.wish(OFF)
    assert secured.advance()
    assert (secured.served, secured.row.mta_sts) == (Mode.NONE, NONE)
    assert secured.txt() != []
    secured.made.clock.move(days=13)
    assert not secured.advance()
    secured.made.clock.move(days=2)
    assert secured.advance()
    assert (secured.served, secured.row.mta_sts, secured.txt()) == (None, OFF, [])
    assert not secured.advance()


def test_turned_off_the_record_stays_while_senders_remember(secured) -> None:
    """Whoever turns it off never takes record and address away from under a policy that others still know."""
    from mailward.actions import dns_policy

    made = secured.made
    wishes = dns_policy.DnsPolicyWish
    dns_policy.set_dns_policy(made.office, ANNA, "a.test", wishes(mta_sts=TESTING))
    secured.advance()
    dns_policy.set_dns_policy(made.office, ANNA, "a.test", wishes(mta_sts=OFF))
    assert secured.txt() != []
    secured.advance()
    assert secured.served is Mode.NONE


def test_killed_between_file_and_id_the_id_is_made_again(secured) -> None:
    """A policy never stays under an id that senders know for another one."""
    from mailward.store.models import DomainDns

    secured.wish(TESTING)
    secured.advance()
    before = secured.row.mta_sts_id
    secured.made.files.write(secured.path, str(mta_sts_stages.policy(Mode.ENFORCE, ("mx.test",))).encode())
    secured.made.clock.move(seconds=5)
    DomainDns.objects.update(mta_sts_id=mta_sts_stages.new_id(b"another policy", secured.made.clock.now()))
    assert secured.advance()
    assert secured.row.mta_sts_id != before
    assert mta_sts_stages.is_of(secured.row.mta_sts_id, secured.made.files.read(secured.path))


def test_a_certificate_that_lists_its_names_gets_one_more(made) -> None:
    """HTTP-01: the policy's name joins the next order once it leads here, and the policy is served with it."""
    from mailward.actions import choices
    from mailward.model.certificates import Challenge
    from mailward.steward.daily import ask_for_renewals

    made.holding("a.test").secured("server")
    row = made.carry_out(choices.secure(made.office, ANNA, "a.test", Challenge.HTTP_01))
    assert row.state is RunState.DONE
    domain = Domain(made)
    domain.wish(TESTING)
    domain.advance()
    assert ask_for_renewals(made.host) == 0
    made.resolver.answers["mta-sts.a.test", "A"] = ["127.0.0.1"]
    domain.advance()
    made.clock.move(seconds=1)
    assert ask_for_renewals(made.host) == 1
    made.carry_out()
    domain.advance()
    assert domain.served is Mode.TESTING
    assert made.doors.served("http", "mta-sts.a.test") == made.doors.served("http", "webmail.a.test")


def test_a_removed_domain_leaves_no_policy(secured) -> None:
    """Who adds the domain anew begins without one."""
    from mailward.actions import choices, domains

    secured.wish(TESTING)
    secured.advance()
    made = secured.made
    made.carry_out(choices.choose(made.office, ANNA, "a.test", webmail="self-signed", mail="self-signed"))
    secured.made.carry_out(domains.remove_domain(secured.made.office, ANNA, "a.test"))
    assert not secured.made.files.exists(secured.path)
