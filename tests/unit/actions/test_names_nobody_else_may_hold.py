"""B7 and B8: what a customer tries, and what the provider must say yes to."""

from dataclasses import replace

import pytest

from mailward.actions import control, domains, name_lists
from mailward.certificates.suffixes import parse_suffixes
from mailward.model.errors import BadInput, Forbidden, MailwardError
from mailward.model.people import Actor, Limits
from mailward.model.rights import Grant, PersonRole
from mailward.store.models import ControlProof, Domain

ROOT = Actor("root")
CARLA = Actor("carla", (Grant(PersonRole.CUSTOMER, customer="C"),))
SHORT_ARM = replace(ROOT, limits=Limits(domains=frozenset({"fresh.test"})))  # a provider's token for one domain


@pytest.fixture
def office(made):
    for domain in ("greengarden.test", "shop.bigstore.test", "xn--bcherladen-9db.test"):
        domains.add_domain(made.office, ROOT, domain, "V", confirmed=True)
    domains.add_domain(made.office, ROOT, "flowers.test", "C")
    name_lists.add_partner(made.office, ROOT, "mybank.test", "our bank")
    return made.office


TRIED = {
    "sub.greengarden.test": "under-another-customer",
    "a.b.greengarden.test.": "under-another-customer",
    "SUB.GreenGarden.TEST": "under-another-customer",
    "neu.bücherladen.test": "under-another-customer",
    "bigstore.test": "forbidden",  # above another's: it isn't even said why
    "BIGSTORE.test.": "forbidden",
    "mailward.localhost": "forbidden",  # above the server's own name
    "login.mailward.localhost": "beside-the-server",
    "co.uk": "public-suffix",
    "CO.UK.": "public-suffix",
    "com.au": "public-suffix",
    "getpaypalnow.test": "denied-name",
    "раураl.test": "denied-name",  # Cyrillic
    "paypa1-konto.test": "denied-name",
    "login-flowers.test": "denied-name",
    "dhl.test": "denied-name",
    "mybank.test": "partner-name",
    "sub.mybank.test": "partner-name",
    "mybank.example": "looks-like",
    "mybank-help.test": "looks-like",
    "mybannk.test": "looks-like",
    "gre3ngarden.test": "looks-like",
    "green-garden.test": "looks-like",
    "greengardén.test": "looks-like",
    "bucherladen.test": "looks-like",
    "greengarden.test": "already-held",
    "GREENGARDEN.test.": "already-held",
    "bücherladen.test": "already-held",
    "mx.mailward.localhost": "server-name",
    "x.mailward": "reserved",
}
"""What a customer types -> how it ends."""


@pytest.mark.parametrize("name", TRIED)
def test_a_customer_who_tries_everything_gets_nothing(office, name: str) -> None:
    """However it is written, confirmed or not, what is another's or looks like it is not taken in, and nothing is left."""
    for confirmed in (False, True):
        with pytest.raises(MailwardError) as refused:
            domains.add_domain(office, CARLA, name, confirmed=confirmed)
        assert refused.value.code == TRIED[name]
        assert "greengarden" not in str(refused.value.what) or "greengarden" in name.lower()
    assert Domain.objects.count() == 4


@pytest.mark.parametrize("name", TRIED)
def test_a_provider_is_told_why_and_may_say_yes(office, name: str) -> None:
    """The provider reads whose name it resembles, and takes it in by confirming; what is held stays refused."""
    never = TRIED[name] in ("already-held", "server-name", "reserved")
    own = name in ("mailward.localhost", "login.mailward.localhost")  # a provider's own domain
    if not own:
        with pytest.raises(BadInput):
            domains.add_domain(office, ROOT, name, "V2")
    if never:
        with pytest.raises(BadInput):
            domains.add_domain(office, ROOT, name, "V2", confirmed=True)
    else:
        domains.add_domain(office, ROOT, name, "V2", confirmed=not own)
        assert ControlProof.objects.count() == 0


@pytest.mark.parametrize("name", ["fresh.test", "sub.flowers.test", "flowers2.test", "flower.test", "flowers.example"])
def test_what_is_ones_own_is_taken_in(office, name: str) -> None:
    """A customer's own names, what lies below them, and what resembles nobody else's; unproven until it is shown."""
    domains.add_domain(office, CARLA, name)
    proof = ControlProof.objects.filter(domain__name=name, proven_at=None)
    assert proof.exists() == (name != "sub.flowers.test")


def test_a_providers_token_for_one_domain_is_no_provider(office) -> None:
    """A token that was narrowed can't confirm, and what it adds must be proven."""
    domains.add_domain(office, SHORT_ARM, "fresh.test", "C")
    assert ControlProof.objects.filter(domain__name="fresh.test", proven_at=None).exists()
    arm = replace(ROOT, limits=Limits(domains=frozenset({"mybannk.test"})))
    with pytest.raises(BadInput) as refused:
        domains.add_domain(office, arm, "mybannk.test", "C", confirmed=True)
    assert refused.value.code == "looks-like"


def test_the_whole_suffix_list_counts_where_it_is_installed(office) -> None:
    """With Debian's list, suffixes that the short one doesn't know are nobody's either, and wildcards count."""
    whole = replace(office, suffixes=lambda: parse_suffixes("test\nshops.test\n*.ck\n!www.ck\n"))
    for name, fine in (("shops.test", False), ("any.ck", False), ("www.ck", True)):
        if fine:
            domains.add_domain(whole, CARLA, name)
            continue
        with pytest.raises(BadInput) as refused:
            domains.add_domain(whole, CARLA, name)
        assert refused.value.code == "public-suffix"


def test_the_list_of_patterns_is_the_providers(office) -> None:
    """A pattern of one's own refuses, an allowed one wins over the shipped list, until it is taken away."""
    name_lists.deny(office, ROOT, "*casino*", "we don't")
    with pytest.raises(BadInput):
        domains.add_domain(office, CARLA, "grandcasino.test")
    name_lists.allow(office, ROOT, "*casino*")
    domains.add_domain(office, CARLA, "grandcasino.test")
    name_lists.allow(office, ROOT, "dhl")
    domains.add_domain(office, CARLA, "dhl.test")
    name_lists.forget_pattern(office, ROOT, "dhl")
    with pytest.raises(BadInput):
        domains.add_domain(office, CARLA, "dhl.example")
    listed = name_lists.list_patterns(office, ROOT, search="dhl")
    assert any(row.shipped and row.pattern == "dhl" and row.reason for row in listed.rows)


def test_everybody_can_be_told_beforehand(office) -> None:
    """The provider sees all that speaks against a name without adding anything."""
    codes = [doubt.code for doubt in control.try_name(office, ROOT, "login-mybank.test")]
    assert codes == ["denied-name", "looks-like"]
    assert control.try_name(office, ROOT, "quite-another.test") == ()
    with pytest.raises(Forbidden):
        control.try_name(office, CARLA, "quite-another.test")


def test_the_shipped_list_spares_ordinary_names(office) -> None:
    """Words that only hold the letters of an abused name are nobody's to refuse."""
    for name in (
        "startups.test", "crossing.test", "camelia.test", "pineapple-shop.test", "sicherheitstechnik-mueller.test",
        "beveiliging-jansen.test", "digitaal.test", "groupsales.test", "irish-pub.test", "konzoll.test", "gallery.test",
        "bakkerij-de-vries.test", "weberei.test", "postbode.test", "ingenieurs.test",
    ):  # fmt: skip
        assert control.try_name(office, ROOT, name) == (), name


def test_each_heading_of_the_shipped_list_has_its_sentence() -> None:
    """Why a shipped name is denied is said in every language."""
    assert {one.reason for one in name_lists.shipped()} == set(name_lists.REASONS)
    assert len(name_lists.shipped()) > 200
