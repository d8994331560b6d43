"""kill -9 of the steward at every change of the world, in every kind of run: the next one brings the run to its end."""

from collections.abc import Callable

import pytest

from fakes.made_host import LAYOUT
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


def _settings(made):
    from mailward.actions import server
    from mailward.model.server_wish import ServerWish
    from mailward.model.settings import TlsProfile
    from mailward.steward.settings_file import format_settings

    made.files.write(LAYOUT.settings, format_settings(made.settings).encode())
    return server.change_server(made.office, ANNA, ServerWish(tls_profile=TlsProfile.MODERN))


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
    if set(made.directory.read_all().rows) != set(declared.whole_directory(made.host.unseal).put):
        wrong.append("directory")
    left = [name for name, _ in made.dns.records if name.startswith("_acme-challenge")]
    if left or made.files.names(made.host.layout.acme_challenges):
        wrong.append("challenges")
    if made.files.exists(LAYOUT.settings) and b'tls_profile = "modern"' not in made.files.read(LAYOUT.settings):
        wrong.append("mailward.toml")
    if [path for path in made.files.tree() if "mailward.toml.before" in str(path)]:
        wrong.append("the old mailward.toml")
    return wrong


@pytest.mark.parametrize(
    "ask",
    [_domain, _removal, _mailbox, _configuration, _settings, _secure, _secure_server, _back, _renew],
    ids=lambda f: f.__name__,
)
def test_a_run_that_was_killed_anywhere_is_brought_to_its_end(another: Callable, ask: Callable) -> None:
    """Whatever the moment: the run ends done, the host is as declared, nothing is left over, and no CA got two orders."""
    from mailward.actions import runs
    from mailward.steward.steward import Steward

    made = another().holding("a.test", dns=False)
    run_id, counted = ask(made).run_id, Countdown()
    Steward(made.mortal(counted)).take(run_id, Quiet())
    assert runs.show_run(made.office, ANNA, run_id).state is RunState.DONE
    assert in_order(made) == []
    ordered = len(made.ca.orders_made)
    assert counted.count > 0
    for at in range(1, counted.count + 1):
        made = another().holding("a.test", dns=False)
        run_id = ask(made).run_id
        with pytest.raises(Killed):
            Steward(made.mortal(Countdown(at))).take(run_id, Quiet())
        assert runs.show_run(made.office, ANNA, run_id).state is RunState.RUNNING, f"killed before change {at}"
        Steward(made.host).take(run_id, Quiet())
        row = runs.show_run(made.office, ANNA, run_id)
        assert row.state is RunState.DONE, f"killed before change {at}: {row.what}"
        assert in_order(made) == [], f"killed before change {at}"
        assert len(made.ca.orders_made) == ordered, f"killed before change {at}"


def test_a_killed_order_leaves_what_is_served(another: Callable) -> None:
    """While nothing is proven, every name shows what it showed before, at each moment of the order and the switch."""
    from mailward.steward.steward import Steward

    made = another().holding("a.test", dns=False)
    run_id, counted = _secure(made).run_id, Countdown()
    Steward(made.mortal(counted)).take(run_id, Quiet())
    for at in range(1, counted.count + 1, 4):
        made = another().holding("a.test", dns=False)
        run_id = _secure(made).run_id
        with pytest.raises(Killed):
            Steward(made.mortal(Countdown(at))).take(run_id, Quiet())
        for protocol in ("http", "imap", "smtp"):
            for sni in ("mail.a.test", "webmail.a.test", made.settings.hostname, None):
                pem = made.doors.served(protocol, sni)
                assert pem is not None
                assert b"PRIVATE KEY" in pem
                assert b"CERTIFICATE" in pem


def test_a_choice_that_dovecots_own_doors_follow_is_brought_to_its_end(another: Callable) -> None:
    """Where a STARTTLS door is open a choice is a generation, too: killed anywhere in it, the run ends done, and every
    door shows the chosen certificate."""
    from dataclasses import replace

    from fakes import papers
    from mailward.actions import certificates, choices, configuration, runs
    from mailward.model.doors import Door
    from mailward.steward.steward import Steward

    settings = another().settings
    opened = replace(settings, ports={**settings.ports, Door.IMAP: 12143})

    def asked():
        made = another(opened).holding("a.test", dns=False)
        made.carry_out(configuration.apply(made.office, ANNA))
        material = papers.bundle(papers.leaf("a.test", "*.a.test"))
        row, _ = certificates.upload(made.office, ANNA, "a.test", material)
        return made, choices.choose(made.office, ANNA, "a.test", mail=row.id).run_id

    made, run_id = asked()
    counted = Countdown()
    Steward(made.mortal(counted)).take(run_id, Quiet())
    assert runs.show_run(made.office, ANNA, run_id).state is RunState.DONE
    for at in [*range(1, counted.count, 4), counted.count]:
        made, run_id = asked()
        with pytest.raises(Killed):
            Steward(made.mortal(Countdown(at))).take(run_id, Quiet())
        Steward(made.host).take(run_id, Quiet())
        row = runs.show_run(made.office, ANNA, run_id)
        assert row.state is RunState.DONE, f"killed before change {at}: {row.what}"
        shown = made.files.read(made.host.layout.tls_version("a.test-upload", 1))
        assert made.doors.served_by_dovecot("mail.a.test") == shown, f"killed before change {at}"
        assert made.doors.served("imap", "mail.a.test") == shown
        assert configuration_is_as_declared(made), f"killed before change {at}"


def configuration_is_as_declared(made) -> bool:
    from mailward.steward import configuration

    return configuration.planned(made.host).is_empty
