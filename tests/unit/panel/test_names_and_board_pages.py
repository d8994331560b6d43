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


def test_what_dns_must_say_is_shown_by_record_and_as_a_file(stage: Stage) -> None:
    """Each record with its value to copy, the whole zone file, where the zone lives; the host's own for the provider."""
    text = page(stage, f"/domains/{UNSAFE}/dns/", stage.customer)
    assert f"include:_spf.{stage.made.settings.hostname}" in text
    assert 'data-copy="v-1"' in text
    assert f"{UNSAFE}. " in text
    assert f"v=spf1 +a +mx include:_spf.{stage.made.settings.hostname} ~all" in text
    assert "_dmarc" in text
    page(stage, "/domains/server/dns/", stage.customer, status=403)
    assert "_spf." in page(stage, "/domains/server/dns/")


def test_wishes_are_declared_and_published(stage: Stage) -> None:
    """The form's fields become the domain's wishes and a run; what can't be SPF is told at its field."""
    from mailward.store.models import DomainDns

    client = stage.client(stage.customer)
    form = {"do": "policy", "spf_terms": "include:_spf.letters.example\r\n", "dmarc": "reject", "mta_sts": "testing"}
    answer: Any = client.post(f"/domains/{UNSAFE}/dns/", {**form, "tls_rpt": "1", "caa": "letsencrypt.org"})
    assert answer["Location"].startswith("/runs/")
    row = DomainDns.objects.get(domain__name=UNSAFE)
    assert (row.spf_terms, row.dmarc, row.mta_sts) == (["include:_spf.letters.example"], "reject", "testing")
    assert (row.tls_rpt, row.caa, row.dmarc_testing) == (True, ["letsencrypt.org"], False)
    wrong: Any = client.post(f"/domains/{UNSAFE}/dns/", {**form, "spf_terms": "+all"})
    assert wrong.status_code == 422
    assert 'id="e-spf_terms"' in wrong.content.decode()
    assert DomainDns.objects.get(domain__name=UNSAFE).spf_terms == ["include:_spf.letters.example"]


def test_others_records_are_shown_before_they_are_replaced(stage: Stage) -> None:
    """What is in the way stands beside what shall be there; only what is ticked is named in the run."""
    from mailward.model.sentence import Sentence
    from mailward.publishing.difference import Conflict
    from mailward.store import values

    client, now = stage.client(stage.customer), stage.made.clock.now()
    conflict = Conflict(f"mail.{UNSAFE}", "A", ("192.0.2.7 <b>",), ("127.0.0.1",), Sentence("in the way"))
    Run.objects.create(
        kind="dns", state="done", subject=UNSAFE, asked_by="a test", created_at=now, domain=UNSAFE,
        answer={"conflicts": [values.freeze(conflict)], "missing": [], "ds": ["12345 13 2 ABCDEF"]},
    )  # fmt: skip
    text = page(stage, f"/domains/{UNSAFE}/dns/", stage.customer)
    assert "192.0.2.7 &lt;b&gt;" in text
    assert "12345 13 2 ABCDEF" in text
    client.post(f"/domains/{UNSAFE}/dns/", {"do": "publish", "overwrite": f"mail.{UNSAFE} A"})
    assert Run.objects.filter(kind="dns", subject=UNSAFE).latest("id").request == {"overwrite": [[f"mail.{UNSAFE}", "A"]]}
    other: Any = client.post(f"/domains/{UNSAFE}/dns/", {"do": "publish", "overwrite": f"{SAFE} MX"})
    assert other.status_code == 422


def test_a_zones_home_at_a_provider_is_the_providers_to_choose(stage: Stage) -> None:
    """By hand is anybody's choice who may change DNS; an API and its token are the provider's, and the token is sealed."""
    from mailward.store.models import Zone

    path, form = f"/domains/{UNSAFE}/dns/", {"do": "home", "home": "provider", "provider": "powerdns"}
    given = {**form, "options": "server=https://127.0.0.1:8081", "secret": "a-token-of-the-api"}
    assert stage.client(stage.customer).post(path, given).status_code == 403
    assert stage.client(stage.provider).post(path, given).status_code == 302
    row = Zone.objects.get(name=UNSAFE)
    assert (row.home, row.provider, row.options) == ("provider", "powerdns", {"server": "https://127.0.0.1:8081"})
    assert b"a-token" not in bytes(row.sealed_secret)
    assert "a-token" not in page(stage, path)
    assert stage.client(stage.customer).post(path, {"do": "home", "home": "by-hand"}).status_code == 302
    assert "changed by hand" in page(stage, path, stage.customer)
    stage.client(stage.customer).post(path, {"do": "home", "home": "here"})


def test_the_button_that_cures_is_a_run(stage: Stage) -> None:
    """What the last check found there is published; what it didn't find is refused."""
    from stage_world import dns_checks

    client = stage.client(stage.customer)
    dns_checks(stage.made.clock.now())  # whatever other tests had looked at
    assert "/cure/" in page(stage, f"/domains/{UNSAFE}/board/", stage.customer)
    answer: Any = client.post(f"/domains/{UNSAFE}/cure/", {"mechanism": "spf", "subject": UNSAFE})
    assert answer["Location"].startswith("/runs/")
    assert client.post(f"/domains/{UNSAFE}/cure/", {"mechanism": "spf", "subject": "other"}).status_code == 400


def test_new_keys_are_asked_for_by_who_may_change_dns(stage: Stage) -> None:
    """The keys and what they do are shown; new ones are a run; whoever only looks is offered no button."""
    text = page(stage, f"/domains/{SAFE}/dns/", stage.customer)
    assert "DKIM keys" in text
    answer: Any = stage.client(stage.customer).post(f"/domains/{SAFE}/dns/", {"do": "rotate"})
    assert answer["Location"].startswith("/runs/")
    assert Run.objects.filter(kind="dns", subject=SAFE).latest("id").request == {"rotate": [SAFE]}
    seen = page(stage, f"/domains/{SAFE}/dns/", stage.support)
    assert "DKIM keys" in seen
    assert 'value="rotate"' not in seen
    assert stage.client(stage.support).post(f"/domains/{SAFE}/dns/", {"do": "rotate"}).status_code == 403
