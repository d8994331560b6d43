"""Looks that people ask for: who may, that one wish is one run, and what is read back."""

from datetime import timedelta

import pytest

from fakes.made_host import MadeHost
from mailward.actions import domains, looks
from mailward.actions.office import Office
from mailward.audit.clients import ClientReport
from mailward.model.errors import BadInput, Forbidden
from mailward.model.people import Actor
from mailward.model.rights import Grant, PersonRole
from mailward.model.runs import RunKind, RunState
from mailward.model.verdict import Verdict
from mailward.store import values
from mailward.store.models import Finding, Run

ANNA = Actor("anna")
OWNER = Actor("owner@a.test", (Grant(PersonRole.CUSTOMER, customer="a.test"),), account=1)
READER = Actor("info@a.test", (Grant(PersonRole.MAILBOX_USER, mailbox="info@a.test"),), account=2)


@pytest.fixture
def held(made: MadeHost) -> Office:
    """Two customers, each with a domain."""
    office = made.office
    domains.add_domain(office, ANNA, "a.test")
    domains.add_domain(office, ANNA, "b.test")
    return office


def test_a_wish_asked_again_is_the_same_run(held: Office) -> None:
    """Whoever clicks twice is looked for once; another wish, and another person's, is another run."""
    first = looks.request_verify(held, OWNER, ["a.test"])
    assert looks.request_verify(held, OWNER, ["a.test"]).run_id == first.run_id
    assert looks.request_verify(held, ANNA, ["a.test"]).run_id != first.run_id
    assert looks.request_verify(held, ANNA, ["a.test", "server"]).run_id != first.run_id
    run = Run.objects.get(pk=first.run_id)
    assert (run.kind, run.domain, run.request) == (RunKind.VERIFY, "a.test", {"domains": ["a.test"]})


def test_nobody_looks_beyond_their_reach(held: Office) -> None:
    """A customer asks for their own doors; another's domain is unknown to them, and the server is the provider's."""
    with pytest.raises(BadInput) as unknown:
        looks.request_verify(held, OWNER, ["b.test"])
    assert unknown.value.code == "unknown"
    for everything in ([], ["server"]):
        with pytest.raises(Forbidden):
            looks.request_verify(held, OWNER, everything)
    with pytest.raises(BadInput) as unknown:
        looks.request_client(held, OWNER, "x@b.test")
    assert unknown.value.code == "unknown"
    looks.request_client(held, READER, "info@a.test")
    with pytest.raises(BadInput):
        looks.request_client(held, READER, "other@a.test")


def test_what_the_steward_found_is_read_back(held: Office) -> None:
    """None until it is there; then the report; never by somebody else."""
    asked = looks.request_client(held, OWNER, "info@a.test")
    assert looks.client_answer(held, OWNER, asked.run_id) is None
    report = ClientReport("info@a.test", Verdict.PASS, (), (), (), (), held.clock.now())
    Run.objects.filter(pk=asked.run_id).update(answer=values.freeze(report), state=RunState.DONE)
    assert looks.client_answer(held, OWNER, asked.run_id) == report
    foreign = Actor("owner@b.test", (Grant(PersonRole.CUSTOMER, customer="b.test"),), account=3)
    with pytest.raises(BadInput):
        looks.client_answer(held, foreign, asked.run_id)


def test_old_looks_are_forgotten(held: Office) -> None:
    """The table doesn't grow by clicking: a look of more than a day ago is gone with the next wish; changes stay."""
    changes = Run.objects.filter(kind=RunKind.DIRECTORY).count()
    old = looks.request_verify(held, ANNA, ["a.test"]).run_id
    Run.objects.update(state=RunState.DONE, finished_at=held.clock.now() - timedelta(days=2))
    looks.request_verify(held, ANNA, ["a.test"])
    assert not Run.objects.filter(pk=old).exists()
    assert Run.objects.filter(kind=RunKind.DIRECTORY).count() == changes


def test_findings_are_shown_within_reach(held: Office) -> None:
    """A customer sees what was found at their own doors, and how many; the provider sees all, and by verdict."""
    for domain, verdict in (("a.test", "pass"), ("a.test", "fail"), ("b.test", "fail"), ("server", "pass")):
        Finding.objects.create(
            domain=domain, name=f"{verdict}.{domain}", door="imaps", port=993, address="127.0.0.1", tls="implicit",
            verdict=verdict, code="ok", reason={}, remedy={}, checked_at=held.clock.now(),
        )  # fmt: skip
    own, total = looks.list_findings(held, OWNER)
    assert ({finding.domain for finding in own}, total) == ({"a.test"}, 2)
    assert looks.list_findings(held, ANNA, verdict=Verdict.FAIL, limit=1)[1] == 2
    assert [f.domain for f in looks.list_findings(held, ANNA, domain="server")[0]] == ["server"]
    with pytest.raises(Forbidden):
        looks.list_findings(held, OWNER, domain="server")
