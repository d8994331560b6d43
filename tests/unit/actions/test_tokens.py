"""Tokens for programs: what they let somebody do, and when they end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailward.model.errors import BadInput, Forbidden, NeedsSecondFactor
from mailward.model.people import Actor
from mailward.model.rights import DANGEROUS, HOST, Act, Grant, PersonRole, Place

ROOT = Actor("root")
GOOD = "Harbour-Lantern-42-Violin"


@pytest.fixture
def office(made):
    from mailward.actions import domains

    domains.add_domain(made.office, ROOT, "a.test", customer="A")
    domains.add_domain(made.office, ROOT, "b.test", customer="B")
    return made.office


def somebody(office, email: str, grant: Grant) -> Actor:
    from mailward.actions import invitations
    from mailward.actions.people import actor_of

    made = invitations.invite(office, ROOT, email, "", "", grant)
    actor = actor_of(office, invitations.accept_invitation(office, made.secret, GOOD, ""), "", is_fresh=True)
    assert actor is not None
    return actor


@pytest.fixture
def ada(office) -> Actor:
    return somebody(office, "ada@host.test", Grant(PersonRole.PROVIDER))


@pytest.fixture
def paula(office) -> Actor:
    return somebody(office, "paula@a.test", Grant(PersonRole.CUSTOMER, customer="A"))


def test_a_token_acts_for_its_owner_within_its_limits(office, paula) -> None:
    """Its owner's grants, narrowed to the acts and domains; from where it is used is told with what it does."""
    from mailward.actions import tokens

    made = tokens.create_token(office, paula, " My  script ", ["domains.read", "certificates.read"], ["A.test"], 30)
    assert made.token.label == "My script"
    actor = tokens.actor_of_token(office, made.secret, "192.0.2.9")
    assert actor is not None
    assert (actor.name, actor.account, actor.came_from) == ("paula@a.test", paula.account, "192.0.2.9")
    assert actor.may(Act.DOMAINS_READ, Place("A", "a.test"))
    assert not actor.may(Act.DOMAINS_READ, Place("A", "other.test"))
    assert not actor.may(Act.DOMAINS_REMOVE, Place("A", "a.test"))
    assert not actor.may(Act.DOMAINS_READ, Place("B", "b.test"))
    assert not actor.may(Act.DOMAINS_READ, HOST)


def test_it_never_allows_more_than_its_owner_may_now(office, ada, paula) -> None:
    """What the owner lost, the token has lost."""
    from mailward.actions import people, roles, tokens

    made = tokens.create_token(office, paula, "x")
    given = Grant(PersonRole.MAIL_ADMINISTRATOR, domain="a.test")
    roles.grant_role(office, ada, paula.account, given)
    first = people.show_person(office, ada, paula.account).grants[0]
    roles.withdraw_role(office, ada, paula.account, first.id)
    actor = tokens.actor_of_token(office, made.secret, "")
    assert actor.grants == (given,)


def test_its_secret_is_answered_once_and_kept_nowhere(office, paula) -> None:
    """The store has its SHA-256; no repr, no event and no row shows it."""
    from mailward.actions import tokens
    from mailward.cli.as_json import as_json
    from mailward.store.models import ApiToken, Event

    made = tokens.create_token(office, paula, "x", ["domains.read"])
    prefix, number, secret = made.secret.split("_", 2)
    assert (prefix, int(number), len(secret)) == ("mw", made.token.id, 43)
    kept = [str(list(table.objects.values())) for table in (ApiToken, Event)]
    for text in (repr(made), as_json(made, "en"), str(tokens.list_tokens(office, paula)), *kept):
        assert secret not in text


def test_what_is_no_token_lets_nobody_act(office, paula) -> None:
    """Unknown, cut short, with another's number, of another form; nothing raises."""
    from mailward.actions import tokens

    one = tokens.create_token(office, paula, "one", ["domains.read"]).secret
    two = tokens.create_token(office, paula, "two", ["domains.read"]).secret
    mixed = "_".join([*one.split("_", 2)[:2], two.split("_", 2)[2]])
    for text in (
        "",
        "mw_",
        one[:-1],
        one + "x",
        one.upper(),
        mixed,
        "mw_999_" + "x" * 43,
        f" {one}",
        "mw_1_\ud800",
        "é" * 50,
    ):
        assert tokens.actor_of_token(office, text, "") is None
    assert tokens.actor_of_token(office, one, "") is not None


def test_a_token_ends_by_time_by_revoking_and_with_its_owner(office, made, ada, paula) -> None:
    """Each of the three on its own; revoking twice is told once."""
    from mailward.actions import people, tokens
    from mailward.store.models import Event

    short = tokens.create_token(office, paula, "short", ["domains.read"], days=1)
    revoked = tokens.create_token(office, paula, "revoked", ["domains.read"])
    owned = tokens.create_token(office, paula, "owned", ["domains.read"])
    tokens.revoke_token(office, paula, revoked.token.id)
    tokens.revoke_token(office, ada, revoked.token.id)
    assert Event.objects.filter(what="token.revoked").count() == 1
    assert tokens.actor_of_token(office, revoked.secret, "") is None
    assert tokens.actor_of_token(office, short.secret, "") is not None
    made.clock.sleep(timedelta(days=1).total_seconds())
    assert tokens.actor_of_token(office, short.secret, "") is None
    assert [(row.label, row.is_usable) for row in tokens.list_tokens(office, paula)] == [
        ("owned", True), ("revoked", False), ("short", False)
    ]  # fmt: skip
    people.close_account(office, ada, paula.account)
    assert tokens.actor_of_token(office, owned.secret, "") is None


def test_its_use_is_written_at_most_once_a_minute(office, made, paula) -> None:
    """A busy program costs the store one write a minute; people see that it is in use."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from mailward.actions import tokens

    secret = tokens.create_token(office, paula, "x", ["domains.read"]).secret

    def writes() -> int:
        with CaptureQueriesContext(connection) as seen:
            tokens.actor_of_token(office, secret, "")
        assert len(seen) <= 4
        return sum(one["sql"].startswith("UPDATE") for one in seen)

    assert [writes(), writes()] == [1, 0]
    first = tokens.list_tokens(office, paula)[0].last_used_at
    made.clock.sleep(61)
    assert [writes(), writes()] == [1, 0]
    assert tokens.list_tokens(office, paula)[0].last_used_at > first


@pytest.mark.parametrize("acts", [None, *([one.value] for one in sorted(DANGEROUS))], ids=str)
def test_a_dangerous_token_asks_for_a_fresh_second_factor(office, ada, acts: list[str] | None) -> None:
    """All acts, and each dangerous one; used, it needs none any more."""
    from mailward.actions import tokens

    stale = replace(ada, is_fresh=False)
    with pytest.raises(NeedsSecondFactor):
        tokens.create_token(office, stale, "x", acts)
    made = tokens.create_token(office, ada, "x", acts)
    assert tokens.actor_of_token(office, made.secret, "").is_fresh
    assert tokens.create_token(office, stale, "x", ["domains.read"])


@pytest.mark.parametrize(
    ("field", "wish"),
    [
        ("acts", {"acts": []}), ("acts", {"acts": ["everything"]}), ("acts", {"acts": ["server.change"]}),
        ("domains", {"domains": []}), ("domains", {"domains": ["b.test"]}), ("domains", {"domains": ["none.test"]}),
        ("days", {"days": 0}), ("days", {"days": 367}), ("label", {"label": " "}), ("label", {"label": "x" * 121}),
        ("label", {"label": "a\x00b"}),
    ],
    ids=str,
)  # fmt: skip
def test_what_a_token_can_not_be_is_refused(office, paula, field: str, wish: dict) -> None:
    """Acts beyond the owner's, domains out of reach, no end, no name; nothing is written."""
    from mailward.actions import tokens
    from mailward.store.models import ApiToken, Event

    before = Event.objects.count()
    with pytest.raises(BadInput) as caught:
        tokens.create_token(office, paula, **{"label": "x", "acts": ["domains.read"], **wish})
    assert caught.value.field == field
    assert (ApiToken.objects.count(), Event.objects.count()) == (0, before)


def test_a_token_makes_no_token_that_allows_more(office, ada) -> None:
    """Neither other acts nor other domains; without a wish, the new one is as narrow."""
    from mailward.actions import tokens

    narrow = tokens.create_token(office, ada, "x", ["domains.read", "doors.read"], ["a.test"])
    actor = tokens.actor_of_token(office, narrow.secret, "")
    again = tokens.create_token(office, actor, "y").token
    assert (again.acts, again.domains) == (("domains.read", "doors.read"), ("a.test",))
    for wish in ({"acts": ["server.change"]}, {"domains": ["b.test"]}):
        with pytest.raises(BadInput):
            tokens.create_token(office, actor, "z", **wish)


def test_tokens_of_others_are_for_the_provider_to_see_and_end(office, ada, paula) -> None:
    """Nobody else learns that they are there; and nobody makes one for another but root's command line."""
    from mailward.actions import tokens

    theirs = tokens.create_token(office, ada, "x", ["domains.read"])
    mine = tokens.create_token(office, paula, "y", ["domains.read"])
    assert [row.label for row in tokens.list_tokens(office, paula)] == ["y"]
    with pytest.raises(BadInput) as caught:
        tokens.revoke_token(office, paula, theirs.token.id)
    assert caught.value.code == "unknown"
    with pytest.raises(Forbidden):
        tokens.list_tokens(office, paula, everybody=True)
    assert {row.label for row in tokens.list_tokens(office, ada, everybody=True)} == {"x", "y"}
    assert tokens.revoke_token(office, ada, mine.token.id).revoked_at is not None
    with pytest.raises(Forbidden):
        tokens.create_token(office, ada, "z", ["domains.read"], owner=paula.account)
    made = tokens.create_token(office, ROOT, "z", ["server.change"], owner=paula.account)
    assert not tokens.actor_of_token(office, made.secret, "").holds_host
    with pytest.raises(BadInput):
        tokens.create_token(office, ROOT, "z")
