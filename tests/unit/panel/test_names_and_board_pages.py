"""The pages of names, of proofs, and of the DNS board: what they show and what their forms do."""

import re
from typing import Any

import pytest

from mailward.store.models import ControlProof, DeniedName, Domain, Run, WatchedName
from stage import Stage

SAFE, UNSAFE, UNPROVEN = Stage.safe_domain, Stage.unsafe_domain, Stage.unproven_domain


def page(stage: Stage, path: str, who: str = Stage.provider, status: int = 200) -> str:
    answer = stage.client(who).get(path)
    assert answer.status_code == status, path
    text: str = answer.content.decode()
    return text


def test_a_domain_that_waits_shows_its_record(stage: Stage) -> None:
    """The TXT record's name and value stand on the page of the domain, and a button that has DNS asked."""
    text = page(stage, f"/domains/{UNPROVEN}/", stage.customer)
    token = ControlProof.objects.get(domain__name=UNPROVEN).token
    assert f"_mailward-challenge.{UNPROVEN}" in text
    assert f"mailward={token}" in text
    assert "Look now" in text
    assert "Take it as proven" not in text
    assert "Take it as proven" in page(stage, f"/domains/{UNPROVEN}/")
    assert "_mailward-challenge" not in page(stage, f"/domains/{SAFE}/", stage.customer)


def test_looking_now_is_a_run(stage: Stage) -> None:
    """The button leads to the run, and what it found stands on the page."""
    answer: Any = stage.client(stage.customer).post(f"/domains/{UNPROVEN}/control/")
    assert answer.status_code == 302
    run = Run.objects.filter(kind="control").latest("id")
    assert answer["Location"].startswith(f"/runs/{run.pk}/")
    assert stage.client(stage.customer).get(f"/runs/{run.pk}/").status_code == 200


def test_a_customer_cant_vouch_for_themselves(stage: Stage) -> None:
    """The provider's word is the provider's."""
    answer = stage.client(stage.customer).post(f"/domains/{UNPROVEN}/control/", {"do": "vouch"})
    assert answer.status_code == 403
    assert ControlProof.objects.get(domain__name=UNPROVEN).proven_at is None


def test_a_doubtful_name_is_asked_about_again(stage: Stage) -> None:
    """A provider reads what speaks against it and confirms in the form; a customer is offered no such box."""
    name = {"domain": "bluebakary.example", "customer": "Harbour Dental"}
    first: Any = stage.client(stage.provider).post("/domains/add/", name)
    assert first.status_code == 422
    assert 'name="confirmed"' in first.content.decode()
    other: Any = stage.client(stage.other_customer).post("/domains/add/", {**name, "customer": "", "confirmed": "1"})
    assert other.status_code == 422
    assert 'name="confirmed"' not in other.content.decode()
    assert "can be taken for a name that is guarded here" in other.content.decode()
    assert not Domain.objects.filter(name="bluebakary.example").exists()


def test_the_lists_of_names_are_changed_by_their_forms(stage: Stage) -> None:
    """Deny, allow, take away, guard, guard no more, know: each says what it did; what others wrote is text."""
    client = stage.client(stage.provider)
    assert "&lt;script&gt;" in page(stage, "/names/?show=patterns&q=casino")
    steps = (
        ("patterns", {"do": "deny", "pattern": "*lottery*", "reason": "no"}, "*lottery* is denied."),
        ("patterns", {"do": "forget", "pattern": "*lottery*"}, "*lottery* is on your list no more."),
        ("partners", {"do": "partner", "name": "supplier.example", "note": "ours"}, "supplier.example is guarded."),
        ("partners", {"do": "remove", "name": "supplier.example"}, "supplier.example is guarded no more."),
    )
    for tab, form, told in steps:
        answer: Any = client.post(f"/names/?show={tab}", form, follow=True, headers={"X-Forwarded-Proto": "https"})
        assert told in answer.content.decode(), form
    row = WatchedName.objects.filter(known=False).first()
    client.post("/names/?show=watched", {"do": "known", "watched": row.pk})
    assert WatchedName.objects.get(pk=row.pk).known
    client.post("/names/?show=watched", {"do": "unknown", "watched": row.pk})
    assert client.post("/names/?show=patterns", {"do": "deny", "pattern": "*"}).status_code == 422
    assert not DeniedName.objects.filter(pattern="*").exists()


def test_without_a_fresh_second_factor_a_list_stays_as_it_is(stage: Stage) -> None:
    """Allowing what is often abused is a dangerous act."""
    answer = stage.client(stage.provider, fresh=False).post("/names/?show=patterns", {"do": "allow", "pattern": "*paypal*"})
    assert answer.status_code in (302, 403)
    assert not DeniedName.objects.filter(pattern="*paypal*").exists()


@pytest.mark.parametrize(
    ("name", "told"),
    [("paypa1-help.example", "denied-name"), ("quite-ordinary.example", "Nothing speaks against"), ("a b", "space")],
)
def test_a_name_is_tried_beforehand(stage: Stage, name: str, told: str) -> None:
    """The provider sees what would be said to a customer, and nothing is added."""
    assert told in page(stage, f"/names/?try={name}")


def test_the_board_has_a_line_for_each_domain(stage: Stage) -> None:
    """Green, broken and unknown domains, told apart; what was found a day ago is unknown; customers see their own."""
    text = page(stage, "/board/")
    assert re.search(rf"domains/{SAFE}/board/.*?pill is-pass", text, re.DOTALL)
    assert "DMARC" in text
    red = page(stage, "/board/?state=fail")
    assert f"/domains/{UNSAFE}/board/" in red
    assert f"/domains/{SAFE}/board/" not in red
    assert "/domains/harbourdental.example/board/" in page(stage, "/board/?state=unknown")
    own = page(stage, "/board/", stage.customer)
    assert "oldmillpress.example" not in own
    assert "The server itself" not in own


def test_a_fault_shows_its_evidence_and_its_cure(stage: Stage) -> None:
    """The record to publish as a zone file has it, ready to copy; what must go; what was answered, as text."""
    text = page(stage, f"/domains/{UNSAFE}/board/", stage.customer)
    assert f"{UNSAFE}. 3600 IN TXT &quot;v=spf1 +a +mx include:_spf.mx.mailward.localhost ~all&quot;" in text
    assert f"{UNSAFE}. 3600 IN TXT &quot;v=spf1 -all&quot;" in text
    assert 'data-copy="cure-spf-1-1"' in text
    assert "&lt;script&gt;" in text
    assert "<script>alert" not in text
    assert "validated by DNSSEC" in text
    page(stage, "/domains/oldmillpress.example/board/", stage.customer, status=404)
    page(stage, "/domains/server/board/", stage.customer, status=403)
    assert "rDNS" in page(stage, "/domains/server/board/")


def test_checking_now_is_a_run(stage: Stage) -> None:
    """One domain by its own people, everything by the provider alone."""
    answer: Any = stage.client(stage.customer).post("/board/check/", {"domain": UNSAFE})
    assert answer["Location"].startswith("/runs/")
    assert stage.client(stage.customer).post("/board/check/").status_code == 403
