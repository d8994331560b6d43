"""kill -9 of the steward at every change of the world, in every kind of run: the next one brings the run to its end."""

from collections.abc import Callable

import pytest

from fakes.sudden_death import Countdown, Killed
from mailward.model.people import Actor
from mailward.model.progress import Quiet
from mailward.model.runs import RunState

ANNA = Actor("anna")


def _domain(made):
    from mailward.actions import domains

    return domains.add_domain(made.office, ANNA, "b.test")


def _removal(made):
    from mailward.actions import domains

    return domains.remove_domain(made.office, ANNA, "a.test")


def _mailbox(made):
    from mailward.actions import mailboxes

    return mailboxes.add_mailbox(made.office, ANNA, "anna@a.test")


def _configuration(made):
    from mailward.actions import configuration

    return configuration.apply(made.office, ANNA)


def _secure(made):
    from mailward.actions import choices

    return choices.secure(made.office, ANNA, "a.test")


def _secure_server(made):
    from mailward.actions import choices

    return choices.secure(made.office, ANNA, "server")


def _back(made):
    from mailward.actions import choices

    return choices.choose(made.secured("a.test").office, ANNA, "a.test", webmail="self-signed", mail="self-signed")


def _renew(made):
    from mailward.actions import orders

    return orders.renew(made.office, ANNA, "mail-self-signed")


def in_order(made) -> list[str]:
    """What is not as the store declares it: names, files, mailboxes, leftovers of challenges."""
    from mailward.steward import birth
    from mailward.store import declared

    wrong = []
    made.files.writes.clear()
    before = dict(made.files.tree()), dict(made.sni.entries)
    birth.put_tables_right(made.host)
    if made.files.writes or before != (dict(made.files.tree()), dict(made.sni.entries)):
        wrong.append("names and certificates")
    if set(made.directory.read_all().rows) != set(declared.whole_directory().put):
        wrong.append("directory")
    if [name for name, kind in made.dns.records if kind == "TXT"] or made.files.names(made.host.layout.acme_challenges):
        wrong.append("challenges")
    return wrong


@pytest.mark.parametrize(
    "ask", [_domain, _removal, _mailbox, _configuration, _secure, _secure_server, _back, _renew], ids=lambda f: f.__name__
)
def test_a_run_that_was_killed_anywhere_is_brought_to_its_end(another: Callable, ask: Callable) -> None:
    """Whatever the moment: the run ends done, the host is as declared, nothing is left over, and no CA got two orders."""
    from mailward.actions import runs
    from mailward.steward.steward import Steward

    made = another().holding("a.test")
    run_id, counted = ask(made).run_id, Countdown()
    Steward(made.mortal(counted)).take(run_id, Quiet())
    assert runs.show_run(made.office, run_id).state is RunState.DONE
    assert in_order(made) == []
    ordered = len(made.ca.orders_made)
    assert counted.count > 0
    for at in range(1, counted.count + 1):
        made = another().holding("a.test")
        run_id = ask(made).run_id
        with pytest.raises(Killed):
            Steward(made.mortal(Countdown(at))).take(run_id, Quiet())
        assert runs.show_run(made.office, run_id).state is RunState.RUNNING, f"killed before change {at}"
        Steward(made.host).take(run_id, Quiet())
        row = runs.show_run(made.office, run_id)
        assert row.state is RunState.DONE, f"killed before change {at}: {row.what}"
        assert in_order(made) == [], f"killed before change {at}"
        assert len(made.ca.orders_made) == ordered, f"killed before change {at}"


def test_a_killed_order_leaves_what_is_served(another: Callable) -> None:
    """While nothing is proven, every name shows what it showed before, at each moment of the order and the switch."""
    from mailward.steward.steward import Steward

    made = another().holding("a.test")
    run_id, counted = _secure(made).run_id, Countdown()
    Steward(made.mortal(counted)).take(run_id, Quiet())
    for at in range(1, counted.count + 1, 4):
        made = another().holding("a.test")
        run_id = _secure(made).run_id
        with pytest.raises(Killed):
            Steward(made.mortal(Countdown(at))).take(run_id, Quiet())
        for protocol in ("http", "imap", "smtp"):
            for sni in ("mail.a.test", "webmail.a.test", made.settings.hostname, None):
                pem = made.doors.served(protocol, sni)
                assert pem is not None
                assert b"PRIVATE KEY" in pem
                assert b"CERTIFICATE" in pem
