"""The status page: unknown is never green, everything is escaped, and it speaks its readers' languages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django
import pytest
from django.core.management import call_command
from django.db import connections
from django.test import Client

from mailward.model.doors import Door
from mailward.model.findings import SERVER, DoorFinding
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.panel import board
from mailward.store import place, records

HOSTILE = "<script>alert('x')</script>\"&'><img src=x onerror=alert(1)>"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Client]:
    """A browser at the page, over an empty store of its own."""
    django.setup()
    place.use(tmp_path / "store.sqlite")
    call_command("migrate", verbosity=0)
    yield Client()
    connections.close_all()


def finding(
    verdict: Verdict = Verdict.PASS,
    code: str = "ok",
    *,
    domain: str = "alpha.test",
    name: str = "mail.alpha.test",
    door: Door = Door.IMAPS,
    age: timedelta = timedelta(),
    reason: Sentence = NOTHING,
    address: str = "127.0.0.1",
) -> DoorFinding:
    now = datetime.now(UTC)
    return DoorFinding(
        domain, name, door, 993, address, door.kind.tls, name or None, verdict, code, reason, NOTHING, now - age,
        "ab" * 32, "ab" * 32, now + timedelta(days=60), "TLSv1.3",
    )  # fmt: skip


def keep(*findings: DoorFinding) -> None:
    records.keep_findings(findings)


def test_nothing_looked_at_is_unknown_and_not_green(browser: Client) -> None:
    """An empty store shows no green sign anywhere."""
    page = browser.get("/").content.decode()
    assert "Nobody knows whether every door is safe" in page
    assert "is-pass" not in page.replace('<div class="is-pass none">', "")
    assert browser.get("/status.json").json()["verdict"] == "unknown"


def test_an_old_look_is_unknown_whatever_it_was(browser: Client) -> None:
    """What was green yesterday is unknown today."""
    keep(finding(age=board.STALE_AFTER + timedelta(minutes=1)))
    page = browser.get("/").content.decode()
    assert "Nobody knows whether every door is safe" in page
    assert "chip is-unknown" in page
    assert "chip is-pass" not in page
    answer = browser.get("/status.json").json()
    assert (answer["verdict"], answer["counts"]["unknown"]) == ("unknown", 1)
    assert answer["findings"][0]["code"] == "stale"


def test_a_fresh_look_at_safe_doors_is_green(browser: Client) -> None:
    """Green is possible, and says when it was looked at."""
    keep(finding(), finding(domain=SERVER, name="mx.test", door=Door.SMTP))
    page = browser.get("/").content.decode()
    assert "Every door is safe" in page
    assert "chip is-pass" in page
    assert "chip is-fail" not in page


def test_the_worst_finding_decides(browser: Client) -> None:
    """One bad door of many is what the page begins with."""
    keep(
        finding(),
        finding(Verdict.FAIL, "expired", domain="beta.test", name="mail.beta.test", reason=Sentence("It expired.")),
    )
    page = browser.get("/").content.decode()
    assert "Some doors are not safe" in page
    assert page.index("beta.test") < page.index("alpha.test"), "the worst domain comes first"
    assert "It expired." in page


def test_a_bad_address_is_not_hidden_by_a_good_one() -> None:
    """A door that is safe over IPv4 and not over IPv6 is not safe."""
    good, bad = finding(), finding(Verdict.FAIL, "refused", address="::1")
    shown = board.subject("alpha.test", [good, bad], [])
    assert shown.rows[0].cells[0].verdict is Verdict.FAIL
    assert [addresses for addresses, _ in shown.rows[0].cells[0].evidence] == ["::1", "127.0.0.1"]


def test_the_link_to_other_servers_follows_the_server_and_not_the_domain() -> None:
    """A domain's certificate doesn't make the way from other mail servers safe while the server itself isn't (A9)."""
    server = [finding(Verdict.FAIL, "self-signed", domain=SERVER, name="mx.test", door=Door.SMTP)]
    chain = board.subject("alpha.test", [finding(), finding(door=Door.SMTP)], server).chain
    assert [link.verdict for link in chain] == [Verdict.UNKNOWN, Verdict.PASS, Verdict.FAIL]
    assert board.subject("alpha.test", [finding()], server).verdict is Verdict.WARN
    assert board.subject("alpha.test", [finding()], []).verdict is Verdict.WARN, "an unknown server is not a safe one"


def test_hostile_names_and_sentences_are_escaped(browser: Client) -> None:
    """Whatever a name, a code or a served text holds, it is text on the page."""
    keep(finding(Verdict.FAIL, HOSTILE[:40], domain=HOSTILE, name=HOSTILE, reason=Sentence("served: {x}", x=HOSTILE)))
    for address in ("/", "/?lang=fr", f"/?q={HOSTILE}"):
        page = browser.get(address).content.decode()
        assert "<script" not in page
        assert "<img" not in page
        assert "onerror=alert(1)>" not in page
    assert "&lt;script&gt;" in browser.get("/").content.decode()


@pytest.mark.parametrize(
    ("language", "headline"),
    [
        ("en", "Some doors are not safe"),
        ("nl", "Sommige ingangen zijn niet veilig"),
        ("de", "Einige Zugänge sind nicht sicher"),
        ("fr", "Certaines portes ne sont pas sûres"),
    ],
)
def test_each_language_is_spoken(browser: Client, language: str, headline: str) -> None:
    """By the browser's preference and by ?lang=, and the page says which language it is in."""
    keep(finding(Verdict.FAIL, "expired"))
    preferred = browser.get("/", headers={"accept-language": f"{language}-XX,xx;q=0.5"})
    asked = browser.get(f"/?lang={language}", headers={"accept-language": "en"})
    for response in (preferred, asked):
        page = response.content.decode()
        assert f'<html lang="{language}">' in page
        assert headline in page
        assert response.headers["Content-Language"] == language


def test_the_page_runs_no_script_and_loads_nothing_from_elsewhere(browser: Client) -> None:
    """The policy forbids scripts and other hosts, and the page needs neither."""
    keep(finding())
    response = browser.get("/")
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "script-src" not in response.headers["Content-Security-Policy"]
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    page = response.content.decode()
    assert "http://" not in page
    assert "https://" not in page
    assert "style=" not in page
    assert "<script" not in page


def test_style_and_icon_may_be_kept(browser: Client) -> None:
    """Their addresses change with their content, so that browsers may keep them."""
    page = browser.get("/").content.decode()
    for name, kind in (("status.css", "text/css"), ("icon.svg", "image/svg+xml")):
        assert f"/{name}?v=" in page
        response = browser.get(f"/{name}")
        assert response.headers["Content-Type"].startswith(kind)
        assert "immutable" in response.headers["Cache-Control"]


def test_nothing_can_be_changed_here(browser: Client) -> None:
    """The page answers to reading only."""
    assert browser.post("/").status_code == 405
    assert browser.delete("/status.json").status_code == 405
    assert browser.get("/nowhere").status_code == 404


def test_a_store_that_cannot_be_read_is_said_and_is_not_green(tmp_path: Path) -> None:
    """Without its store the page answers 503, and knows nothing."""
    django.setup()
    place.use(tmp_path / "missing" / "store.sqlite", read_only=True)
    response = Client().get("/")
    connections.close_all()
    assert response.status_code == 503
    assert "is-pass" not in response.content.decode().replace('<div class="is-pass none">', "")
    assert "this page knows nothing" in response.content.decode()


def test_the_pages_store_refuses_to_be_written(browser: Client, tmp_path: Path) -> None:
    """Opened for the page, SQLite itself refuses every write, and reading works."""
    keep(finding())
    place.use(tmp_path / "store.sqlite", read_only=True)
    with pytest.raises(django.db.OperationalError, match="readonly"):
        keep(finding(Verdict.FAIL, "expired"))
    assert "Every door is safe" in browser.get("/").content.decode()


def test_many_domains_are_paged_and_found(browser: Client) -> None:
    """A provider with many domains gets pages, and finds one by a part of its name; nonsense numbers are no error."""
    keep(*(finding(domain=f"d{number:03}.test", name=f"mail.d{number:03}.test") for number in range(45)))
    assert browser.get("/").content.decode().count('<section class="card"') == 20
    assert "d044.test" in browser.get("/?page=3").content.decode()
    assert "d044.test" in browser.get("/?q=D044").content.decode()
    for nonsense in ("0", "-1", "999999999999999999999", "x", "²"):
        assert browser.get("/", {"page": nonsense}).status_code == 200
