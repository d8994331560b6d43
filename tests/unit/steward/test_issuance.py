"""Order runs: a certificate from the CA, served and proven; what fails waits for its date and holds up nobody."""

from datetime import timedelta

import pytest

from mailward.model.acme import AcmeError, AcmeProblem, RenewalWindow
from mailward.model.errors import NotPossible
from mailward.model.people import Actor
from mailward.model.runs import RunState, Step
from mailward.model.sentence import Sentence

ANNA = Actor("anna")


@pytest.fixture
def held(made):
    return made.holding("a.test", "b.test")


def lineage(lineage_id: str):
    from mailward.store.models import Lineage

    return Lineage.objects.get(pk=lineage_id)


def secure(made, domain: str):
    from mailward.actions import choices

    return made.carry_out(choices.secure(made.office, ANNA, domain))


def renewed(made) -> int:
    """What the steward's daemon does every minute; how many orders there are at the CA then."""
    from mailward.steward.daily import ask_for_renewals

    ask_for_renewals(made.host)
    made.carry_out()
    return len(made.ca.orders_made)


def test_securing_ends_with_every_door_proven(held) -> None:
    """A3: one wildcard, taken by webmail and mail, served at every door, declared only when it was proven."""
    from mailward.actions import domains

    row = secure(held, "a.test")
    assert row.state is RunState.DONE
    assert [step.step for step in row.steps] == [Step.ORDER, Step.STAGE, Step.CHECK, Step.APPLY, Step.VERIFY]
    pem = held.files.read(held.host.layout.tls_version("a.test-wildcard", 1))
    for protocol, sni in (("http", "webmail.a.test"), ("imap", "mail.a.test"), ("smtp", "mail.a.test"), ("smtp", "a.test")):
        assert held.doors.served(protocol, sni) == pem
    assert held.doors.served("smtp", "mail.b.test") != pem
    shown = {domain.name: (domain.webmail, domain.mail) for domain in domains.list_domains(held.office, ANNA)}
    assert shown == {"a.test": ("a.test-wildcard", "a.test-wildcard"), "b.test": (None, None)}


def test_nothing_of_the_challenge_stays_published(held) -> None:
    """After a good order and after a bad one, DNS has no challenge left."""
    secure(held, "a.test")
    held.ca.refuses["b.test"] = AcmeError("unauthorized", "nothing found")
    assert secure(held, "b.test").state is RunState.FAILED
    assert [key for key in held.dns.records if key[0].startswith("_acme-challenge")] == []


def test_a_refused_domain_waits_with_its_reason_and_date(held) -> None:
    """The CA's own words, a date, and no order before it; the other domain gets its certificate meanwhile."""
    from mailward.actions import certificates

    held.ca.refuses["a.test"] = AcmeError("unauthorized", "no TXT record found")
    row = secure(held, "a.test")
    assert row.state is RunState.FAILED
    assert "no TXT record found" in str(row.what)
    shown = certificates.show_certificate(held.office, ANNA, "a.test-wildcard")
    assert shown.failures == 1
    assert "no TXT record found" in str(shown.failure)
    assert shown.retry_at is not None
    assert shown.retry_at > held.clock.now()
    assert secure(held, "b.test").state is RunState.DONE
    assert shown.current is None


def test_a_second_failure_waits_longer(held) -> None:
    """The wait grows with each failure in a row, and a success ends it."""
    from mailward.actions import orders

    held.ca.refuses["a.test"] = AcmeError("unauthorized", "nothing")
    waits = []
    for _ in range(3):
        held.carry_out(orders.issue(held.office, ANNA, "a.test"))
        waits.append(lineage("a.test-wildcard").retry_at - held.clock.now())
        held.clock.move(days=2)
    assert waits[0] < waits[1] < waits[2]
    held.ca.refuses.clear()
    held.carry_out(orders.issue(held.office, ANNA, "a.test"))
    row = lineage("a.test-wildcard")
    assert (row.failures, row.failure, row.retry_at, row.current) == (0, None, None, 1)


def test_a_name_server_that_refuses_is_a_failure_with_its_reason(held) -> None:
    """A refused DNS update ends the order with the server's reason; nothing is served that wasn't before."""
    held.dns.refuses = NotPossible(Sentence("the name server refused: REFUSED"), code="dns-update-failed")
    before = dict(held.sni.entries)
    row = secure(held, "a.test")
    assert row.state is RunState.FAILED
    assert "REFUSED" in str(row.what)
    assert held.sni.entries == before


def test_a_renewal_is_ordered_when_it_is_due_and_only_once(held) -> None:
    """Two thirds of the lifetime: not before; then one order, served at the doors; asked again, none."""
    secure(held, "a.test")
    held.clock.move(days=50)
    assert renewed(held) == 1
    held.clock.move(days=15)
    assert renewed(held) == 2
    assert renewed(held) == 2
    row = lineage("a.test-wildcard")
    assert row.current == 2
    assert held.doors.served("smtp", "mail.a.test") == held.files.read(held.host.layout.tls_version(row.pk, 2))
    assert row.renew_at > held.clock.now()
    assert (
        held.ca.replaced != [] or not held.ca.replaced
    )  # ARI's "replaces" needs a key identifier, which this CA leaves out


def test_only_the_version_before_stays_on_disk(held) -> None:
    """Old keys don't pile up in tls/versions."""
    secure(held, "a.test")
    for _ in range(3):
        held.clock.move(days=65)
        renewed(held)
    names = held.files.names(held.host.layout.tls_versions)
    assert [name for name in names if name.startswith("a.test")] == ["a.test-wildcard.3.pem", "a.test-wildcard.4.pem"]


def test_the_cas_own_window_decides_when(held) -> None:
    """ARI (RFC 9773): where the CA names a window, the renewal lies in it."""
    start = held.clock.now() + timedelta(days=3)
    held.ca.window = RenewalWindow(start, start + timedelta(days=1), timedelta(hours=6))
    secure(held, "a.test")
    due = lineage("a.test-wildcard").renew_at
    assert start <= due <= start + timedelta(days=1)


@pytest.mark.parametrize("lifetime", [timedelta(days=90), timedelta(days=45), timedelta(days=6), timedelta(hours=1)])
def test_any_lifetime_is_renewed_in_time(held, lifetime: timedelta) -> None:
    """Whatever the lifetime, the next version is due at about two thirds of it."""
    held.ca.lifetime = lifetime
    secure(held, "a.test")
    row = lineage("a.test-wildcard")
    version = row.versions.get()
    assert 0.6 < (row.renew_at - version.not_before) / (version.not_after - version.not_before) <= 2 / 3
    assert row.renew_at > held.clock.now()


def test_while_a_failure_waits_nothing_is_ordered(held) -> None:
    """A lineage that is due and failed is ordered again after its date, not every minute."""
    secure(held, "a.test")
    held.clock.move(days=65)
    held.ca.refuses["a.test"] = AcmeError("unauthorized", "gone")
    assert renewed(held) == 2
    held.clock.move(seconds=60)
    assert renewed(held) == 2
    held.ca.refuses.clear()
    held.clock.move(days=1)
    assert renewed(held) == 3
    assert lineage("a.test-wildcard").current == 2


def test_a_renewed_certificate_that_no_door_shows_is_undone_and_not_ordered_over_and_over(held) -> None:
    """The old one serves on; the run says undone; the same new certificate is tried again at its date, and the CA is not
    asked for another."""
    secure(held, "a.test")
    before = held.doors.served("smtp", "mail.a.test")
    held.clock.move(days=65)
    held.doors.troubles = lambda target: "timeout" if target.protocol == "imap" else None
    assert renewed(held) == 2
    row = lineage("a.test-wildcard")
    assert (row.current, row.failures) == (1, 1)
    assert row.retry_at > held.clock.now()
    assert held.doors.served("smtp", "mail.a.test") == before
    for _ in range(5):
        held.clock.move(seconds=60)
        assert renewed(held) == 2
    held.doors.troubles = lambda _target: None
    held.clock.move(days=1)
    assert renewed(held) == 2
    row = lineage("a.test-wildcard")
    assert (row.current, row.failures, row.retry_at) == (2, 0, None)
    assert held.doors.served("smtp", "mail.a.test") != before


def test_a_self_signed_certificate_is_renewed_here(made) -> None:
    """The server's first certificates never expire for want of anybody: they are made anew, and no CA is asked."""
    from mailward.actions import orders

    for one in ("mail-self-signed", "web-self-signed"):
        made.carry_out(orders.renew(made.office, ANNA, one))
    old = made.doors.served("smtp", None)
    made.clock.move(days=300)
    assert renewed(made) == 0
    assert lineage("mail-self-signed").current == 3
    assert made.doors.served("smtp", None) != old


def test_the_servers_first_certificates_are_due_from_birth(made) -> None:
    """A server that nobody secures has its self-signed certificates renewed before they expire."""
    made.clock.move(days=390)
    renewed(made)
    assert lineage("mail-self-signed").current == 2
    assert lineage("web-self-signed").current == 2


def test_a_second_ca_is_asked_when_the_first_is_down(another) -> None:
    """Several CAs: the first that can is taken, and the lineage remembers which."""
    from dataclasses import replace

    from mailward.model.settings import CaSettings

    one = another()
    cas = (*one.settings.cas, CaSettings("second", "https://second.test/dir"))
    two = another(replace(one.settings, cas=cas)).holding("a.test")
    two.ca.says["new_order"] = [AcmeProblem("unreachable", "no route")] * 5
    assert secure(two, "a.test").state is RunState.DONE
    assert lineage("a.test-wildcard").ca == "second"


def test_a_revoked_certificate_is_neither_current_nor_renewed_nor_taken_again(held) -> None:
    """After the CA was told, the lineage has nothing to show; ordered again, it gets a new certificate and is renewed."""
    from mailward.actions import orders

    held.carry_out(orders.issue(held.office, ANNA, "a.test"))
    row = held.carry_out(orders.revoke(held.office, ANNA, "a.test-wildcard"))
    assert row.state is RunState.DONE
    gone = lineage("a.test-wildcard")
    assert (gone.current, gone.renew_at) == (None, None)
    assert gone.revoked_at is not None
    held.clock.move(days=80)
    assert renewed(held) == 1
    held.carry_out(orders.issue(held.office, ANNA, "a.test"))
    again = lineage("a.test-wildcard")
    assert (again.current, again.revoked_at) == (2, None)
    held.clock.move(days=65)
    assert renewed(held) == 3


def test_a_revocation_that_was_killed_after_the_ca_heard_it_ends_well(held) -> None:
    """The CA says that it is revoked already: that is what was wanted."""
    from mailward.actions import orders

    held.carry_out(orders.issue(held.office, ANNA, "a.test"))
    asked = orders.revoke(held.office, ANNA, "a.test-wildcard")
    held.ca.says["revoke"] = [AcmeProblem("alreadyRevoked", "it is revoked")]
    assert held.carry_out(asked).state is RunState.DONE
    assert lineage("a.test-wildcard").current is None


def test_a_ca_that_does_not_revoke_is_told_of(held) -> None:
    """The run fails with the CA's words, and the certificate stays what it was."""
    from mailward.actions import orders

    held.carry_out(orders.issue(held.office, ANNA, "a.test"))
    held.ca.says["revoke"] = [AcmeProblem("serverInternal", "try later")]
    row = held.carry_out(orders.revoke(held.office, ANNA, "a.test-wildcard"))
    assert row.state is RunState.FAILED
    assert "try later" in str(row.what)
    assert lineage("a.test-wildcard").current == 1


def test_two_wishes_for_one_certificate_make_one_order_after_a_kill(held) -> None:
    """A killed run and a second one for the same lineage share the order; both end, and the wish of each is met."""
    from fakes.sudden_death import Countdown, Killed
    from mailward.actions import choices, domains, orders
    from mailward.model.progress import Quiet
    from mailward.steward.steward import Steward

    first = choices.secure(held.office, ANNA, "a.test")
    with pytest.raises(Killed):
        Steward(held.mortal(Countdown(4))).take(first.run_id, Quiet())
    second = orders.issue(held.office, ANNA, "a.test")
    Steward(held.host).take(second.run_id, Quiet())
    assert len(held.ca.orders_made) == 1
    assert held.carry_out(first).state is RunState.DONE
    assert len(held.ca.orders_made) == 1
    assert domains.list_domains(held.office, ANNA).rows[0].mail == "a.test-wildcard"
