"""The store's rows as somebody who took over the panel's process would write them: root goes nowhere else for them."""

from pathlib import Path

import pytest

from fakes import papers
from fakes.made_host import LAYOUT
from fakes.order_world import CHALLENGES
from mailward.certificates.records import Proof
from mailward.certificates.solvers.http_01 import Http01
from mailward.flow.switch import link_name
from mailward.model.doors import Role
from mailward.model.errors import BadInput, NotPossible
from mailward.model.people import Actor
from mailward.model.runs import RunKind, RunState

ANNA = Actor("anna")
CRON = Path("/etc/cron.d/job")
TOKEN, PRINT = "t" * 43, "p" * 43


@pytest.fixture
def held(made):
    return made.holding("a.test")


def carried_out(made, kind: RunKind, request: dict):
    from mailward.actions.office import Asked
    from mailward.store import records

    run = records.ask(kind, "x", request, ANNA, made.host.clock.now())
    return made.carry_out(Asked(run.pk)) if isinstance(run.pk, int) else None


@pytest.mark.parametrize(
    ("place", "value"),
    [(str(CRON), "* * * * * root id"), ("../" * 9 + "etc/cron.d/job", f"{TOKEN}.{PRINT}"), (TOKEN, "* * * * * root id")],
)
def test_an_orders_journal_makes_root_write_no_other_file(held, place: str, value: str) -> None:
    """A challenge's file has a token's name and a key authorization in it, whatever the journal says."""
    solver = Http01(held.files, CHALLENGES, held.host.clock)
    with pytest.raises(NotPossible):
        solver.present(Proof("a.test", "", "", place, value))
    assert not held.files.exists(CRON)


def test_an_orders_journal_makes_root_remove_no_other_file(held) -> None:
    """What an ended order left behind is taken away each minute: only challenges are."""
    held.files.make_directory(CRON.parent)
    held.files.write(CRON, b"the machine's own")
    with pytest.raises(NotPossible):
        Http01(held.files, CHALLENGES, held.host.clock).clean_up(Proof("a.test", "", "", str(CRON), ""))
    assert held.files.exists(CRON)


def test_a_key_is_never_put_where_nginx_publishes_files(held) -> None:
    """A lineage whose number is a path: its versions, with their keys, are served by HTTP to nobody."""
    from mailward.actions import certificates
    from mailward.store.models import Lineage, Version

    row, _ = certificates.upload(held.office, ANNA, "a.test", papers.bundle(papers.leaf("a.test", "*.a.test")))
    version = Version.objects.get(lineage_id=row.id)
    lineage = Lineage.objects.get(pk=row.id)
    lineage.pk = version.lineage_id = "../../acme-challenges/key"
    lineage.save(force_insert=True)
    version.pk = None
    version.save(force_insert=True)
    choice = {"scope": "a.test", "role": "web", "lineage": lineage.pk}
    ended = carried_out(held, RunKind.CERTIFICATE, {"versions": {lineage.pk: version.number}, "choices": [choice]})
    assert ended.state is RunState.REFUSED
    assert not held.files.names(LAYOUT.acme_challenges)


@pytest.mark.parametrize("name", ["../../../etc/passwd.a.test", "/etc/a.test", "*../a.test", "a\n.a.test"])
def test_what_is_no_name_is_no_link(name: str) -> None:
    """The names that root makes links of are names."""
    with pytest.raises(BadInput):
        link_name(name)


@pytest.mark.parametrize("number", ["1/../../../x", "../x"])
def test_a_version_is_a_number(number: str) -> None:
    """SQLite keeps text in a column of numbers, when it is given some."""
    with pytest.raises(BadInput):
        LAYOUT.tls_version("a.test", number)


@pytest.mark.parametrize(
    "request_",
    [
        {"domains": ["../../x"], "addresses": []},
        {"domains": ["catalog.mailward"], "addresses": []},
        {"domains": [], "addresses": ["-a/tmp/socket@a.test"]},
    ],
)
def test_what_is_published_has_names(held, request_: dict) -> None:
    """A run for domains and addresses that are none touches nothing, and starts no program with them."""
    held.files.writes.clear()
    held.processes.calls.clear()
    assert carried_out(held, RunKind.DIRECTORY, request_).state is RunState.REFUSED
    assert (held.files.writes, held.processes.calls) == ([], [])


@pytest.mark.parametrize("name", ["../../../../etc/x.a.test", "x.a.test /etc/shadow\ny.a.test"])
def test_an_uploaded_certificates_names_lead_nowhere_else(held, name: str) -> None:
    """A customer writes what they like into a certificate of their own: no link and no line of a table comes of it."""
    from mailward.actions import certificates, choices

    row, _ = certificates.upload(held.office, ANNA, "a.test", papers.bundle(papers.leaf("a.test", "*.a.test", name)))
    assert held.carry_out(choices.choose(held.office, ANNA, "a.test", mail=row.id)).state is RunState.DONE
    assert {key for key in held.sni.entries if key.endswith("a.test")} <= {"a.test", ".a.test", "*.a.test"}
    assert set(held.files.names(LAYOUT.tls_names(Role.MAIL))) >= {"a.test", "_.a.test"}
    with pytest.raises(BadInput):
        link_name(name)
