"""The secret of a zone at a provider is sent to the place that it was given for, and nothing else is sent in its stead."""

from dataclasses import replace

import pytest

from fakes.made_host import ANNA, LAYOUT, MadeHost
from fakes.memory_zone import MemoryZoneHome
from mailward.actions import dns as actions
from mailward.bootstrap.zone_places import place
from mailward.model.dns import HomeKind
from mailward.model.errors import BadInput, NotPossible
from mailward.model.progress import Quiet
from mailward.model.runs import RunState
from mailward.steward.steward import Steward
from mailward.store.dns import Home
from mailward.store.models import Run, Zone

pytestmark = pytest.mark.usefixtures("store")
DOMAIN, SECRET = "alpha.test", "token-of-the-api"
THERE = {"url": "https://dns.provider.test"}


@pytest.fixture
def made() -> MadeHost:
    made = MadeHost().born().holding(DOMAIN)
    declare(made, THERE, SECRET)
    return made


def declare(made: MadeHost, options: dict[str, str], secret: str | None) -> None:
    actions.set_dns_home(made.office, ANNA, DOMAIN, HomeKind.PROVIDER, provider="powerdns", options=options, secret=secret)


def sent(made: MadeHost, zone: str = DOMAIN) -> tuple[Run, list[tuple[dict[str, str], bytes]]]:
    """The last DNS run, taken up, and what it sent where."""
    found: list[tuple[dict[str, str], bytes]] = []

    def home(declared, secret):
        found.append((dict(declared.options), secret))
        return MemoryZoneHome(made.dns)

    run = Run.objects.filter(kind="dns", subject=zone).latest("pk")
    Steward(replace(made.host, homes=home)).take(run.pk, Quiet())
    run.refresh_from_db()
    return run, found


def test_the_secret_is_sent_where_it_was_given_for(made):
    """What the provider declared is what is used."""
    _, found = sent(made)
    assert found == [(THERE, SECRET.encode())]


@pytest.mark.parametrize(
    "changed",
    [{"options": {"url": "https://evil.test"}}, {"provider": "rfc2136"}, {"options": {**THERE, "more": "x"}}],
)
def test_who_can_only_write_the_store_cant_have_it_sent_elsewhere(made, changed):
    """The panel's process may change every row; the sealed secret says for where it is."""
    Zone.objects.update(**changed)
    run, found = sent(made)
    assert found == []
    assert run.state == RunState.FAILED
    assert SECRET not in str(vars(run))


def test_no_other_sealed_secret_is_sent(made):
    """A private key's or a mailbox's seal, put into a zone's row, isn't opened for a server of somebody's choice."""
    for sealed in (made.host.seal.seal(b"{ARGON2ID}hash-of-a-mailbox"), made.host.seal.seal(b'"text"')):
        Zone.objects.update(sealed_secret=sealed)
        run, found = sent(made)
        assert found == []
        assert run.state == RunState.FAILED
        Run.objects.filter(pk=run.pk).update(state=RunState.WAITING)


def test_nor_the_secret_of_another_zone(made):
    """A zone's own secret isn't another's."""
    sealed = Zone.objects.get(name=DOMAIN).sealed_secret
    made.holding("beta.test")
    actions.set_dns_home(made.office, ANNA, "beta.test", HomeKind.PROVIDER, provider="powerdns", options=THERE)
    Zone.objects.filter(name="beta.test").update(sealed_secret=sealed)
    run, found = sent(made, "beta.test")
    assert found == []
    assert run.state == RunState.FAILED


def test_another_place_wants_the_secret_again(made):
    """People who change the address are told, instead of sending the old secret there."""
    with pytest.raises(BadInput) as refused:
        declare(made, {"url": "https://new.test"}, None)
    assert refused.value.code == "secret-of-another"
    declare(made, THERE, None)
    declare(made, {"url": "https://new.test"}, "another-token")
    assert sent(made)[1] == [({"url": "https://new.test"}, b"another-token")]


@pytest.mark.parametrize(
    ("provider", "options"),
    [("localzone", {"filename": "zones/x"}), ("googleclouddns", {"info": "file::/etc/shadow"}), ("..x", {}), ("", {})],
)
def test_no_row_has_root_open_files(provider, options):
    """What lexicon would read or write on this disk isn't the store's to choose."""
    home = Home(DOMAIN, HomeKind.PROVIDER, provider, tuple(options.items()))
    with pytest.raises(NotPossible) as refused:
        place(home, b"x", MadeHost().settings, LAYOUT)
    assert refused.value.code == "no-home"
