"""The main pages in a real browser: accessible (axe-core), no wider than a phone, in every language, with and without
JavaScript."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from browsing import CHROMIUM, QUIET
from mailward.words import LANGUAGES, SOURCE
from stage import Stage

pytestmark = pytest.mark.browser

SAFE, UNSAFE = Stage.safe_domain, Stage.unsafe_domain
PAGES = (
    "/", "/domains/", "/domains/add/", f"/domains/{UNSAFE}/",
    "/domains/the-longest-name-that-somebody-really-registered-one-day.example/",
    f"/domains/{UNSAFE}/reports/",
    f"/domains/{UNSAFE}/remove/", "/mail/settings/", f"/mail/settings/{SAFE}/", "/doors/", "/runs/", "/runs/14/",
    "/runs/13/",
    "/certificates/", "/mail/addresses/", "/mail/clients/", "/server/", "/people/", "/groups/", "/activity/", "/tokens/",
    "/account/", "/board/", f"/domains/{UNSAFE}/board/", "/domains/server/board/", f"/domains/{UNSAFE}/dns/",
    "/domains/server/dns/", "/names/", "/names/?show=patterns&try=paypal.example", "/names/?show=partners",
    f"/domains/{Stage.unproven_domain}/",
    "/api-docs/", "/api-docs/order_certificate/",
)  # fmt: skip
IN_THE_DARK = ("/", f"/domains/{UNSAFE}/", f"/mail/settings/{SAFE}/", "/doors/", "/runs/14/", "/server/", "/account/")
NAMES = re.compile(
    r"\.example|@|CN=|<script>|Très|UTC$|\.localhost|^mailward |\.invalid|^([0-9a-f]{4} ?)+$|^(mail|web)-self|Old Mill"
)
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=QUIET)
        yield started
        started.close()


def shown(stage: Stage, browser: Browser, who: str, **options: Any) -> Page:
    page: Page = stage.context(browser, who, locale="en-GB", **options).new_page()
    return page


def faults(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {node['html'][:150]}" for one in found for node in one["nodes"]]


def sentences(page: Page) -> set[str]:
    """Texts of three words and more that are no names: of people, domains, files, certificates."""
    found: list[str] = page.evaluate(
        """() => {
          const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
          while (walk.nextNode())
            if (!walk.currentNode.parentElement.closest("code, pre, .names, script, .names-of-others"))
              found.push(walk.currentNode.data.trim().replace(/\\s+/g, " "));
          return found;
        }"""
    )
    return {text for text in found if len(re.findall(r"[^\W\d_]{2,}", text)) > 2 and not NAMES.search(text)}


@pytest.mark.parametrize(("colours", "size", "paths"), [("light", DESK, PAGES), ("dark", PHONE, IN_THE_DARK)])
def test_the_main_pages_have_no_fault_that_axe_knows(
    stage: Stage, browser: Browser, colours: str, size: dict[str, int], paths: tuple[str, ...]
) -> None:
    """Names, roles, contrast, landmarks, headings: WCAG 2.2 AA as far as a program can see."""
    bad: dict[str, list[str]] = {}
    page = shown(stage, browser, Stage.provider, viewport=size, color_scheme=colours)
    for path in paths:
        answer = page.goto(stage.url + path)
        assert answer is not None
        assert answer.status == 200, path
        page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true })")
        found = faults(page)
        if found:
            bad[path] = found
    page.context.close()
    assert bad == {}


@pytest.fixture(scope="module")
def said_in_english() -> dict[str, set[str]]:
    """What each page said in English, for the other languages to differ from."""
    return {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_fits_a_phone_and_speaks_the_language(
    stage: Stage, browser: Browser, language: str, said_in_english: dict[str, set[str]]
) -> None:
    """At 360 px nothing needs to be scrolled sideways, in any language, with the menu and the evidence open; and no
    sentence is left in English."""
    wide: dict[str, int] = {}
    foreign: set[str] = set()
    page = shown(stage, browser, Stage.provider, viewport=PHONE)
    for path in PAGES:
        page.goto(f"{stage.url}{path}?lang={language}")
        assert page.locator("html").get_attribute("lang") == language
        page.evaluate("document.querySelectorAll('.phone-menu, main details').forEach(one => { one.open = true })")
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide[path] = width
        said = sentences(page)
        left = said & said_in_english.setdefault(path, said if language == SOURCE else set())
        if language != SOURCE and not path.startswith("/api-docs/"):  # operations are described in English, and it says so
            foreign |= left
    page.context.close()
    assert wide == {}
    assert sorted(foreign) == []


@pytest.mark.parametrize("javascript", [True, False])
def test_mail_settings_are_walked_through(stage: Stage, browser: Browser, javascript: bool) -> None:
    """The manual's procedure with a keyboard's or mouse's clicks alone: Mail > Mail Settings, the domain's name, a
    certificate for webmail, one for mail, OK; the run is followed until it is proven. No script is needed."""
    page = shown(stage, browser, Stage.customer, java_script_enabled=javascript)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(stage.url)
    menu = page.locator("nav.side")
    menu.get_by_role("link", name="Mail Settings").click()
    page.get_by_role("link", name=UNSAFE).click()
    page.get_by_role("button", name="Get a free wildcard certificate and use it for both").click()
    expect(page.get_by_role("heading", name="Done, and proven")).to_be_visible(timeout=10_000)
    page.get_by_role("link", name="Back to where you were").click()
    for role in ("webmail", "mail"):
        group = page.get_by_role("group", name=f"SSL/TLS certificate for {role}")
        expect(group.get_by_role("radio", name=f"{UNSAFE}-wildcard")).to_be_checked()
        group.get_by_role("radio", name="The server's own certificate").check()
    page.get_by_role("button", name="OK").click()
    expect(page.get_by_role("heading", name="Done, and proven")).to_be_visible(timeout=10_000)
    page.get_by_role("link", name="Back to where you were").click()
    expect(page.get_by_role("radio", name="The server's own certificate").first).to_be_checked()
    page.context.close()
    assert complaints == []


def test_the_chain_says_to_ears_what_it_shows_to_eyes(stage: Stage, browser: Browser) -> None:
    """The drawing has a name and a description with every link's state, and the list beside it says why."""
    page = shown(stage, browser, Stage.customer)
    page.goto(f"{stage.url}/domains/{UNSAFE}/")
    drawing = page.get_by_role("img", name="The way of a message")
    expect(drawing).to_be_visible()
    assert "not safe" in (page.locator("#way-text").text_content() or "")
    expect(page.locator("ol.chain li")).to_have_count(3)
    page.context.close()


def test_the_menu_shows_what_one_may_see(stage: Stage, browser: Browser) -> None:
    """A mailbox user finds her mailbox, and nothing about domains, doors or the server."""
    page = shown(stage, browser, Stage.mailbox_user)
    page.goto(stage.url)
    names = page.locator("nav.side a").all_text_contents()
    assert "E-mail addresses" in names
    assert not {"Domains", "Doors", "Runs", "Mail server settings", "People and roles"} & set(names)
    page.context.close()
