"""People, groups, invitations, activity and tokens in the panel: what is shown to whom, what their forms do, what is shown
once; and that a name with markup in it is text."""

import json
import re
from itertools import pairwise
from typing import Any

import pytest

from stage import Stage

HOSTILE = '<script>alert("x")</script>'


def text(response: Any) -> str:
    return str(response.content.decode())


def account(email: str) -> Any:
    from mailward.store.models import Account

    return Account.objects.get(email=email)


def followed(client: Any, path: str, form: dict[str, Any]) -> str:
    """The page after the form."""
    answer = client.post(path, form)
    assert answer.status_code == 302, text(answer)
    return text(client.get(answer.headers["Location"]))


@pytest.fixture
def invited(stage: Stage) -> Any:
    """Somebody whom the customer has invited for one domain, with markup in the name."""
    from mailward.store.models import Account

    answer = stage.client(stage.customer).post(
        "/people/invite/",
        {
            "email": "nina@bluebakery.example", "name": HOSTILE, "language": "nl", "role": "mail-administrator/domain",
            "where": stage.safe_domain,
        },
    )  # fmt: skip
    yield answer
    Account.objects.filter(email="nina@bluebakery.example").delete()


def test_everybody_sees_their_own_people_alone(stage: Stage) -> None:
    """The provider sees all, a customer who holds something within the customer alone."""
    everybody = text(stage.client(stage.provider).get("/people/"))
    own = text(stage.client(stage.customer).get("/people/"))
    assert all(email in everybody for email in (stage.provider, stage.customer, stage.other_customer))
    assert stage.mail_administrator in own
    assert stage.other_customer not in own
    assert stage.support not in own
    assert "DNS administrator" in everybody
    found = text(stage.client(stage.provider).get("/people/?q=otto"))
    assert stage.other_customer in found
    assert stage.support not in found


def test_an_invitation_shows_its_link_once(stage: Stage, invited: Any) -> None:
    """The link is in this answer alone; the account waits with its role, and its name is text."""
    assert invited.status_code == 200
    link = re.search(r"https://[^\s<]+(/invitation/[\w-]{43}/)", text(invited))
    assert link is not None
    assert stage.client().get(link[1], follow=True).status_code == 200
    client = stage.client(stage.customer)
    listed, page = text(client.get("/people/")), text(client.get(f"/people/{account('nina@bluebakery.example').pk}/"))
    for shown in (listed, page):
        assert "nina@bluebakery.example" in shown
        assert "invited" in shown
        assert HOSTILE not in shown
        assert "&lt;script&gt;alert" in shown
        assert "/invitation/" not in shown


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        (
            {"email": "nobody", "role": "mail-administrator/domain", "where": Stage.safe_domain},
            422,
            "is not a mail address",
        ),
        ({"email": "x@y.example", "role": "", "where": ""}, 422, "Choose a role"),
        ({"email": "x@y.example", "role": "mail-administrator/domain", "where": ""}, 422, "Write which one."),
        (
            {"email": "x@y.example", "role": "mail-administrator/domain", "where": Stage.foreign_domain},
            422,
            "not held here",
        ),
        ({"email": "x@y.example", "role": "provider/host", "where": ""}, 403, "may not give"),
        ({"email": Stage.other_customer, "role": "customer/customer", "where": ""}, 422, "be invited by you"),
    ],
)
def test_what_can_t_be_invited_is_refused(stage: Stage, form: dict[str, str], status: int, said: str) -> None:
    """A customer invites nobody to what is another's or the host's; what was typed stays, and no account is made."""
    from mailward.store.models import Account

    before = Account.objects.count()
    answer = stage.client(stage.customer).post("/people/invite/", {"name": "", "language": "", **form})
    assert answer.status_code == status
    assert status == 403 or said in text(answer).replace("&#x27;", "'")
    assert status == 403 or form["email"] in text(answer)
    assert Account.objects.count() == before


def test_roles_are_given_and_taken(stage: Stage, invited: Any) -> None:
    """One more role, then one fewer; the last role of a customer's own people is kept, and the page says why."""
    client, path = stage.client(stage.customer), f"/people/{account('nina@bluebakery.example').pk}/"
    given = followed(client, path, {"do": "give", "role": "auditor/customer", "where": ""})
    assert "The role is given." in given
    assert "Auditor" in given
    grants = list(account("nina@bluebakery.example").grants.order_by("pk").values_list("pk", flat=True))
    assert "The role is taken." in followed(client, path, {"do": "take", "grant": str(grants[1])})
    kept = client.post(path, {"do": "take", "grant": str(grants[0])})
    assert kept.status_code == 422
    assert "Close the account instead." in text(kept)
    assert client.post(path, {"do": "take", "grant": "no number"}).status_code == 422
    assert client.post(path, {"do": "nothing known"}).status_code == 422


def test_an_account_is_closed_and_opened_again(stage: Stage) -> None:
    """Closed, its owner is signed out and can do nothing; nobody closes their own."""
    owner = stage.client(stage.mail_administrator)
    assert owner.get("/domains/").status_code == 200
    client, path = stage.client(stage.customer), f"/people/{account(stage.mail_administrator).pk}/"
    assert "The account is closed" in followed(client, path, {"do": "close"})
    assert owner.get("/domains/").status_code == 302
    assert "Open the account again" in text(client.get(path))
    assert "The account is open again." in followed(client, path, {"do": "open"})
    own = f"/people/{account(stage.customer).pk}/"
    assert client.post(own, {"do": "close"}).status_code == 422
    assert "Close the account" not in text(client.get(own))


def test_a_new_link_asks_for_a_fresh_second_factor(stage: Stage) -> None:
    """A link is a way into somebody's account: without a second factor shown lately nothing is made."""
    from mailward.store.models import Invitation

    path = f"/people/{account(stage.mail_administrator).pk}/"
    stale = stage.client(stage.customer, fresh=False).post(path, {"do": "link"})
    assert stale.status_code == 302
    assert stale.headers["Location"].startswith("/confirm/")
    assert not Invitation.objects.filter(account__email=stage.mail_administrator).exists()
    fresh = stage.client(stage.customer).post(path, {"do": "link"})
    assert re.search(r"/invitation/[\w-]{43}/", text(fresh))
    Invitation.objects.filter(account__email=stage.mail_administrator).delete()


def test_who_only_looks_is_offered_no_buttons(stage: Stage) -> None:
    """An auditor reads the accounts and finds nothing to press; what they send anyway is refused."""
    client, path = stage.client(stage.auditor), f"/people/{account(stage.customer).pk}/"
    page = text(client.get(path))
    assert "change nothing" in page
    assert "Close the account" not in page
    assert "Give another role" not in page
    for do in ("close", "sign-out", "link", "give", "take", "factors", "open"):
        form = {"do": do, "role": "auditor/host", "grant": "1"}
        assert client.post(path, form).status_code == 403, do


def test_a_group_shares_its_roles(stage: Stage) -> None:
    """Made, named, filled, given a role, emptied and removed; with markup in its name."""
    client = stage.client(stage.customer)
    made = client.post("/groups/", {"name": HOSTILE})
    assert made.status_code == 302
    path = made.headers["Location"]
    page = text(client.get(path))
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    form = {"do": "give", "role": "dns-administrator/domain", "where": stage.unsafe_domain}
    assert "DNS administrator" in followed(client, path, form)
    assert stage.mail_administrator in followed(client, path, {"do": "join", "member": stage.mail_administrator})
    shared = text(client.get(f"/people/{account(stage.mail_administrator).pk}/"))
    assert "DNS administrator" in shared
    unknown = client.post(path, {"do": "join", "member": stage.other_customer})
    assert unknown.status_code == 422
    assert "Invite them first." in text(unknown)
    assert "Bakers" in followed(client, path, {"do": "rename", "name": "Bakers"})
    left = followed(client, path, {"do": "leave", "account": str(account(stage.mail_administrator).pk)})
    assert "Nobody is in this group." in left
    assert "The group is removed." in followed(client, path, {"do": "remove"})
    assert client.get(path).status_code == 404


def test_the_activity_is_each_ones_own(stage: Stage) -> None:
    """A provider reads everything; a customer what is theirs; the search finds it, and markup in it is text."""
    provider, customer = stage.client(stage.provider), stage.client(stage.customer)
    everything, own = text(provider.get("/activity/")), text(customer.get("/activity/"))
    assert "The record is whole" in everything
    assert stage.foreign_domain in everything
    assert stage.foreign_domain not in own
    assert stage.safe_domain in own
    assert HOSTILE not in everything
    assert stage.safe_domain not in text(provider.get("/activity/?q=oldmillpress"))
    assert "no-such-thing" not in text(provider.get("/activity/?what=no-such-thing&before=x")).partition("<table")[2]
    older = re.search(r"before=(\d+)", text(provider.get("/activity/")))
    assert older is None or provider.get(f"/activity/?before={older[1]}").status_code == 200


def test_the_activity_is_exported_as_json_lines(stage: Stage) -> None:
    """One JSON object on each line, each with the hash of the one before; a customer's export holds their own alone."""
    answer = stage.client(stage.provider).get("/activity.jsonl")
    assert answer.headers["Content-Type"].startswith("application/jsonl")
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert len(rows) > 10
    assert all(later["previous"] == earlier["sha256"] for earlier, later in pairwise(rows))
    own = b"".join(stage.client(stage.customer).get("/activity.jsonl").streaming_content).decode()
    assert stage.foreign_domain not in own
    assert 0 < len(own.splitlines()) < len(rows)


def test_a_broken_record_is_shouted(stage: Stage) -> None:
    """An entry that somebody changed in the store is told to whoever looks, by its number."""
    from mailward.store.models import Event

    row = Event.objects.order_by("id")[3]
    Event.objects.filter(pk=row.pk).update(subject="somebody-elses.example")
    stage.made.clock.move(seconds=11)  # it is followed from its beginning every ten seconds at most
    try:
        page = text(stage.client(stage.provider).get("/activity/?verify=1"))
        assert "tampered with" in page
        assert f"entry {row.pk} " in page
        assert "The record is whole" not in page
        assert "tampered with" in text(stage.client(stage.customer).get("/activity/"))
    finally:
        Event.objects.filter(pk=row.pk).update(subject=row.subject)
    stage.made.clock.move(seconds=11)
    assert "The record is whole" in text(stage.client(stage.provider).get("/activity/?verify=1"))


def test_a_token_is_shown_once_and_revoked(stage: Stage) -> None:
    """Made with what was ticked, shown in that answer alone, and listed by its label until it is revoked."""
    from mailward.actions.tokens import actor_of_token
    from mailward.model.rights import Act

    client = stage.client(stage.customer)
    form = {"label": HOSTILE, "scope": "some", "act": ["domains.read", "certificates.read"], "days": "30"}
    made = text(client.post("/tokens/", {**form, "domains": stage.safe_domain}))
    token = re.search(r"mw_\d+_[\w-]{43}", made)
    assert token is not None
    actor = actor_of_token(stage.made.office, token[0], "192.0.2.1")
    assert actor is not None
    assert actor.limits.acts == {Act.DOMAINS_READ, Act.CERTIFICATES_READ}
    assert actor.limits.domains == {stage.safe_domain}
    listed = text(client.get("/tokens/"))
    assert token[0] not in listed
    assert HOSTILE not in listed + made
    assert "&lt;script&gt;" in listed
    number = token[0].split("_")[1]
    assert stage.client(stage.other_customer).post("/tokens/", {"do": "revoke", "token": number}).status_code == 404
    assert "The token is revoked." in followed(client, "/tokens/", {"do": "revoke", "token": number})
    assert actor_of_token(stage.made.office, token[0], "192.0.2.1") is None


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"label": "x", "scope": "some"}, 422),
        ({"label": "", "scope": "some", "act": ["domains.read"]}, 422),
        ({"label": "x", "scope": "some", "act": ["server.change"]}, 422),
        ({"label": "x", "scope": "some", "act": ["domains.read"], "domains": Stage.foreign_domain}, 422),
        ({"label": "x", "scope": "some", "act": ["domains.read"], "days": "9999"}, 422),
    ],
)
def test_a_token_that_would_allow_more_is_refused(stage: Stage, form: dict[str, Any], status: int) -> None:
    """Nothing ticked, no label, an act or a domain that isn't one's own, too long a life: none is made."""
    from mailward.store.models import ApiToken

    before = ApiToken.objects.count()
    answer = stage.client(stage.customer).post("/tokens/", form)
    assert answer.status_code == status
    assert "mw_" not in text(answer).partition("Make a token")[2]
    assert ApiToken.objects.count() == before


def test_every_word_of_the_record_has_its_sentence() -> None:
    """What any part of Mailward writes down is told in words on the page of the activity."""
    from pathlib import Path

    from mailward.panel.people.event_words import TOLD

    source = Path(__file__).parents[3] / "src" / "mailward"
    said = "\n".join(path.read_text() for path in source.rglob("*.py") if path.name != "event_words.py")
    told = set(re.findall(r'\btell\(\s*\w+,\s*(?:\w+,\s*)?"([a-z]+(?:-[a-z]+)*(?:\.[a-z-]+)?)"', said))
    assert len(told) > 15
    assert told - set(TOLD) == set()
