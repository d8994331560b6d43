"""People, roles and tokens as a person with a browser changes them, with and without scripts, on a phone, in the dark."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from browsing import CHROMIUM, QUIET
from stage import SECRET, Stage

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 740}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=QUIET)
        yield started
        started.close()


def at(stage: Stage, browser: Browser, who: str | None, path: str, **options: Any) -> Page:
    page: Page = stage.context(browser, who, locale="en-GB", **options).new_page()
    page.goto(path)
    return page


def test_somebody_is_invited_and_chooses_a_password(stage: Stage, browser: Browser) -> None:
    """Without a script: an address, a role, a link; who opens the link chooses a password, and the list says open."""
    page = at(stage, browser, stage.customer, "/people/", java_script_enabled=False)
    page.get_by_role("link", name="Invite somebody").click()
    page.get_by_label("E-mail address").fill("nina@bluebakery.example")
    page.get_by_label("Role", exact=True).select_option(label="Mail administrator, for one domain")
    page.get_by_label("Customer, domain or mailbox").fill(stage.foreign_domain)
    page.get_by_role("button", name="Make the invitation").click()
    expect(page.get_by_role("alert")).to_contain_text("is not held here")
    page.get_by_label("Customer, domain or mailbox").fill(stage.safe_domain)
    page.get_by_role("button", name="Make the invitation").click()
    link = page.locator("#link").inner_text()
    guest = at(stage, browser, None, re.sub(r"^https?://[^/]+", "", link))
    guest.get_by_label("New password").fill(SECRET)
    guest.get_by_label("The same again").fill(SECRET)
    guest.get_by_role("button", name="Keep this password").click()
    guest.context.close()
    page.get_by_role("link", name="Done").click()
    expect(page.locator(".title-line")).to_contain_text("open")
    page.context.close()


def test_a_token_is_made_and_copied_from_its_page(stage: Stage, browser: Browser) -> None:
    """Ticked, made, shown; after that the list knows its label alone."""
    page = at(stage, browser, stage.mailbox_user, "/tokens/")
    page.get_by_label("Label").fill("My script")
    page.get_by_label("See mailboxes and aliases").check()
    page.get_by_role("button", name="Make the token").click()
    expect(page.locator("#token")).to_contain_text(re.compile(r"mw_\d+_"))
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("rowheader", name="My script")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text(re.compile(r"mw_\d+_[\w-]{43}"))
    page.context.close()


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_the_pages_have_no_fault_and_fit_a_phone(stage: Stage, browser: Browser, colours: str) -> None:
    """Nothing that axe knows, nothing wider than 360 px, with everything opened."""
    from mailward.store.models import Account, Group

    number, group = Account.objects.get(email=stage.customer).pk, Group.objects.get(name="Night watch").pk
    paths = (f"/people/{number}/", "/people/invite/", f"/groups/{group}/", "/people/", "/groups/", "/activity/", "/tokens/")
    page, told = at(stage, browser, stage.provider, "/", viewport=PHONE, color_scheme=colours), {}
    for path in paths:
        page.goto(path)
        page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true })")
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        found = Axe().run(page, options=RULES).response["violations"]
        faults = ["too wide"] * wide + [f"{one['id']}: {node['html'][:150]}" for one in found for node in one["nodes"]]
        if faults:
            told[path] = faults
    page.context.close()
    assert told == {}
