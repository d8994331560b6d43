"""Debian's Chromium as a person uses it: with the demo's root in its trust store and no flag that weakens anything."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import TimeoutError as TooLate

from demo_host import DemoHost

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    # The sandbox needs a user that isn't root; the rest keeps the browser from calling its maker.
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-domain-reliability",
]  # fmt: skip


@contextmanager
def browser(host: DemoHost) -> Iterator[Browser]:
    """A browser of a person who trusts the demo's roots (a private NSS database in a home of its own)."""
    home = Path(tempfile.mkdtemp(prefix="mailward-test-"))
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    try:
        _certutil(database, "-N", "--empty-password")
        for number, pem in enumerate(_certificates((host.layout.tls / "demo-roots.pem").read_text())):
            (home / "root.pem").write_text(pem)
            _certutil(database, "-A", "-n", f"demo {number}", "-t", "C,,", "-i", str(home / "root.pem"))
        environment: dict[str, str | float | bool] = {**os.environ, "HOME": str(home)}
        with sync_playwright() as playwright:
            started = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=QUIET, env=environment)
            try:
                yield started
            finally:
                started.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def log_in(context: BrowserContext, url: str, address: str, password: str) -> Page:
    """Roundcube's inbox of ``address``."""
    page = context.new_page()
    page.goto(url)
    page.fill("#rcmloginuser", address)
    page.fill("#rcmloginpwd", password)
    page.click("#rcmloginsubmit")
    page.wait_for_selector("#messagelist", state="attached", timeout=20_000)
    # The inbox is still asking for its list: a compose begun now can lose its session to that answer (Roundcube
    # writes the whole session at each request's end). A person isn't that fast.
    page.wait_for_load_state("networkidle")
    return page


def write(page: Page, recipient: str, subject: str, words: str) -> None:
    """Compose and send; returns when Roundcube says that it was sent."""
    page.goto(page.url.split("?")[0] + "?_task=mail&_action=compose")
    try:
        page.wait_for_selector("#composebody", state="visible")
    except TooLate as late:
        raise AssertionError(f"no letter to write at {page.url}: {page.inner_text('body')[:2000]}") from late
    page.locator("#compose_to input, #compose_to textarea").locator("visible=true").first.fill(recipient)
    page.fill("#compose-subject", subject)
    page.fill("#composebody", words)
    page.click(".send")
    page.wait_for_url("**_task=mail**_mbox=INBOX**", timeout=20_000)


def read(page: Page, subject: str) -> str:
    """Open the message with this subject, waiting for it to arrive; its text."""
    row = page.locator("#messagelist tbody tr", has_text=subject)
    for _ in range(30):
        if row.count():
            break
        page.wait_for_timeout(500)
        page.locator("#messagelist-header a.refresh, a.button.refresh, a.refresh").first.click()
    row.first.dblclick()
    return page.locator("#messagebody").inner_text(timeout=20_000)


def _certificates(bundle: str) -> list[str]:
    end = "-----END CERTIFICATE-----"
    return [part + end + "\n" for part in bundle.split(end) if part.strip()]


def _certutil(database: Path, *words: str) -> None:
    subprocess.run(["certutil", "-d", f"sql:{database}", *words], check=True, capture_output=True, timeout=60)
