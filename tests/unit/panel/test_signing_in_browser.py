"""Signing in as people do, in Chromium: enrolment with an app and with a passkey, four languages, no JavaScript, phones."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from playwright.sync_api import Browser, Page, expect, sync_playwright

from browsing import CHROMIUM, QUIET
from mailward.model.sentence import Sentence
from mailward.model.settings import SecondFactor
from mailward.web import office as served
from mailward.words import LANGUAGES, say
from one_time_codes import code_of
from stage import SECRET, TOTP_SECRET, Stage

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=QUIET)
        yield started
        started.close()


@pytest.fixture(autouse=True)
def production(stage: Stage) -> None:
    """Providers must have a second factor. Nobody tried yet: tests are many people at one address, within one half-minute
    of one-time codes."""
    from allauth.mfa.models import Authenticator

    settings = replace(stage.made.office.settings, second_factor=SecondFactor.BY_ROLE)
    served.use(replace(stage.made.office, settings=settings))
    cache.clear()
    for row in Authenticator.objects.filter(type="totp"):
        row.data["last_step"] = 0
        row.save()


def newcomer(email: str) -> str:
    """A provider with a password and nothing else."""
    from mailward.store.models import Account, RoleGrant

    account, _ = Account.objects.get_or_create(email=email)
    account.set_password(SECRET)
    account.save()
    RoleGrant.objects.get_or_create(account=account, role="provider")
    return email


def fresh(stage: Stage, browser: Browser, **options: Any) -> Page:
    page: Page = stage.context(browser, None, **options).new_page()
    page.set_default_timeout(10_000)
    return page


def with_password(page: Page, email: str, password: str = SECRET) -> None:
    page.goto("/sign-in/")
    page.fill("#f-email", email)
    page.fill("#f-password", password)
    page.click("main button[type=submit]")


def faults(page: Page) -> list[str]:
    """What axe-core finds, and whether anything is wider than the window."""
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = Axe().run(page, options=rules).response["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return [f"{page.url} {one['id']}: {node['html'][:150]}" for one in found for node in one["nodes"]] + (
        [f"{page.url} is {wide} px too wide"] if wide > 0 else []
    )


def test_enrolment_with_a_code_app_and_the_way_back_with_a_recovery_code(stage: Stage, browser: Browser) -> None:
    """A newcomer is led to set one up, scans, keeps the codes; later an app's code lets in, and a recovery code does
    when the phone is lost. On a phone no page is too wide, and axe finds nothing."""
    email, bad = newcomer("new-app@hosting.example"), []
    page = fresh(stage, browser, viewport=PHONE)
    page.goto("/sign-in/")
    bad += faults(page)
    with_password(page, email)
    page.wait_for_url("**/enrol/")
    bad += faults(page)
    page.goto("/people/")
    page.wait_for_url("**/enrol/")
    page.click('a[href="/account/code-app/"]')
    page.click("summary:has-text('scan')")
    secret = page.inner_text("output.secret")
    assert page.evaluate("document.querySelector('img.qr').naturalWidth") > 0
    bad += faults(page)
    page.fill("#f-code", code_of(secret))
    page.click("main button[type=submit]")
    page.wait_for_url("**/account/recovery-codes/")
    codes = page.locator("#recovery-codes code").all_inner_texts()
    assert len(codes) == 10
    bad += faults(page)
    with page.expect_download() as kept:
        page.click('a[href="/account/recovery-codes/file/"]')
    assert codes[0] in kept.value.path().read_text()
    page.goto("/people/")
    assert page.url.endswith("/people/")
    page.goto("/account/")
    bad += faults(page)

    again = fresh(stage, browser, viewport=PHONE)
    with_password(again, email)
    again.wait_for_url("**/sign-in/second/")
    bad += faults(again)
    again.fill("#f-code", codes[0])
    again.click("main button[type=submit]")
    again.wait_for_url(re.compile("localhost:[0-9]+/$"))
    again.goto("/confirm/?next=/account/")
    bad += faults(again)
    assert bad == []


def test_enrolment_and_sign_in_with_a_passkey(stage: Stage, browser: Browser) -> None:
    """A passkey (WebAuthn, a virtual authenticator) is made at the enrolment, and is asked for at the next sign-in and
    before dangerous acts; the page runs no script but ours."""
    email = newcomer("new-passkey@hosting.example")
    page = fresh(stage, browser)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**options, "automaticPresenceSimulation": True}})
    with_password(page, email)
    page.click('a[href="/account/passkey/"]')
    page.fill("#f-name", "blue <b>key</b>")
    page.click("[data-passkey-button]")
    page.wait_for_url("**/account/recovery-codes/")
    page.goto("/account/")
    expect(page.locator("main")).to_contain_text("blue <b>key</b>")
    page.goto("/")
    page.locator("details.account summary").click()
    page.locator("details.account button").click()
    page.wait_for_url("**/sign-in/**")
    with_password(page, email)
    page.wait_for_url("**/sign-in/second/")
    page.click("[data-passkey-button]")
    page.wait_for_url(re.compile("localhost:[0-9]+/$"))
    page.goto("/confirm/?next=/account/")
    page.click("[data-passkey-button]")
    page.wait_for_url("**/account/")
    assert [one for one in said if "Content Security" in one or "Error" in one] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_signs_in(stage: Stage, browser: Browser, language: str) -> None:
    """A browser that prefers a language is spoken to in it, through both steps, until it is in."""
    page = fresh(stage, browser, locale=language)
    with_password(page, Stage.provider)
    page.wait_for_url("**/sign-in/second/")
    assert page.get_attribute("html", "lang") == language
    assert page.inner_text("h1") == say(Sentence("Second factor"), language)
    page.fill("#f-code", code_of(TOTP_SECRET))
    page.click("main button[type=submit]")
    page.wait_for_url(re.compile("localhost:[0-9]+/$"))
    assert page.get_attribute("html", "lang") == language


def test_without_javascript_everything_but_a_passkey_works(stage: Stage, browser: Browser) -> None:
    """Sign in with a code, end the other sessions, sign out; a passkey's page says that it needs JavaScript."""
    page = fresh(stage, browser, java_script_enabled=False)
    with_password(page, Stage.provider)
    page.fill("#f-code", code_of(TOTP_SECRET))
    page.click("main button[type=submit]")
    page.goto("/account/passkey/")
    expect(page.locator("main")).to_contain_text("needs JavaScript and")
    expect(page.locator("[data-passkey-button]")).to_be_hidden()
    page.goto("/account/")
    page.locator("details.account summary").click()
    page.locator("details.account button").click()
    page.wait_for_url("**/sign-in/**")
    page.goto("/account/")
    assert "/sign-in/" in page.url


def test_who_guesses_is_told_to_wait(stage: Stage, browser: Browser) -> None:
    """After five wrong passwords the right one is refused, too, and the page says for how long."""
    email = newcomer("guessed@hosting.example")
    page = fresh(stage, browser)
    for number in range(5):
        with_password(page, email, f"guess {number}")
        expect(page.locator("[role=alert]")).to_contain_text("do not belong together")
    with_password(page, email)
    expect(page.locator("[role=alert]")).to_contain_text("Wait five minutes")
    assert faults(page) == []


def test_an_invitation_leads_to_the_panel(stage: Stage, browser: Browser) -> None:
    """From the link to a password, the sign-in and the enrolment, without a word from anybody."""
    from mailward.actions.invitations import invite
    from mailward.model.people import Actor
    from mailward.model.rights import Grant, PersonRole

    invited = invite(stage.made.office, Actor("root"), "invited@hosting.example", "Ina", "", Grant(PersonRole.SUPPORT))
    page = fresh(stage, browser, viewport=PHONE)
    page.goto(f"/invitation/{invited.secret}/")
    assert faults(page) == []
    page.fill("#f-password", SECRET)
    page.fill("#f-again", SECRET)
    page.click("main button[type=submit]")
    page.wait_for_url("**/sign-in/")
    expect(page.locator("[role=status]")).to_contain_text("Your password is kept")
    with_password(page, "invited@hosting.example")
    page.wait_for_url("**/enrol/")
