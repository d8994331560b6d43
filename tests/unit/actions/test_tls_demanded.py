"""Of whom TLS is demanded: declared by people, published for Postfix, and taken back."""

import pytest

from mailward.actions import tls_policy
from mailward.model.errors import BadInput
from mailward.model.people import STEWARD
from mailward.model.tables import DirectoryDomain, DirectoryTlsDestination


def published(made, asked) -> None:
    made.carry_out()
    from mailward.store.models import Run

    run = Run.objects.get(pk=asked.run_id)
    assert run.state == "done", run.what


def test_a_domains_wishes_are_published(made) -> None:
    """What isn't named stays as it is; the directory says what Postfix must know."""
    made.holding("alpha.test")
    assert tls_policy.show_tls(made.office, STEWARD, "alpha.test") == tls_policy.TlsDomainRow("alpha.test", False, False)
    published(made, tls_policy.set_tls(made.office, STEWARD, "alpha.test", tls_in=True))
    published(made, tls_policy.set_tls(made.office, STEWARD, "alpha.test", tls_out=True))
    assert tls_policy.show_tls(made.office, STEWARD, "alpha.test") == tls_policy.TlsDomainRow("alpha.test", True, True)
    assert made.directory.domains["alpha.test"] == DirectoryDomain("alpha.test", tls_in=True, tls_out=True)
    published(made, tls_policy.set_tls(made.office, STEWARD, "alpha.test", tls_in=False))
    assert made.directory.domains["alpha.test"] == DirectoryDomain("alpha.test", tls_in=False, tls_out=True)


def test_other_domains_are_demanded_and_forgotten(made) -> None:
    """The list, the published rows and the way back; a second demand changes the first."""
    published(made, tls_policy.demand_tls(made.office, STEWARD, "Bank.test", "secure"))
    published(made, tls_policy.demand_tls(made.office, STEWARD, "bank.test", "dane-only"))
    rows = tls_policy.list_tls_partners(made.office, STEWARD)
    assert rows.rows == (tls_policy.TlsPartnerRow("bank.test", "dane-only"),)
    assert made.directory.tls_destinations == {"bank.test": DirectoryTlsDestination("bank.test", "dane-only")}
    published(made, tls_policy.demand_no_tls(made.office, STEWARD, "bank.test"))
    assert made.directory.tls_destinations == {}
    with pytest.raises(BadInput) as refused:
        tls_policy.demand_no_tls(made.office, STEWARD, "bank.test")
    assert refused.value.code == "unknown"


@pytest.mark.parametrize(
    ("name", "level", "code"), [("bank.test", "none", "bad-level"), ("alpha.test", "encrypt", "already-held")]
)
def test_what_means_nothing_is_refused(made, name: str, level: str, code: str) -> None:
    """A level that would switch TLS off, and a domain that is held here."""
    made.holding("alpha.test")
    with pytest.raises(BadInput) as refused:
        tls_policy.demand_tls(made.office, STEWARD, name, level)
    assert refused.value.code == code


def test_a_lost_directory_is_made_anew_with_what_is_demanded(made) -> None:
    """What was demanded counts again after the published file was lost, and what was forgotten doesn't."""
    from mailward.steward import birth

    published(made, tls_policy.demand_tls(made.office, STEWARD, "bank.test"))
    made.directory.tls_destinations = {"old.test": DirectoryTlsDestination("old.test", "encrypt")}
    birth.put_directory_right(made.host)
    assert list(made.directory.tls_destinations) == ["bank.test"]
