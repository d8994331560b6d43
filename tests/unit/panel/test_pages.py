"""The pages over a made-up world: who sees what, what is refused, and that everything from outside is text."""

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mailward.model.runs import RunState
from mailward.store.models import Customer, Domain, DomainState, Lineage, Run
from stage import Stage

SAFE, UNSAFE, FOREIGN = Stage.safe_domain, Stage.unsafe_domain, Stage.foreign_domain
OWN_PAGES = (
    "/", "/domains/", "/domains/?state=fail&sort=-ends", f"/domains/{SAFE}/", f"/domains/{UNSAFE}/", "/doors/",
    "/doors/?state=fail&door=imaps&q=mail", "/mail/settings/", f"/mail/settings/{SAFE}/", "/runs/", "/status.json",
)  # fmt: skip
OTHERS = (f"/domains/{FOREIGN}/", f"/domains/{FOREIGN}/remove/", f"/mail/settings/{FOREIGN}/", "/runs/15/")


def ended(stage: Stage, response: Any) -> Run:
    """The run to which a page has led, when it has ended."""
    found = re.fullmatch(r"/runs/(\d+)/(\?back=.*)?", response["Location"])
    assert found, response["Location"]
    for _ in range(200):
        run = Run.objects.get(pk=int(found[1]))
        if RunState(run.state).is_end:
            return run
        time.sleep(0.05)
    raise AssertionError(f"run {run.pk} is {run.state}")


@pytest.mark.parametrize("path", [*OWN_PAGES, *OTHERS, "/domains/add/", "/runs/1/live/"])
def test_nothing_is_shown_to_strangers(stage: Stage, path: str) -> None:
    """Whoever isn't signed in is led to the page where one signs in, and back."""
    response = stage.client().get(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/?next=")


def test_assets_are_kept_for_a_year_under_an_address_that_changes_with_them(stage: Stage) -> None:
    """Style and script have a part of their checksum in their address; another one may not be kept."""
    page = stage.client(stage.customer).get("/").content.decode()
    for address in re.findall(r'(?:href|src)="(/assets/[^"]+)"', page):
        response = stage.client().get(address)
        assert "immutable" in response["Cache-Control"], address
        assert stage.client().get(address.partition("?")[0])["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", OTHERS)
def test_what_others_hold_does_not_exist(stage: Stage, path: str) -> None:
    """A customer who tries another's domain or run is answered as if there were none."""
    assert stage.client(stage.customer).get(path).status_code == 404
    assert stage.client(stage.mailbox_user).get(path).status_code == 404


def test_a_customer_sees_own_domains_alone(stage: Stage) -> None:
    """No page of a customer names a domain of somebody else."""
    client = stage.client(stage.customer)
    for path in OWN_PAGES:
        page = client.get(path).content.decode()
        assert FOREIGN not in page, path
        assert "Old Mill" not in page, path


@pytest.mark.parametrize("who", [Stage.provider, Stage.customer])
def test_pages_hold_no_inline_script_or_style_and_no_markup_from_outside(stage: Stage, who: str) -> None:
    """The policy forbids inline code, no page needs it, and the subject of a certificate stays text."""
    client = stage.client(who)
    for path in (*OWN_PAGES, "/runs/1/", "/domains/add/"):
        response = client.get(path)
        page = response.content.decode()
        assert response.status_code == 200, path
        assert "unsafe" not in response["Content-Security-Policy"]
        assert not re.search(r'<script(?! src="/assets/)|<style|\sstyle=|<[^>]*\son[a-z]+=', page), path
        assert not re.search(r'(?:href|src|action)="(?:https?:)?//', page), path
    assert "&lt;script&gt;alert(&quot;x&quot;)" in client.get(f"/mail/settings/{SAFE}/").content.decode()


def test_what_nobody_looked_at_is_not_green(stage: Stage) -> None:
    """A domain without a look, and one that was looked at hours ago, have no green link and no green line."""
    client = stage.client(stage.provider)
    for domain in ("xn--bcher-kva.example", "northwind-studio.example"):
        chain = re.search(r'<ol class="chain">.*?</ol>', client.get(f"/domains/{domain}/").content.decode(), re.DOTALL)
        assert chain
        assert chain[0].count('<li class="is-unknown"') == 2
        line = client.get(f"/domains/?q={domain}").content.decode()
        assert "pill is-unknown" in line
        assert "pill is-pass" not in line


def test_home_tells_the_most_urgent_first(stage: Stage) -> None:
    """What is not safe stands before what is unknown, before what only needs attention; each leads to where it ends."""
    page = stage.client(stage.provider).get("/").content.decode()
    signs = re.findall(r'<li>\s*<span class="sign is-(\w+)"', page)
    assert signs == sorted(signs, key=["fail", "unknown", "warn"].index)
    assert f'action="/mail/settings/{UNSAFE}/"' in page
    assert "could not be renewed" in page
    assert "mailward secure" not in page


def test_lists_ask_as_many_questions_for_a_hundred_domains_as_for_ten(stage: Stage) -> None:
    """The number of queries of the lists and of home doesn't grow with the domains."""
    client = stage.client(stage.provider)

    def asked(path: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(path).status_code == 200
        return len(caught)

    paths = ("/", "/domains/", "/domains/?sort=-state", "/mail/settings/", "/doors/")
    before = [asked(path) for path in paths]
    holder = Customer.objects.create(name="Many")
    rows = [Domain(name=f"many{number:03}.example", customer=holder) for number in range(90)]
    try:
        Domain.objects.bulk_create(rows)
        now = stage.made.clock.now()
        DomainState.objects.bulk_create(
            DomainState(domain=row.name, web="fail", mail="fail", verdict="fail", checked_at=now) for row in rows
        )
        after = [asked(path) for path in paths]
        assert all(now <= then for now, then in zip(after, before, strict=True)), (before, after)
        assert "Page 1 of 4" in client.get("/domains/?q=many").content.decode()
        assert re.search(r"8\d more domains are not safe", client.get("/").content.decode())
    finally:
        DomainState.objects.filter(domain__startswith="many").delete()
        holder.domains.all().delete()
        holder.delete()


@pytest.mark.parametrize(("language", "word"), [("nl", "niet veilig"), ("de", "nicht sicher"), ("fr", "pas sûr")])
def test_each_language_is_spoken_and_kept(stage: Stage, language: str, word: str) -> None:
    """By the address once, by the cookie from then on; the switch keeps the page and its search."""
    client = stage.client(stage.customer)
    page = client.get(f"/domains/?state=fail&lang={language}").content.decode()
    assert f'<html lang="{language}"' in page
    assert word in page.lower()
    assert "state=fail&amp;lang=en" in page
    assert f'<html lang="{language}"' in client.get("/").content.decode()


def test_the_manuals_page_secures_and_takes_back(stage: Stage) -> None:
    """One button gets a wildcard for both; choosing the server's own certificate for both and OK brings back what was."""
    client = stage.client(stage.customer)
    run = ended(stage, client.post(f"/mail/settings/{UNSAFE}/", {"secure": "dns-01"}))
    assert run.state == RunState.DONE, run.what
    page = client.get(f"/mail/settings/{UNSAFE}/").content.decode()
    wildcard = Lineage.objects.get(domain__name=UNSAFE).pk
    assert len(re.findall(f'value="{wildcard}" checked', page)) == 2
    same = client.post(f"/mail/settings/{UNSAFE}/", {"webmail": wildcard, "mail": wildcard}, follow=True)
    assert "nothing was to do" in same.content.decode()
    run = ended(stage, client.post(f"/mail/settings/{UNSAFE}/", {"webmail": "self-signed", "mail": "self-signed"}))
    assert run.state == RunState.DONE, run.what
    assert Domain.objects.get(name=UNSAFE).mail_lineage is None


def test_a_certificate_that_does_not_fit_is_shown_disabled_and_refused(stage: Stage) -> None:
    """It can't be chosen on the page, says why, and a forged form gets the same reason."""
    client = stage.client(stage.customer)
    page = client.get(f"/mail/settings/{SAFE}/").content.decode()
    assert re.search(r'name="mail" value="bluebakery.example-upload" disabled', page)
    forged = client.post(f"/mail/settings/{SAFE}/", {"mail": f"{SAFE}-upload"})
    assert forged.status_code == 422
    assert f"does not cover mail.{SAFE}" in forged.content.decode()
    foreign = Lineage.objects.get(domain__name=FOREIGN).pk
    assert client.post(f"/mail/settings/{SAFE}/", {"mail": foreign}).status_code == 404


@pytest.mark.parametrize("who", [Stage.support, Stage.auditor, Stage.mail_administrator])
def test_those_who_only_read_can_choose_nothing(stage: Stage, who: str) -> None:
    """No button is shown to them, and a forged form is refused."""
    client = stage.client(who)
    page = client.get(f"/mail/settings/{SAFE}/").content.decode()
    assert 'type="submit">OK' not in page
    assert 'name="secure"' not in page
    assert client.post(f"/mail/settings/{SAFE}/", {"secure": "dns-01"}).status_code == 403
    assert client.post(f"/mail/settings/{SAFE}/", {"mail": "self-signed"}).status_code == 403


def test_a_domain_is_added_looked_at_and_removed(stage: Stage) -> None:
    """A name that can't be is refused at its field; a good one is published; removing asks for its name."""
    client = stage.client(stage.customer)
    bad = client.post("/domains/add/", {"domain": "no_such name"})
    assert bad.status_code == 422
    assert 'aria-invalid="true"' in bad.content.decode()
    run = ended(stage, client.post("/domains/add/", {"domain": "New.example"}))
    assert run.state == RunState.DONE, run.what
    assert Domain.objects.get(name="new.example").customer.name == "Blue Bakery"
    looked = ended(stage, client.post("/doors/verify/", {"domain": "new.example"}))
    assert looked.state == RunState.DONE, looked.what
    assert "is-fail" in client.get("/domains/new.example/").content.decode()
    assert client.post("/domains/new.example/remove/", {"domain": "other.example"}).status_code == 422
    assert ended(stage, client.post("/domains/new.example/remove/", {"domain": "new.example"})).state == RunState.DONE
    assert client.get("/domains/new.example/").status_code == 404


def test_dangerous_acts_ask_for_a_fresh_second_factor(stage: Stage) -> None:
    """Removing a domain and rolling back lead to where one is shown, when none was shown lately."""
    client = stage.client(stage.provider, fresh=False)
    applied = Run.objects.filter(kind="configuration", state="done").latest("pk").pk
    for response in (client.post(f"/domains/{SAFE}/remove/", {"domain": SAFE}), client.post(f"/runs/{applied}/roll-back/")):
        assert response["Location"].startswith("/confirm/?next=")
    assert Domain.objects.filter(name=SAFE).exists()


def test_only_the_provider_verifies_everything(stage: Stage) -> None:
    """A customer may look at own domains, not at the whole host."""
    assert stage.client(stage.customer).post("/doors/verify/").status_code == 403
    assert stage.client(stage.customer).post("/doors/verify/", {"domain": FOREIGN}).status_code == 404


def test_a_run_is_followed_until_it_ends(stage: Stage) -> None:
    """While it goes on, the page asks again, with and without JavaScript; afterwards it rests and shows the way back."""
    now = stage.made.clock.now() + timedelta(days=1)
    run = Run.objects.create(kind="order", state="done", subject=SAFE, asked_by=stage.customer, created_at=now, domain=SAFE)
    client = stage.client(stage.customer)
    rested = client.get(f"/runs/{run.pk}/?back=/mail/settings/").content.decode()
    assert 'href="/mail/settings/"' in rested
    assert "hx-trigger" not in rested
    assert "http-equiv" not in rested
    stage.resting.set()
    try:
        Run.objects.filter(pk=run.pk).update(state="running")
        going = client.get(f"/runs/{run.pk}/?back=//evil.example/").content.decode()
    finally:
        Run.objects.filter(pk=run.pk).delete()
        stage.resting.clear()
    assert f'hx-get="/runs/{run.pk}/live/"' in going
    assert '<meta http-equiv="refresh"' in going
    assert "back=%2F%2Fevil" not in going.replace("&amp;lang=", "").split("<main")[1]
    assert 'href="//evil' not in going


def test_diffs_are_for_those_who_read_runs(stage: Stage) -> None:
    """The provider sees what a run changes; its customer doesn't see the host's files."""
    applied = Run.objects.filter(kind="configuration", state="done").latest("pk").pk
    assert "smtpd_tls_protocols" in stage.client(stage.provider).get(f"/runs/{applied}/").content.decode()
    assert stage.client(stage.customer).get(f"/runs/{applied}/").status_code == 404
