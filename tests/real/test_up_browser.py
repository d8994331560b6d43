"""A real browser at webmail and at the status page: trusted without a flag where it is secured, stopped where it isn't."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext
from playwright.sync_api import Error as BrowserError

from browsing import browser, log_in, read, write
from demo_host import DemoHost
from mailward.model.doors import Door

pytestmark = [pytest.mark.real, pytest.mark.browser]


@pytest.fixture(scope="module")
def chromium(demo_host: DemoHost) -> Iterator[Browser]:
    with browser(demo_host) as started:
        yield started


@pytest.fixture
def strict(chromium: Browser) -> Iterator[BrowserContext]:
    """Somebody who lets the browser decide whom to trust."""
    with chromium.new_context(locale="en-US") as context:
        yield context


def address(host: DemoHost, name: str) -> str:
    return f"https://{name}:{host.port(Door.HTTPS)}/"


def test_anna_writes_in_webmail_and_ben_reads_it_once_beta_is_secured(
    demo_host: DemoHost, strict: BrowserContext, chromium: Browser
) -> None:
    """A1: each logs in at the webmail of the own domain, the browser trusts both, and the letter arrives."""
    anna, ben = "anna@alpha.localhost", "ben@beta.localhost"
    page = log_in(strict, address(demo_host, "webmail.alpha.localhost"), anna, demo_host.passwords[anna])
    write(page, ben, "From one browser to another", "Is this letter safe?")
    demo_host.run("secure", "beta.localhost")
    try:
        with chromium.new_context(locale="en-US") as other:
            seen = log_in(other, address(demo_host, "webmail.beta.localhost"), ben, demo_host.passwords[ben])
            assert "Is this letter safe?" in read(seen, "From one browser to another")
    finally:
        demo_host.run("secure", "beta.localhost", "--webmail", "self-signed", "--mail", "self-signed")


def test_the_browser_stops_at_unsecured_webmail(demo_host: DemoHost, strict: BrowserContext) -> None:
    """The page of beta, before it is secured, is what the manual says users see: a warning in the whole window."""
    page = strict.new_page()
    with pytest.raises(BrowserError, match=r"ERR_CERT_(AUTHORITY_INVALID|COMMON_NAME_INVALID)"):
        page.goto(address(demo_host, "webmail.beta.localhost"))


def test_webmail_is_only_there_by_https(demo_host: DemoHost, strict: BrowserContext) -> None:
    """A1: asked for without encryption, webmail sends the browser to HTTPS, and nothing else."""
    page = strict.new_page()
    answer = page.goto(f"http://webmail.alpha.localhost:{demo_host.base + 6080}/?_task=mail")
    assert answer is not None
    assert page.url.startswith(address(demo_host, "webmail.alpha.localhost"))
    assert answer.headers["strict-transport-security"]


def test_a_wrong_password_is_refused_in_webmail(demo_host: DemoHost, strict: BrowserContext) -> None:
    """The log-in page stays, and says so."""
    page = strict.new_page()
    page.goto(address(demo_host, "webmail.alpha.localhost"))
    page.fill("#rcmloginuser", "ben@alpha.localhost")
    page.fill("#rcmloginpwd", "not the password")
    page.click("#rcmloginsubmit")
    page.wait_for_selector("#messagestack .error, .alert-warning, .ui.alert", timeout=20_000)
    assert page.locator("#rcmloginpwd").count() == 1


def test_the_status_page_shows_the_doors(demo_host: DemoHost, chromium: Browser) -> None:
    """The server's own page (self-signed still, so the person clicks the warning away): alpha safe, beta and server not."""
    demo_host.run("verify", check=False)
    with chromium.new_context(locale="en-US", ignore_https_errors=True) as careless:
        page = careless.new_page()
        troubles: list[str] = []
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        page.goto(address(demo_host, "mx.mailward.localhost"))
        text = page.locator("main").inner_text()
        for name in ("alpha.localhost", "beta.localhost", "mail.alpha.localhost", "webmail.beta.localhost"):
            assert name in text
        assert re.search(r"self-signed", text)
        cells = page.locator("table").first
        assert cells.is_visible()
        for language, word in (("de", "de"), ("nl", "nl"), ("fr", "fr")):
            page.goto(address(demo_host, "mx.mailward.localhost") + f"?lang={language}")
            assert page.locator("html").get_attribute("lang") == word
        assert troubles == []
