"""E-mail addresses and what clients will say, over a made-up world: who sees which, what is shown once, what is refused."""

import re
import time
from typing import Any

import pytest

from stage import Stage

OWN = "uma@bluebakery.example"


def text(response: Any) -> str:
    return str(response.content.decode())


def test_the_lists_show_what_is_in_reach(stage: Stage) -> None:
    """A customer sees the addresses of their own domains; who has one mailbox is led to it; others' are unknown."""
    customer, user = stage.client(stage.customer), stage.client(stage.mailbox_user)
    assert OWN in text(customer.get("/mail/addresses/"))
    assert "oldmillpress" not in text(customer.get("/mail/addresses/"))
    assert "team@bluebakery.example" in text(customer.get("/mail/addresses/?show=aliases"))
    assert customer.get("/mail/addresses/otto@oldmillpress.example/").status_code == 404
    assert user.get("/mail/addresses/").headers["Location"] == f"/mail/addresses/{OWN}/"
    page = text(user.get(f"/mail/addresses/{OWN}/"))
    assert "Make an app password" in page
    assert "Quota in GiB" not in page
    assert user.get("/mail/addresses/paula@bluebakery.example/").status_code == 404


def test_a_made_password_is_shown_once(stage: Stage) -> None:
    """A password that is made here stands in the answer to its request, and in no page after it."""
    user = stage.client(stage.mailbox_user)
    shown = text(user.post(f"/mail/addresses/{OWN}/password/", {"make": "1"}))
    found = re.search(r'<output class="secret" id="secret">([^<]+)</output>', shown)
    assert found is not None
    assert found.group(1) not in text(user.get(f"/mail/addresses/{OWN}/"))


def test_an_app_password_is_shown_once_and_ends(stage: Stage) -> None:
    """It is shown with how to type it in, listed without its text, and opens nothing once it is revoked."""
    user = stage.client(stage.mailbox_user)
    answer = user.post(
        f"/mail/addresses/{OWN}/app-passwords/", {"label": "<b>phone</b>", "protocols": ["imap", "submission"]}
    )
    found = re.search(r'id="secret">([a-z2-9-]+)</output>', text(answer))
    assert found is not None
    page = text(user.get(f"/mail/addresses/{OWN}/"))
    assert "&lt;b&gt;phone&lt;/b&gt;" in page
    assert found.group(1) not in page
    again = user.post(f"/mail/addresses/{OWN}/app-passwords/", {"label": "<b>phone</b>", "protocols": ["imap"]})
    assert again.status_code == 400
    assert 'id="e-label"' in text(again)
    user.post(f"/mail/addresses/{OWN}/app-passwords/{found.group(1)[:8]}/revoke/")
    assert "&lt;b&gt;phone" not in text(user.get(f"/mail/addresses/{OWN}/"))


def test_a_weak_password_is_refused_at_its_field(stage: Stage) -> None:
    """What is missing is said while it is typed, and again when it is sent; it is repeated nowhere."""
    user = stage.client(stage.mailbox_user)
    live = text(user.post("/mail/addresses/strength/", {"password": "Sommer2024", "address": OWN}))
    assert "<meter" in live
    assert "Sommer2024" not in live
    assert user.get("/mail/addresses/strength/?password=Sommer2024").status_code == 405
    refused = user.post(f"/mail/addresses/{OWN}/password/", {"password": "Sommer2024"})
    assert refused.status_code == 400
    assert 'id="e-password"' in text(refused)
    assert "Sommer2024" not in text(refused)


def test_addresses_are_added_and_removed(stage: Stage) -> None:
    """A mailbox, an alias and what collects everything else: each is added in one form, and ends after a warning."""
    customer = stage.client(stage.customer)
    domain = stage.unsafe_domain
    made = customer.post("/mail/addresses/add/", {"kind": "mailbox", "address": f"New@{domain}", "quota": "0,5"})
    assert 'id="secret"' in text(made)
    page = text(customer.get(f"/mail/addresses/new@{domain}/"))
    assert 'value="0.5"' in page
    alias = customer.post("/mail/addresses/add/", {"kind": "alias", "address": f"all@{domain}", "targets": f"new@{domain}"})
    assert alias.status_code == 302
    assert f"new@{domain}" in text(customer.get(f"/mail/addresses/all@{domain}/"))
    everything = {"kind": "catch-all", "address": domain, "targets": f"new@{domain}"}
    assert customer.post("/mail/addresses/add/", everything).headers["Location"] == f"/mail/addresses/@{domain}/"
    foreign = customer.post("/mail/addresses/add/", {"kind": "mailbox", "address": f"x@{stage.foreign_domain}"})
    assert foreign.status_code == 400
    assert 'id="e-address"' in text(foreign)
    for address in (f"new@{domain}", f"all@{domain}", f"@{domain}"):
        assert "Remove it" in text(customer.get(f"/mail/addresses/{address}/remove/"))
        assert customer.post(f"/mail/addresses/{address}/remove/").status_code == 302
        assert customer.get(f"/mail/addresses/{address}/").status_code == 404


def test_removing_a_mailbox_asks_for_a_second_factor(stage: Stage) -> None:
    """Who showed none lately is led to where it is shown, and nothing is removed."""
    stale = stage.client(stage.customer, fresh=False)
    answer = stale.post(f"/mail/addresses/info@{stage.safe_domain}/remove/")
    assert answer.headers["Location"].startswith("/confirm/?next=")
    assert stale.get(f"/mail/addresses/info@{stage.safe_domain}/").status_code == 200


def looked(client: Any, address: str) -> str:
    """The page of what clients say, when there is an answer."""
    where = client.post("/mail/clients/", {"address": address}).headers["Location"]
    for _ in range(100):
        page = text(client.get(where))
        if "hx-get" not in page.partition('id="waiting"')[2][:200]:
            return page
        time.sleep(0.1)
    raise AssertionError("no answer came")


def test_clients_are_told_with_warning_and_cure(stage: Stage) -> None:
    """Each mail program has its settings, its state and its cure; the QR code is drawn without any style of its own."""
    page = looked(stage.client(stage.customer), f"sales@{stage.unsafe_domain}")
    for name in ("Outlook", "Thunderbird", "Apple Mail", "Settings typed by hand"):
        assert name in page
    assert "What ends it" in page
    assert f"https://autoconfig.{stage.unsafe_domain}" in page
    assert '<svg class="qr"' in page
    assert "mailward secure" not in page
    assert "style=" not in page


def test_a_strangers_address_is_unknown(stage: Stage) -> None:
    """Nobody learns by this page what others hold."""
    answer = stage.client(stage.customer).post("/mail/clients/", {"address": f"otto@{stage.foreign_domain}"})
    assert answer.status_code == 400
    assert 'id="e-address"' in text(answer)


def test_a_mailbox_user_looks_at_their_own_address_alone(stage: Stage) -> None:
    """Their own address stands in the form already; a colleague's is as unknown as one that doesn't exist."""
    user = stage.client(stage.mailbox_user)
    assert f'value="{OWN}"' in text(user.get("/mail/clients/"))
    assert "Thunderbird" in looked(user, OWN)
    for other in (f"paula@{stage.safe_domain}", f"nobody@{stage.safe_domain}"):
        assert user.post("/mail/clients/", {"address": other}).status_code == 400


def test_a_stopped_mailbox_says_so(stage: Stage) -> None:
    """Log-ins can be stopped and let in again; its page and the list tell."""
    customer = stage.client(stage.customer)
    where = f"/mail/addresses/orders@{stage.safe_domain}/"
    customer.post(f"{where}switch/", {"to": "off"})
    assert "nobody can log in" in text(customer.get(where))
    customer.post(f"{where}switch/", {"to": "on"})
    assert "nobody can log in" not in text(customer.get(where))
    refused = customer.post(f"{where}quota/", {"quota": "-3"})
    assert refused.status_code == 400
    assert 'id="e-quota"' in text(refused)


def queries(client: Any, path: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


@pytest.mark.parametrize("show", ["", "?show=aliases"])
def test_a_page_of_addresses_asks_a_constant_number_of_questions(stage: Stage, show: str) -> None:
    """Thirty addresses cost as many questions to the store as three."""
    from mailward.store.models import Alias, Domain, Mailbox

    domain = Domain.objects.get(name=stage.foreign_domain)
    client = stage.client(stage.other_customer)
    few = queries(client, f"/mail/addresses/{show}")
    for number in range(30):
        Mailbox.objects.create(domain=domain, local_part=f"box{number}")
        Alias.objects.create(domain=domain, local_part=f"alias{number}", targets=["a@b.test"])
    try:
        assert queries(client, f"/mail/addresses/{show}") == few
    finally:
        Mailbox.objects.filter(domain=domain, local_part__startswith="box").delete()
        Alias.objects.filter(domain=domain, local_part__startswith="alias").delete()
