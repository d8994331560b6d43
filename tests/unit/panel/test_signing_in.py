"""Signing in: password, second factor, forced enrolment, rate limits, sessions; and what is never told or kept."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from mailward.model.rights import Grant, PersonRole
from mailward.model.settings import SecondFactor
from mailward.web import office as served
from one_time_codes import code_of

EMAIL, PASSWORD = "ada@hosting.test", "Harbour-Lantern-42-Violin"
HERE = "192.0.2.7"


@pytest.fixture
def panel(made) -> Iterator[Callable[[SecondFactor], None]]:
    """The panel over a made host; called, it changes who must have a second factor."""
    cache.clear()

    def demand(whom: SecondFactor) -> None:
        served.use(replace(made.office, settings=replace(made.office.settings, second_factor=whom)))

    demand(SecondFactor.OPTIONAL)
    yield demand
    cache.clear()


def person(email: str = EMAIL, role: PersonRole = PersonRole.PROVIDER):
    from mailward.store.models import Account, RoleGrant

    account = Account(email=email)
    account.set_password(PASSWORD)
    account.save()
    RoleGrant.objects.create(account=account, role=role.value)
    return account


def browser(address: str = HERE, **headers: str) -> Client:
    return Client(HTTP_X_FORWARDED_PROTO="https", HTTP_X_FORWARDED_FOR=address, **headers)


def sign_in(client: Client, email: str = EMAIL, password: str = PASSWORD, **more: str):
    return client.post("/sign-in/", {"email": email, "password": password, **more})


def events(what: str):
    from mailward.store.models import Event

    return [(event.who, event.came_from) for event in Event.objects.filter(what=what)]


def with_code_app(client: Client) -> str:
    """Set up, as on its page; the secret."""
    page = client.get("/account/code-app/").content.decode()
    secret = re.search(r'<output class="secret">(\w+)</output>', page)
    assert secret is not None
    answer = client.post("/account/code-app/", {"code": code_of(secret.group(1))})
    assert (answer.status_code, answer["Location"]) == (302, "/account/recovery-codes/")
    return secret.group(1)


def forget_the_last_step() -> None:
    """As if half a minute had passed: a code counts once, and tests don't wait."""
    from allauth.mfa.models import Authenticator

    for row in Authenticator.objects.filter(type="totp"):
        row.data["last_step"] = 0
        row.save()


def test_a_password_lets_in_whoever_has_nothing_else(panel) -> None:
    """Where a second factor is optional and none is set up, the password is enough; the session gets a new name, and it is
    written down from where."""
    person()
    client = browser()
    client.get("/sign-in/")
    before = client.session.session_key
    answer = sign_in(client, next="/account/")
    assert (answer.status_code, answer["Location"]) == (302, "/account/")
    assert client.session.session_key != before
    assert events("signed-in") == [(EMAIL, HERE)]
    assert EMAIL in client.get("/account/").content.decode()
    assert client.get("/sign-in/").status_code == 302


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)", ""])
def test_it_leads_to_no_other_site(panel, target: str) -> None:
    """Whatever an address asks for, the way goes on within the panel."""
    person()
    assert sign_in(browser(), next=target)["Location"] == "/"


def test_unknown_wrong_closed_and_never_opened_are_answered_alike(panel) -> None:
    """Nobody learns which addresses have an account: the same status, the same page, and a password is hashed each time."""
    from mailward.store.models import Account

    person()
    closed = person("closed@hosting.test")
    closed.is_active = False
    closed.save()
    invited = Account(email="invited@hosting.test")
    invited.set_unusable_password()
    invited.save()
    pages, seconds = set(), []
    for email, password in (
        (EMAIL, "wrong"), ("nobody@hosting.test", PASSWORD), ("closed@hosting.test", PASSWORD),
        ("invited@hosting.test", ""),
    ):  # fmt: skip
        cache.clear()
        began = time.perf_counter()
        answer = sign_in(browser(), email, password)
        seconds.append(time.perf_counter() - began)
        page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", answer.content.decode().replace(email, "EMAIL"))
        pages.add((answer.status_code, page))
    assert len(pages) == 1
    assert next(iter(pages))[0] == 400
    assert max(seconds) < 6 * min(seconds), "somebody was answered without a password being hashed"


def test_what_was_typed_is_kept_nowhere(panel) -> None:
    """A password typed into the wrong field ends in no event."""
    from mailward.store.models import Event

    person()
    sign_in(browser(), PASSWORD, "x")
    assert [event.who for event in Event.objects.filter(what="sign-in-failed")] == ["unknown"]
    assert not any(PASSWORD.lower() in f"{event.who}{event.subject}{event.detail}".lower() for event in Event.objects.all())


def test_guessing_a_password_is_stopped_for_the_account(panel) -> None:
    """After five wrong ones nobody gets in, from whatever address and however the host is called, with the right one
    either; others are not touched."""
    person()
    person("other@hosting.test")
    for number in range(5):
        assert sign_in(browser(f"192.0.2.{number}"), password=f"guess {number}").status_code == 400
    stopped = browser("192.0.2.99").post(
        "/sign-in/", {"email": EMAIL.upper(), "password": PASSWORD}, HTTP_HOST="mx.test:4711"
    )
    assert stopped.status_code == 429
    assert "Wait five minutes" in stopped.content.decode()
    assert sign_in(browser(), "other@hosting.test").status_code == 302


def test_guessing_accounts_is_stopped_for_the_address(panel) -> None:
    """One address that tries one account after another is stopped; another one gets in."""
    person()
    answers = [sign_in(browser("203.0.113.5"), f"a{number}@hosting.test").status_code for number in range(12)]
    assert answers[-1] == 429
    assert answers.count(400) == 10
    assert sign_in(browser("203.0.113.6")).status_code == 302


def test_a_one_time_code_is_asked_for_and_counts_once(panel) -> None:
    """With a code app set up, the password alone opens nothing, and a code that was seen over a shoulder opens nothing
    again."""
    person()
    client = browser()
    sign_in(client)
    secret = with_code_app(client)
    forget_the_last_step()
    second = browser()
    assert sign_in(second, next="/account/")["Location"] == "/sign-in/second/"
    assert second.get("/account/")["Location"].startswith("/sign-in/")
    assert second.post("/sign-in/second/", {"code": "000000"}).status_code == 400
    code = code_of(secret)
    assert second.post("/sign-in/second/", {"code": f"{code[:3]} {code[3:]}"})["Location"] == "/account/"
    third = browser()
    sign_in(third)
    assert third.post("/sign-in/second/", {"code": code}).status_code == 400
    assert events("second-factor.added") == [(EMAIL, HERE)]
    assert len(events("sign-in-failed")) == 2


def test_guessing_one_time_codes_is_stopped(panel) -> None:
    """Whoever knows the password has five tries, in all sessions together."""
    person()
    client = browser()
    sign_in(client)
    secret = with_code_app(client)
    forget_the_last_step()
    for number in range(5):
        thief = browser(f"192.0.2.{number}")
        sign_in(thief)
        assert thief.post("/sign-in/second/", {"code": f"{number:06}"}).status_code == 400
    thief = browser("192.0.2.77")
    sign_in(thief)
    assert thief.post("/sign-in/second/", {"code": code_of(secret)}).status_code == 429


def test_a_recovery_code_lets_in_once(panel) -> None:
    """Ten codes are shown when the first second factor is set up; each lets in once, and they can be made anew."""
    person()
    client = browser()
    sign_in(client)
    with_code_app(client)
    codes = re.findall(r"<code>(\d+)</code>", client.get("/account/recovery-codes/").content.decode())
    assert len(codes) == 10
    kept = client.get("/account/recovery-codes/file/")
    assert kept["Content-Disposition"].startswith("attachment")
    assert [line for line in kept.content.decode().splitlines() if line.isdecimal()] == codes
    for answer in (302, 400):
        other = browser()
        sign_in(other)
        assert other.post("/sign-in/second/", {"code": codes[3]}).status_code == answer
        assert other.get("/account/recovery-codes/")["Location"].startswith(("/account/", "/sign-in/"))
    client.post("/account/recovery-codes/")
    other = browser()
    sign_in(other)
    assert other.post("/sign-in/second/", {"code": codes[4]}).status_code == 400


def test_secrets_of_second_factors_are_not_in_the_store(panel, store) -> None:
    """Whoever has the store alone can make neither one-time codes nor recovery codes."""
    person()
    client = browser()
    sign_in(client)
    secret = with_code_app(client)
    codes = re.findall(r"<code>(\d+)</code>", client.get("/account/recovery-codes/").content.decode())
    client.post("/sign-out/")
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = store.read_bytes()
    for word in (secret, *codes):
        assert word.encode() not in content


def test_whoever_must_have_a_second_factor_sees_only_where_one_is_set_up(panel) -> None:
    """By role: a provider without one is led to the enrolment from every page, and the API refuses; then all is open."""
    panel(SecondFactor.BY_ROLE)
    person()
    client = browser()
    sign_in(client)
    for path in ("/", "/account/", "/domains/", "/people/", "/account/sessions/end/", "/status.json"):
        assert client.get(path)["Location"] == "/enrol/", path
    assert client.post("/account/password/", {})["Location"] == "/enrol/"
    refused = client.get("/api/v1/domains")
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")
    assert client.get("/enrol/").status_code == 200
    with_code_app(client)
    assert client.get("/account/recovery-codes/").status_code == 200
    assert client.get("/account/").status_code == 200
    assert client.get("/enrol/")["Location"] == "/"


def test_a_session_from_before_the_enrolment_shows_the_second_factor_too(panel) -> None:
    """Whoever came in with the password alone, while no second factor was set up, is asked for it once there is one."""
    panel(SecondFactor.BY_ROLE)
    person()
    owner, thief = browser(), browser("198.51.100.9")
    sign_in(thief)
    sign_in(owner)
    with_code_app(owner)
    assert owner.get("/account/").status_code == 200
    assert thief.get("/account/")["Location"] == "/confirm/?next=%2Faccount%2F"
    assert thief.get("/account/passkey/")["Location"].startswith("/confirm/")
    thief.post("/confirm/", {"password": PASSWORD})
    assert thief.get("/account/").status_code == 302


@pytest.mark.parametrize(("whom", "role", "led"), [
    (SecondFactor.BY_ROLE, PersonRole.CUSTOMER, False),
    (SecondFactor.EVERYBODY, PersonRole.CUSTOMER, True),
    (SecondFactor.BY_ROLE, PersonRole.AUDITOR, True),
    (SecondFactor.OPTIONAL, PersonRole.PROVIDER, False),
])  # fmt: skip
def test_mailward_toml_says_who_must_have_one(panel, whom: SecondFactor, role: PersonRole, led: bool) -> None:
    """by-role, everybody, optional."""
    panel(whom)
    person(role=role)
    client = browser()
    sign_in(client)
    assert (client.get("/account/").status_code == 302) is led


def test_the_last_second_factor_stays_where_one_is_demanded(panel) -> None:
    """It can be removed only after another was added, or where none is demanded; removing asks for it once more."""
    from allauth.mfa.models import Authenticator

    panel(SecondFactor.BY_ROLE)
    person()
    client = browser()
    sign_in(client)
    with_code_app(client)
    number = Authenticator.objects.get(type="totp").pk
    client.post(f"/account/second-factor/{number}/remove/")
    assert Authenticator.objects.filter(type="totp").exists()
    panel(SecondFactor.OPTIONAL)
    age(client)
    assert client.post(f"/account/second-factor/{number}/remove/")["Location"] == "/confirm/?next=%2Faccount%2F"
    renew(client)
    client.post(f"/account/second-factor/{number}/remove/")
    assert not Authenticator.objects.exists()
    assert events("second-factor.removed") == [(EMAIL, HERE)]


def test_nobody_removes_anothers_second_factor(panel) -> None:
    """Numbers of others are numbers of nothing."""
    from allauth.mfa.models import Authenticator

    person()
    victim = browser()
    sign_in(victim)
    with_code_app(victim)
    person("thief@hosting.test")
    thief = browser()
    sign_in(thief, "thief@hosting.test")
    thief.post(f"/account/second-factor/{Authenticator.objects.get(type='totp').pk}/remove/")
    assert Authenticator.objects.filter(type="totp").exists()


def age(client: Client, seconds: float = 700) -> None:
    """As if what was shown in this session had been shown that long ago."""
    session = client.session
    session["account_authentication_methods"] = [
        {**one, "at": one["at"] - seconds} for one in session["account_authentication_methods"]
    ]
    session.save()


def renew(client: Client) -> None:
    age(client, -700)


def is_fresh(client: Client) -> bool:
    """What the actions are told of whoever asks."""
    from django.test import RequestFactory

    from mailward.store.models import Account
    from mailward.web.asking import _asker

    request = RequestFactory().get("/")
    request.session, request.user = client.session, Account.objects.get(email=EMAIL)
    actor = _asker(request)
    assert actor is not None
    return actor.is_fresh


def test_a_dangerous_act_asks_for_what_was_shown_lately(panel) -> None:
    """Ten minutes after it was shown, a second factor (or the password, where there is no other) is asked for anew."""
    person()
    client = browser()
    sign_in(client)
    assert is_fresh(client)
    age(client)
    assert not is_fresh(client)
    assert client.post("/confirm/", {"password": "wrong", "next": "/domains/"}).status_code == 400
    assert client.post("/confirm/", {"password": PASSWORD, "next": "/domains/"})["Location"] == "/domains/"
    assert is_fresh(client)
    secret = with_code_app(client)
    forget_the_last_step()
    age(client)
    client.post("/confirm/", {"password": PASSWORD})
    assert not is_fresh(client), "where a second factor is set up, the password is not enough"
    assert client.post("/confirm/?next=/domains/", {"code": code_of(secret)})["Location"] == "/domains/"
    assert is_fresh(client)


def test_a_password_is_never_fresh_where_a_second_factor_is_demanded(panel) -> None:
    """Whoever must have one and has none yet can do nothing dangerous."""
    person()
    client = browser()
    sign_in(client)
    panel(SecondFactor.EVERYBODY)
    assert not is_fresh(client)


def test_anothers_proof_in_the_same_session_counts_for_nobody(panel) -> None:
    """Records of somebody who began to sign in here make nobody else fresh."""
    person()
    client = browser()
    sign_in(client)
    session = client.session
    session["account_authentication_methods_user"] = "4711"
    session.save()
    assert not is_fresh(client)


def test_signing_out_ends_the_session_in_the_store(panel) -> None:
    """Its cookie opens nothing afterwards; a mere link can't sign anybody out."""
    person()
    client = browser()
    sign_in(client)
    cookie = client.cookies["__Host-mailward"].value
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    client.cookies["__Host-mailward"] = cookie
    assert client.get("/account/")["Location"].startswith("/sign-in/")
    assert events("signed-out") == [(EMAIL, HERE)]


def test_sessions_are_listed_and_ended_from_afar(panel) -> None:
    """Each with its browser and address; ending one, or all others, signs those out and no one else."""
    person()
    person("other@hosting.test")
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    here, phone, laptop = browser(), browser("198.51.100.9", HTTP_USER_AGENT=firefox), browser("198.51.100.10")
    stranger = browser()
    for client in (here, phone, laptop):
        sign_in(client)
    sign_in(stranger, "other@hosting.test")
    page = here.get("/account/").content.decode()
    assert "Firefox, Linux" in page
    assert "198.51.100.9" in page
    from allauth.usersessions.models import UserSession

    foreign = UserSession.objects.get(user__email="other@hosting.test").pk
    here.post("/account/sessions/end/", {"session": str(foreign)})
    assert stranger.get("/account/").status_code == 200
    here.post("/account/sessions/end/", {"session": str(UserSession.objects.get(ip="198.51.100.9").pk)})
    assert phone.get("/account/")["Location"].startswith("/sign-in/")
    assert laptop.get("/account/").status_code == 200
    here.post("/account/sessions/end/", {"session": "others"})
    assert laptop.get("/account/").status_code == 302
    assert here.get("/account/").status_code == 200
    assert len(events("session.ended")) == 2


def test_a_new_password_ends_all_other_sessions(panel) -> None:
    """The old one is asked for, a weak one is refused, and whoever was in with the old one is out."""
    account = person()
    here, thief = browser(), browser("198.51.100.9")
    sign_in(here)
    sign_in(thief)
    new = "Copper-Orchard-77-Sailing!"
    for old, first, again in (("wrong", new, new), (PASSWORD, "short", "short"), (PASSWORD, new, new + "x")):
        answer = here.post("/account/password/", {"old": old, "password": first, "again": again})
        assert answer.status_code == 400
        assert 'aria-invalid="true"' in answer.content.decode()
        assert new not in answer.content.decode()
    assert here.post("/account/password/", {"old": PASSWORD, "password": new, "again": new})["Location"] == "/account/"
    account.refresh_from_db()
    assert account.check_password(new)
    assert here.get("/account/").status_code == 200
    assert here.get("/account/").content.decode().count('class="row-actions"') == 1
    assert thief.get("/account/").status_code == 302


def test_the_accounts_language_counts_until_the_browser_chooses(panel) -> None:
    """Chosen at the account it follows to every browser; ?lang there is stronger, until it is chosen anew."""
    person()
    client = browser()
    sign_in(client)
    client.post("/account/language/", {"language": "de"})
    for one in (client, browser()):
        sign_in(one)
        assert one.get("/account/")["Content-Language"] == "de"
    client.get("/account/?lang=fr")
    assert client.get("/account/")["Content-Language"] == "fr"
    client.post("/account/language/", {"language": "nl"})
    assert client.get("/account/")["Content-Language"] == "nl"


def test_an_invitation_opens_once(panel, made) -> None:
    """Its owner chooses a password and signs in with it; the link ends, and an invented one is answered the same."""
    from mailward.actions.invitations import invite
    from mailward.model.people import Actor

    invited = invite(made.office, Actor("root"), "new@hosting.test", "New", "", Grant(PersonRole.SUPPORT))
    client, link = browser(), f"/invitation/{invited.secret}/"
    assert "new@hosting.test" in client.get(link).content.decode()
    assert client.post(link, {"password": "short", "again": "short"}).status_code == 400
    assert client.post(link, {"password": PASSWORD, "again": "other"}).status_code == 400
    assert client.post(link, {"password": PASSWORD, "again": PASSWORD})["Location"] == "/sign-in/"
    assert client.get(link).status_code == 404
    assert client.get("/invitation/invented/").status_code == 404
    assert sign_in(client, "new@hosting.test").status_code == 302


def test_an_invitation_speaks_the_language_that_was_chosen_with_it(panel, made) -> None:
    """Whoever invites knows the person better than a browser does; what the browser's owner chose here counts more."""
    from mailward.actions.invitations import invite
    from mailward.model.people import Actor

    invited = invite(made.office, Actor("root"), "neu@hosting.test", "Neu", "de", Grant(PersonRole.SUPPORT))
    link = f"/invitation/{invited.secret}/"
    assert browser().get(link, follow=True)["Content-Language"] == "de"
    chosen = browser()
    chosen.get("/sign-in/?lang=fr")
    assert chosen.get(link)["Content-Language"] == "fr"


def test_a_session_is_noted_once_a_minute_and_old_ones_go(panel, made) -> None:
    """A page costs no write; what has expired is taken out of the store when somebody signs in."""
    from allauth.usersessions.models import UserSession
    from django.contrib.sessions.models import Session
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    person()
    client = browser()
    Session.objects.create(session_key="old", session_data="", expire_date=made.clock.now() - timedelta(days=1))
    sign_in(client)
    assert not Session.objects.filter(session_key="old").exists()
    client.get("/account/")
    with CaptureQueriesContext(
        connection,
    ) as seen:
        client.get("/account/")
    assert [query["sql"] for query in seen if not query["sql"].startswith("SELECT")] == []
    assert UserSession.objects.count() == 1


@pytest.mark.parametrize("path", ["/account/", "/account/code-app/", "/account/passkey/", "/confirm/", "/enrol/",
                                  "/account/recovery-codes/", "/account/recovery-codes/file/"])  # fmt: skip
def test_a_stranger_is_led_to_the_sign_in(panel, path: str) -> None:
    """And back to where he wanted to go."""
    answer = browser().get(path)
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/sign-in/")


def test_forms_without_their_token_are_refused(panel) -> None:
    """Another site's form can neither sign in nor change anything."""
    person()
    client = Client(enforce_csrf_checks=True, HTTP_X_FORWARDED_PROTO="https", HTTP_X_FORWARDED_FOR=HERE)
    for path in ("/sign-in/", "/sign-in/second/", "/sign-out/", "/account/password/", "/account/language/"):
        assert client.post(path, {"email": EMAIL, "password": PASSWORD}).status_code == 403, path
