"""People of the panel: who sees whom, who gives what, and how they get in."""

from datetime import timedelta

import pytest

from mailward.model.errors import BadInput, Forbidden, NeedsSecondFactor, NotPossible
from mailward.model.people import Actor, Limits
from mailward.model.rights import Act, Grant, PersonRole

ROOT = Actor("root")
GOOD = "Harbour-Lantern-42-Violin"
PROVIDER, CUSTOMER = PersonRole.PROVIDER, PersonRole.CUSTOMER


@pytest.fixture
def office(made):
    """Customers A (a.test, with a mailbox) and B (b.test)."""
    from mailward.actions import domains, mailboxes

    domains.add_domain(made.office, ROOT, "a.test", customer="A")
    domains.add_domain(made.office, ROOT, "b.test", customer="B")
    mailboxes.add_mailbox(made.office, ROOT, "uma@a.test", GOOD)
    return made.office


def person(office, email: str, *grants: Grant, password: str = GOOD) -> int:
    """Somebody who has taken their invitation up, with these roles."""
    from mailward.actions import invitations, roles

    first, *more = grants
    made = invitations.invite(office, ROOT, email, email.partition("@")[0].title(), "", first)
    for grant in more:
        roles.grant_role(office, ROOT, made.person.id, grant)
    return invitations.accept_invitation(office, made.secret, password, "192.0.2.1")


def acting(office, number: int, *, fresh: bool = True) -> Actor:
    from mailward.actions.people import actor_of

    actor = actor_of(office, number, "192.0.2.9", is_fresh=fresh)
    assert actor is not None
    return actor


@pytest.fixture
def ada(office) -> Actor:
    """A provider."""
    return acting(office, person(office, "ada@host.test", Grant(PROVIDER)))


@pytest.fixture
def paula(office) -> Actor:
    """Who has all of customer A."""
    return acting(office, person(office, "paula@a.test", Grant(CUSTOMER, customer="A")))


def emails(office, actor: Actor, **options: str) -> list[str]:
    from mailward.actions.people import list_people

    return [row.email for row in list_people(office, actor, **options)]


def events(what: str) -> list:
    from mailward.store.models import Event

    return list(Event.objects.filter(what=what).order_by("id"))


def test_an_invitation_makes_an_account_that_its_owner_takes_up(office) -> None:
    """The secret is answered once and kept as its hash; until it is used nobody can sign in, then its owner can."""
    from mailward.actions import invitations
    from mailward.store.models import Account, Invitation

    made = invitations.invite(office, ROOT, " Sam@Host.Test ", "Sam  Support", "nl", Grant(PersonRole.SUPPORT))
    assert made.secret not in repr(made)
    kept = Invitation.objects.get()
    assert made.secret not in str(vars(kept))
    account = Account.objects.get()
    assert (account.email, account.name, account.language) == ("sam@host.test", "Sam Support", "nl")
    assert not account.has_usable_password()
    assert (made.person.has_password, made.person.invited_until) == (False, made.expires_at)
    shown = invitations.invitation_for(office, made.secret)
    assert (shown.email, shown.invited_by) == ("sam@host.test", "root")
    number = invitations.accept_invitation(office, made.secret, GOOD, "192.0.2.1")
    account.refresh_from_db()
    assert (number, account.check_password(GOOD)) == (account.pk, True)
    with pytest.raises(BadInput, match="can't be used"):
        invitations.accept_invitation(office, made.secret, GOOD, "192.0.2.1")
    (event,) = events("person.password-chosen")
    assert (event.who, event.came_from) == ("sam@host.test", "192.0.2.1")


def test_a_link_ends_after_seven_days_with_a_new_one_and_with_the_account(office, made, ada) -> None:
    """Old, replaced, invented and of a closed account: the same answer for all."""
    from mailward.actions import invitations, people

    def refused(secret: str) -> str:
        with pytest.raises(BadInput) as caught:
            invitations.invitation_for(office, secret)
        return str(caught.value.what)

    first = invitations.invite(office, ada, "sam@host.test", "", "", Grant(PersonRole.SUPPORT))
    second = invitations.renew_invitation(office, ada, first.person.id)
    said = {refused(first.secret), refused(""), refused("x" * 43), refused("\ud800")}
    assert invitations.invitation_for(office, second.secret).email == "sam@host.test"
    made.clock.sleep(timedelta(days=7).total_seconds() + 1)
    said.add(refused(second.secret))
    third = invitations.renew_invitation(office, ada, first.person.id)
    people.close_account(office, ada, first.person.id)
    said.add(refused(third.secret))
    assert len(said) == 1
    with pytest.raises(BadInput, match="closed"):
        invitations.renew_invitation(office, ada, first.person.id)


@pytest.mark.parametrize("password", ["", "short", "password1234567890", "paula@a.test-Paula", "x" * 300])
def test_a_weak_first_password_is_refused_and_the_link_stays(office, ada, password: str) -> None:
    """Nobody loses their invitation by a bad first try."""
    from mailward.actions import invitations

    made = invitations.invite(office, ada, "paula@a.test", "Paula", "", Grant(CUSTOMER, customer="A"))
    with pytest.raises(BadInput):
        invitations.accept_invitation(office, made.secret, password, "")
    assert invitations.accept_invitation(office, made.secret, GOOD, "")


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("email", {"email": "nobody"}), ("email", {"email": f"{'a' * 250}@b.test"}), ("email", {"email": "a@b\n.test"}),
        ("email", {"email": "ADA@host.test"}), ("name", {"name": "x" * 121}), ("name", {"name": "a\u202eb"}),
        ("language", {"language": "tlh"}),
    ],
)  # fmt: skip
def test_what_nobody_can_be_called_is_refused(office, ada, field: str, given: dict[str, str]) -> None:
    """Addresses that are none or taken, endless or invisible names, unknown languages; nothing is left behind."""
    from mailward.actions import invitations
    from mailward.store.models import Account, Event

    before = (Account.objects.count(), Event.objects.count())
    wanted = {"email": "new@host.test", "name": "", "language": "", **given}
    with pytest.raises(BadInput) as caught:
        invitations.invite(office, ada, **wanted, grant=Grant(PersonRole.SUPPORT))
    assert caught.value.field == field
    assert (Account.objects.count(), Event.objects.count()) == before


def test_a_customer_sees_their_own_people_alone(office, ada, paula) -> None:
    """Accounts whose every grant lies within the customer, by their own grants or a group's; who also holds something
    elsewhere is unknown to them."""
    from mailward.actions import groups, people

    mia = person(office, "mia@a.test", Grant(PersonRole.MAIL_ADMINISTRATOR, domain="a.test"))
    person(office, "uma@a.test", Grant(PersonRole.MAILBOX_USER, mailbox="uma@a.test"))
    otto = person(office, "otto@b.test", Grant(CUSTOMER, customer="B"))
    both = person(office, "both@b.test", Grant(CUSTOMER, customer="B"), Grant(CUSTOMER, customer="A"))
    assert emails(office, ada) == [
        "ada@host.test", "both@b.test", "mia@a.test", "otto@b.test", "paula@a.test", "uma@a.test"
    ]  # fmt: skip
    assert emails(office, paula) == ["mia@a.test", "paula@a.test", "uma@a.test"]
    assert emails(office, paula, search="MIA") == ["mia@a.test"]
    group = groups.add_group(office, ada, "Night watch")
    groups.add_member(office, ada, group.id, mia)
    assert emails(office, paula) == ["paula@a.test", "uma@a.test"]
    for number in (otto, both, mia, ada.account, 999_999):
        with pytest.raises(BadInput) as caught:
            people.close_account(office, paula, number)
        assert caught.value.code == "unknown"
    with pytest.raises(Forbidden):
        people.list_people(office, acting(office, mia))


def test_a_list_takes_the_same_number_of_queries_for_one_and_for_many(office, ada) -> None:
    """Grants, groups, invitations and second factors of a hundred people are not asked for one by one."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from mailward.actions import invitations, people
    from mailward.actions.people import actor_of

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            people.list_people(office, ada, limit=200)
        return len(seen)

    invitations.invite(office, ada, "x@a.test", "", "", Grant(CUSTOMER, customer="A"))
    few = queries()
    for number in range(30):
        invitations.invite(office, ada, f"x{number}@a.test", "", "", Grant(CUSTOMER, customer="A"))
    assert queries() == few
    with CaptureQueriesContext(connection) as seen:
        actor_of(office, ada.account, "", is_fresh=False)
    assert len(seen) == 2


@pytest.mark.parametrize(
    "grant",
    [
        Grant(PROVIDER), Grant(PersonRole.SUPPORT), Grant(PersonRole.AUDITOR), Grant(PersonRole.DNS_ADMINISTRATOR),
        Grant(CUSTOMER, customer="B"), Grant(PersonRole.MAIL_ADMINISTRATOR, domain="b.test"),
        Grant(PersonRole.DNS_ADMINISTRATOR, customer="B"), Grant(PersonRole.SUPPORT, customer="A"),
        Grant(CUSTOMER), Grant(CUSTOMER, domain="a.test"), Grant(PROVIDER, customer="A"),
        Grant(PersonRole.MAILBOX_USER, mailbox="nobody@a.test"), Grant(CUSTOMER, customer="None such"),
        Grant(PersonRole.MAIL_ADMINISTRATOR, customer="B", domain="a.test"),
    ],
    ids=str,
)  # fmt: skip
def test_a_customer_gives_nothing_that_they_do_not_hold(office, paula, grant: Grant) -> None:
    """Neither by inviting nor by granting, to others or to themselves."""
    from mailward.actions import invitations, roles
    from mailward.store.models import Account, RoleGrant

    before = (Account.objects.count(), RoleGrant.objects.count())
    with pytest.raises((BadInput, Forbidden)):
        invitations.invite(office, paula, "new@a.test", "", "", grant)
    with pytest.raises((BadInput, Forbidden)):
        roles.grant_role(office, paula, paula.account, grant)
    assert (Account.objects.count(), RoleGrant.objects.count()) == before


@pytest.mark.parametrize(
    "grant",
    [
        Grant(CUSTOMER, customer="A"), Grant(PersonRole.AUDITOR, customer="A"),
        Grant(PersonRole.DNS_ADMINISTRATOR, customer="A"), Grant(PersonRole.DNS_ADMINISTRATOR, domain="a.test"),
        Grant(PersonRole.MAIL_ADMINISTRATOR, domain="a.test"), Grant(PersonRole.MAILBOX_USER, mailbox="uma@a.test"),
    ],
    ids=str,
)  # fmt: skip
def test_a_customer_gives_and_takes_what_is_theirs(office, paula, grant: Grant) -> None:
    """Each of the five roles within their own customer; the record says whose it is."""
    from mailward.actions import invitations, roles

    made = invitations.invite(office, paula, "new@a.test", "", "", grant)
    assert [one.grant for one in made.person.grants] == [grant]
    assert [event.customer for event in events("role.granted")][-1] == "A"
    with pytest.raises(BadInput, match="already"):
        roles.grant_role(office, paula, made.person.id, grant)
    more = Grant(PersonRole.DNS_ADMINISTRATOR, domain="a.test")
    if more != grant:
        roles.grant_role(office, paula, made.person.id, more)
        left = roles.withdraw_role(office, paula, made.person.id, made.person.grants[0].id)
        assert [one.grant for one in left.grants] == [more]
        made_again = left.grants[0]
    else:
        made_again = made.person.grants[0]
    with pytest.raises(BadInput, match="nothing any more"):
        roles.withdraw_role(office, paula, made.person.id, made_again.id)


def test_what_is_offered_can_be_given(office, ada, paula) -> None:
    """A form offers a provider everything, a customer their five, and everybody else nothing."""
    from mailward.actions.roles import roles_to_give
    from mailward.model.rights import REACHES

    assert {one.role: one.reaches for one in roles_to_give(office, ada)} == dict(REACHES)
    offered = {one.role.value: [reach.value for reach in one.reaches] for one in roles_to_give(office, paula)}
    assert offered == {
        "dns-administrator": ["customer", "domain"], "customer": ["customer"], "mail-administrator": ["domain"],
        "mailbox-user": ["mailbox"], "auditor": ["customer"],
    }  # fmt: skip
    assert roles_to_give(office, Actor("sam", (Grant(PersonRole.SUPPORT),))) == ()


def test_giving_roles_asks_for_a_fresh_second_factor(office, ada) -> None:
    """So does everything that is a way into somebody's account."""
    from mailward.actions import groups, invitations, people, roles

    stale = acting(office, ada.account, fresh=False)
    other = person(office, "sam@host.test", Grant(PersonRole.SUPPORT))
    group = groups.add_group(office, stale, "Watch")
    for action in (
        lambda: invitations.invite(office, stale, "x@a.test", "", "", Grant(PersonRole.SUPPORT)),
        lambda: invitations.renew_invitation(office, stale, other),
        lambda: roles.grant_role(office, stale, other, Grant(PROVIDER)),
        lambda: roles.withdraw_role(office, stale, other, 1),
        lambda: people.remove_second_factors(office, stale, other),
        lambda: groups.add_member(office, stale, group.id, other),
        lambda: groups.remove_group(office, stale, group.id),
        lambda: groups.grant_to_group(office, stale, group.id, Grant(PROVIDER)),
    ):
        with pytest.raises(NeedsSecondFactor):
            action()
    people.close_account(office, stale, other)


def test_a_narrowed_token_gives_no_more_than_it_allows(office, ada) -> None:
    """A token for roles.change alone can't make a provider; one for a domain can't reach a customer."""
    from dataclasses import replace

    from mailward.actions import invitations, people, roles

    other = person(office, "sam@host.test", Grant(PersonRole.SUPPORT))
    narrow = replace(ada, limits=Limits(acts=frozenset({Act.ROLES_CHANGE, Act.PEOPLE_CHANGE, Act.PEOPLE_READ})))
    with pytest.raises(Forbidden):
        roles.grant_role(office, narrow, other, Grant(PROVIDER))
    with pytest.raises(Forbidden):
        invitations.invite(office, narrow, "x@a.test", "", "", Grant(PROVIDER))
    for number in (other, ada.account):  # a link, or an account without its factors, is a way in to all that it may
        with pytest.raises(Forbidden):
            invitations.renew_invitation(office, narrow, number)
        with pytest.raises(Forbidden):
            people.remove_second_factors(office, narrow, number)
    tied = replace(ada, limits=Limits(domains=frozenset({"a.test"})))
    with pytest.raises((BadInput, Forbidden)):
        roles.grant_role(office, tied, other, Grant(CUSTOMER, customer="A"))
    with pytest.raises((BadInput, Forbidden)):
        invitations.invite(office, tied, "x@a.test", "", "", Grant(PROVIDER))


def test_a_closed_account_lets_nobody_in_until_it_is_opened(office, ada) -> None:
    """Sessions, tokens and links end; opened again, the password and the roles are what they were."""
    from allauth.usersessions.models import UserSession
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session

    from mailward.actions import invitations, people, tokens
    from mailward.store.models import Account

    number = person(office, "sam@host.test", Grant(PersonRole.SUPPORT))
    session = SessionStore()
    session["x"] = 1
    session.save()
    UserSession.objects.create(user_id=number, session_key=session.session_key, ip="192.0.2.1")
    token = tokens.create_token(office, acting(office, number), "script", ["domains.read"])
    link = invitations.renew_invitation(office, ada, number)
    row = people.close_account(office, ada, number)
    assert not row.active
    assert people.actor_of(office, number, "", is_fresh=True) is None
    assert tokens.actor_of_token(office, token.secret, "") is None
    assert (Session.objects.count(), UserSession.objects.count()) == (0, 0)
    people.close_account(office, ada, number)
    assert len(events("person.closed")) == 1
    opened = people.open_account(office, ada, number)
    assert (opened.active, [one.role.value for one in opened.grants]) == (True, ["support"])
    assert Account.objects.get(pk=number).check_password(GOOD)
    assert tokens.actor_of_token(office, token.secret, "") is None
    with pytest.raises(BadInput):
        invitations.invitation_for(office, link.secret)
    with pytest.raises(BadInput, match="own account"):
        people.close_account(office, ada, ada.account)


def test_a_new_password_ends_sessions_and_only_the_root_shell_sets_one(office, ada) -> None:
    """A made one is answered once; a person of the panel makes a link instead."""
    from mailward.actions import invitations
    from mailward.store.models import Account

    number = person(office, "sam@host.test", Grant(PersonRole.SUPPORT))
    _, made = invitations.reset_password(office, ROOT, number)
    assert made is not None
    assert Account.objects.get(pk=number).check_password(made)
    assert invitations.reset_password(office, ROOT, number, GOOD)[1] is None
    with pytest.raises(BadInput):
        invitations.reset_password(office, ROOT, number, "short")
    with pytest.raises(NotPossible, match="command line"):
        invitations.reset_password(office, ada, number)


def test_second_factors_of_a_locked_out_person_are_removed(office, ada) -> None:
    """All of them, recovery codes too; the record says how many, and never what."""
    from allauth.mfa.models import Authenticator

    from mailward.actions import people

    number = person(office, "sam@host.test", Grant(PersonRole.SUPPORT))
    for kind in ("totp", "recovery_codes"):
        Authenticator.objects.create(user_id=number, type=kind, data={"secret": "s3cr3t"})
    assert people.show_person(office, ada, number).second_factors == 1
    assert people.remove_second_factors(office, ada, number) == 2
    assert people.show_person(office, ada, number).second_factors == 0
    (event,) = events("second-factor.removed")
    assert event.detail == {"factors": 2}


def test_the_last_provider_can_not_be_locked_out(office, ada, paula) -> None:
    """Not by closing, taking the role, or emptying, stripping or removing the group that holds it. An invited provider who
    has no password yet doesn't count; one who has does."""
    from mailward.actions import groups, invitations, people, roles

    root_grant = people.show_person(office, ROOT, ada.account).grants[0]
    invited = invitations.invite(office, ada, "eve@host.test", "", "", Grant(PROVIDER))

    def refused(action) -> None:
        with pytest.raises(NotPossible) as caught:
            action()
        assert caught.value.code == "last-provider"

    refused(lambda: people.close_account(office, ROOT, ada.account))
    refused(lambda: roles.withdraw_role(office, ROOT, ada.account, root_grant.id))
    group = groups.grant_to_group(office, ROOT, groups.add_group(office, ROOT, "Owners").id, Grant(PROVIDER))
    groups.add_member(office, ROOT, group.id, ada.account)
    roles.withdraw_role(office, ROOT, ada.account, root_grant.id)
    assert acting(office, ada.account).holds_host
    refused(lambda: groups.remove_member(office, ROOT, group.id, ada.account))
    refused(lambda: groups.remove_group(office, ROOT, group.id))
    refused(lambda: groups.withdraw_from_group(office, ROOT, group.id, group.grants[0].id))
    assert acting(office, ada.account).holds_host
    invitations.accept_invitation(office, invited.secret, GOOD, "")
    people.close_account(office, ROOT, ada.account)
    assert people.actor_of(office, ada.account, "", is_fresh=True) is None


def test_groups_share_roles_within_their_customer(office, ada, paula) -> None:
    """Members hold the group's roles at once; a customer's group takes neither foreign people nor foreign roles."""
    from mailward.actions import groups

    mia = person(office, "mia@a.test", Grant(PersonRole.MAILBOX_USER, mailbox="uma@a.test"))
    otto = person(office, "otto@b.test", Grant(CUSTOMER, customer="B"))
    group = groups.add_group(office, paula, "  Mail   team ", "A")
    assert (group.name, group.customer) == ("Mail team", "A")
    groups.grant_to_group(office, paula, group.id, Grant(PersonRole.MAIL_ADMINISTRATOR, domain="a.test"))
    groups.add_member(office, paula, group.id, mia)
    assert acting(office, mia).may_somewhere(Act.MAILBOXES_CHANGE)
    with pytest.raises(BadInput):
        groups.add_member(office, paula, group.id, otto)
    with pytest.raises((BadInput, Forbidden)):
        groups.grant_to_group(office, paula, group.id, Grant(PersonRole.MAIL_ADMINISTRATOR, domain="b.test"))
    with pytest.raises(BadInput, match="elsewhere"):
        groups.grant_to_group(office, ada, group.id, Grant(PersonRole.SUPPORT))
    with pytest.raises(BadInput, match="already"):
        groups.add_group(office, paula, "Mail team", "A")
    for customer in ("B", "None such"):
        with pytest.raises(BadInput):
            groups.add_group(office, paula, "x", customer)
    with pytest.raises(Forbidden):
        groups.add_group(office, paula, "x")
    groups.add_group(office, ada, "Mail team", "B")
    assert [row.name for row in groups.list_groups(office, paula)] == ["Mail team"]
    assert len(groups.list_groups(office, ada, search="mail")) == 2
    renamed = groups.rename_group(office, paula, group.id, "Post")
    assert [one.email for one in renamed.members] == ["mia@a.test"]
    groups.remove_member(office, paula, group.id, mia)
    assert not acting(office, mia).may_somewhere(Act.MAILBOXES_CHANGE)
    groups.remove_group(office, paula, group.id)
    told = [one.what for name in ("added", "joined", "renamed", "left", "removed") for one in events(f"group.{name}")]
    assert told == ["group.added", "group.added", "group.joined", "group.renamed", "group.left", "group.removed"]
    assert {one.customer for one in events("group.joined")} == {"A"}


def test_a_foreign_group_is_unknown(office, ada, paula) -> None:
    """What the provider or another customer has is not there for this one."""
    from mailward.actions import groups

    for group in (groups.add_group(office, ada, "Ours"), groups.add_group(office, ada, "Theirs", "B")):
        for action in (groups.show_group, groups.remove_group):
            with pytest.raises(BadInput) as caught:
                action(office, paula, group.id)
            assert caught.value.code == "unknown"
