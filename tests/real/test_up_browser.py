"""A real browser at webmail and in the panel: trusted without a flag where it is secured, stopped where it isn't."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
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


def test_a_customer_secures_webmail_and_mail_by_the_manuals_two_procedures(
    demo_host: DemoHost, chromium: Browser, strict: BrowserContext
) -> None:
    """In the panel alone: a wildcard, then Mail > Mail Settings, the domain's name, the certificate for webmail, OK, and
    the same for mail; each is proven at its doors, and browsers stop warning. The server itself is self-signed still."""
    beta = "beta.localhost"
    try:
        with chromium.new_context(locale="en-GB", ignore_https_errors=True) as careless:
            page = careless.new_page()
            troubles: list[str] = []
            page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
            page.goto(address(demo_host, "mx.mailward.localhost"))
            page.get_by_label("E-mail address").fill(f"owner@{beta}")
            page.get_by_label("Password").fill(demo_host.people[f"owner@{beta}"])
            page.get_by_role("button", name="Sign in").click()
            page.locator("nav.side").get_by_role("link", name="Mail Settings").click()
            expect(page.get_by_text("alpha.localhost")).to_have_count(0)
            page.get_by_role("link", name=beta).click()
            expect(page.get_by_text("still has its self-signed certificate")).to_be_visible()
            page.get_by_role("button", name="Get a free wildcard certificate").click()
            followed_back(page)
            chosen(page, {"webmail": "The server's own certificate", "mail": "The server's own certificate"})
            chosen(page, {"webmail": f"{beta}-wildcard"})
            chosen(page, {"mail": f"{beta}-wildcard"})
            page.get_by_role("link", name=beta).click()
            expect(page.locator("ol.chain li.is-pass")).to_have_count(2)
            assert troubles == []
        trusting = strict.new_page()
        answer = trusting.goto(address(demo_host, f"webmail.{beta}"))
        assert answer is not None
        assert answer.status == 200
        trusting.close()
    finally:
        demo_host.run("secure", beta, "--webmail", "self-signed", "--mail", "self-signed", check=False)


def chosen(page: Page, certificates: dict[str, str]) -> None:
    """Select these on the page of the domain, click OK, and come back when it is proven."""
    for role, name in certificates.items():
        page.get_by_role("group", name=f"SSL/TLS certificate for {role}").get_by_role("radio", name=name).check()
    page.get_by_role("button", name="OK").click()
    followed_back(page)


def followed_back(page: Page) -> None:
    expect(page.get_by_role("heading", name="Done, and proven")).to_be_visible(timeout=90_000)
    page.get_by_role("link", name="Back to where you were").click()
