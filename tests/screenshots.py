"""Pictures of the panel's main pages for README and docs: desk and phone, light and dark.

    .venv/bin/python tests/screenshots.py [DIRECTORY]      # docs/images when none is named

They are taken of tests/stage.py's made-up world, so that they show no real host, and are the same but for the dates.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from browsing import CHROMIUM, QUIET
from stage import Stage, raised

ROOT = Path(__file__).parents[1]
FULL = "--full" in sys.argv
DESK = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
PAGES = (  # name, address, who
    ("panel", "/", Stage.provider),
    ("domains", "/domains/", Stage.provider),
    ("domain", f"/domains/{Stage.safe_domain}/", Stage.customer),
    ("domain-unsafe", f"/domains/{Stage.unsafe_domain}/", Stage.customer),
    ("mail-settings", f"/mail/settings/{Stage.safe_domain}/", Stage.customer),
    ("doors", "/doors/", Stage.provider),
    ("run", "/runs/16/", Stage.provider),
    ("board", "/board/", Stage.provider),
    ("board-domain", f"/domains/{Stage.unsafe_domain}/board/", Stage.customer),
    ("dns", f"/domains/{Stage.safe_domain}/dns/", Stage.customer),
    ("reports", f"/domains/{Stage.unsafe_domain}/reports/", Stage.customer),
)
ALSO = ("panel", "domain", "mail-settings", "board")  # these in the dark and on the phone as well
LOOKS = (  # ending of the name, size, colours
    ("", DESK, "light"),
    ("-dark", DESK, "dark"),
    ("-phone", PHONE, "light"),
)


def take(stage: Stage, browser: Browser, directory: Path) -> None:
    for ending, size, colours in LOOKS:
        for name, path, who in PAGES:
            if ending and name not in ALSO:
                continue
            page = stage.open(browser, path, who, viewport=size, color_scheme=colours, locale="en-GB")
            page.screenshot(path=directory / f"{name}{ending}.png", full_page=FULL)
            page.context.close()


def main() -> None:
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    directory.mkdir(parents=True, exist_ok=True)
    home = tempfile.TemporaryDirectory(prefix="mailward-stage-")
    with home as place, raised(Path(place)) as stage, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=QUIET)
        take(stage, browser, directory)
        browser.close()


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailward.django_settings")
    main()
