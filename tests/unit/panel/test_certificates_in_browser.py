"""Certificates and app passwords as a person with a browser gets them: files from a disk, text to paste, a secret once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from cryptography import x509
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bought import Seller
from browsing import CHROMIUM, QUIET
from fakes import papers
from fakes.scripted_ca import _AUTHORITY
from stage import Stage

pytestmark = pytest.mark.browser

NOW = datetime.now(UTC).replace(microsecond=0)
SAFE, UNSAFE = Stage.safe_domain, Stage.unsafe_domain
SELLER = Seller(_AUTHORITY.root, _AUTHORITY.intermediate)  # of whom the stage's host knows the root
PHONE = {"width": 360, "height": 740}
UMA = Stage.mailbox_user


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=QUIET)
        yield started
        started.close()


def at(stage: Stage, browser: Browser, who: str, path: str, **options: Any) -> Page:
    page: Page = stage.context(browser, who, locale="en-GB", **options).new_page()
    page.goto(path)
    return page


def test_a_certificate_is_uploaded_from_files(stage: Stage, browser: Browser, tmp_path: Path) -> None:
    """Certificate, chain and key, each its own file: taken in, and its fingerprint is shown; the chain can be fetched."""
    leaf = papers.leaf(f"mail.{SAFE}", after=NOW - timedelta(days=1), until=NOW + timedelta(days=90))
    for name, content in (("cert.pem", leaf.pem), ("chain.pem", papers.CHAIN), ("key.pem", leaf.key_pem)):
        (tmp_path / name).write_bytes(content)
    page = at(stage, browser, stage.customer, f"/certificates/new/{SAFE}/")
    page.get_by_role("link", name="Upload it").click()
    page.set_input_files("#f-certificate_file", tmp_path / "cert.pem")
    page.set_input_files("#f-chain_file", tmp_path / "chain.pem")
    page.get_by_role("button", name="Take it in").click()
    expect(page.locator("#e-key")).to_contain_text("The private key is missing")
    page.set_input_files("#f-certificate_file", tmp_path / "cert.pem")
    page.set_input_files("#f-chain_file", tmp_path / "chain.pem")
    page.set_input_files("#f-key_file", tmp_path / "key.pem")
    page.get_by_role("button", name="Take it in").click()
    expect(page.locator("h1")).to_contain_text(f"{SAFE}-upload")
    expect(page.locator("main .print").first).to_contain_text(leaf.sha256[:4])
    with page.expect_download() as fetched:
        page.get_by_role("link", name="certificate and chain").click()
    assert len(x509.load_pem_x509_certificates(Path(fetched.value.path()).read_bytes())) == 2
    page.context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_a_request_is_made_and_its_answer_pasted(stage: Stage, browser: Browser, scripts: bool) -> None:
    """The request is copied out of the page, the answer pasted into it; the page follows its check to the end."""
    page = at(stage, browser, stage.customer, f"/certificates/new/{SAFE}/?how=csr", java_script_enabled=scripts)
    page.get_by_role("button", name="Make the request").click()
    csr = page.locator("#csr").inner_text()
    page.get_by_label("The certificate with its chain, pasted (PEM)").fill(SELLER.answers(csr.encode()).decode())
    page.get_by_role("button", name="Take in the answer").click()
    expect(page.get_by_role("heading", name="History")).to_be_visible(timeout=15_000)
    expect(page.locator("#csr")).to_have_count(0)
    page.context.close()


def test_one_button_is_followed_live(stage: Stage, browser: Browser) -> None:
    """The free wildcard: one click, and without another the page says that the doors were met."""
    page = at(stage, browser, stage.customer, f"/certificates/new/{UNSAFE}/")
    page.get_by_role("button", name="Get it and secure webmail and mail").click()
    expect(page.locator("main")).to_contain_text("valid, seen at the doors", timeout=20_000)
    page.context.close()


def test_an_app_password_is_shown_once(stage: Stage, browser: Browser) -> None:
    """It stands on one page with how to type it in; going back to the address, it is only a name in a list."""
    page = at(stage, browser, UMA, f"/mail/addresses/{UMA}/")
    page.get_by_label("For which device or program?").fill("Pocket phone")
    page.get_by_role("button", name="Make an app password").click()
    secret = page.locator("#secret").inner_text()
    assert len(secret.replace("-", "")) == 28
    expect(page.locator("main")).to_contain_text("It is shown this once")
    page.get_by_role("link", name="I have kept it").click()
    expect(page.locator("main")).to_contain_text("Pocket phone")
    assert secret not in page.content()
    page.get_by_role("button", name="Revoke Pocket phone").click()
    expect(page.locator("main table")).to_have_count(0)
    page.context.close()


def test_a_passwords_strength_is_told_while_it_is_typed(stage: Stage, browser: Browser) -> None:
    """Each pause shows the level and what is missing; nothing stands in the address."""
    page = at(stage, browser, UMA, f"/mail/addresses/{UMA}/")
    page.get_by_label("New password").press_sequentially("sommer")
    expect(page.locator("#strength")).to_contain_text("very weak", timeout=10_000)
    page.get_by_label("New password").fill("Harbour-Lantern-42-Violin")
    expect(page.locator("#strength")).to_contain_text("very strong", timeout=10_000)
    assert "sommer" not in page.url
    page.context.close()


PAGES = (
    f"/certificates/{SAFE}-wildcard/",
    f"/certificates/new/{UNSAFE}/?how=upload",
    f"/mail/addresses/{UMA}/",
    f"/certificates/{SAFE}-wildcard/revoke/",
    f"/certificates/new/{UNSAFE}/?how=san",
    "/mail/addresses/add/",
    f"/certificates/new/{UNSAFE}/",
    "/certificates/new/",
    f"/certificates/new/{UNSAFE}/?how=csr",
    "/mail/addresses/?show=aliases",
    f"/mail/addresses/{UMA}/remove/",
    f"/mail/addresses/team@{SAFE}/",
)


@pytest.mark.parametrize(("colours", "paths"), [("light", PAGES), ("dark", PAGES[:3])])
def test_the_pages_have_no_fault_and_fit_a_phone(
    stage: Stage, browser: Browser, colours: str, paths: tuple[str, ...]
) -> None:
    """Nothing that axe knows, nothing wider than 360 px, with everything opened."""
    page = at(stage, browser, stage.customer, "/mail/clients/", viewport=PHONE, color_scheme=colours)
    page.get_by_label("E-mail address").fill(f"sales@{UNSAFE}")
    page.get_by_role("button", name="Look", exact=True).click()
    expect(page.locator("svg.qr")).to_be_visible(timeout=15_000)
    told = {"what clients say": faults(page)}
    for path in paths:
        page.goto(path)
        told[path] = faults(page)
    page.context.close()
    assert {path: found for path, found in told.items() if found} == {}


def faults(page: Page) -> list[str]:
    page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true })")
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = Axe().run(page, options=rules).response["violations"]
    return ["too wide"] * wide + [f"{one['id']}: {node['html'][:150]}" for one in found for node in one["nodes"]]
