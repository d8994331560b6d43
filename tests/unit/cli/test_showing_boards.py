"""The board on a terminal: the worst first, each with what ends it and the exact record."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from mailward.cli.app import run
from mailward.cli.language import speaking
from mailward.cli.show_board import show_board
from mailward.model.checks import SIX, CheckFinding, Mechanism
from mailward.model.dns import Record
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.standards.zone_text import line as zone_line

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def found(domain, mechanism, verdict, code="x-pass", reason=NOTHING, cure=()):
    remedy = NOTHING if verdict is Verdict.PASS else Sentence("Publish it.")
    return CheckFinding(domain, mechanism, domain, verdict, code, reason, (), remedy, "told", NOW, cure)


def green(domain):
    return [found(domain, one, Verdict.PASS) for one in SIX]


def shown(findings, width=120):
    out = io.StringIO()
    with speaking("en"):
        show_board(Console(file=out, width=width, markup=False, highlight=False), findings)
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_the_worst_come_first_with_the_record_that_cures(width):
    """Red before green, and the record is one line to copy, never broken by our own words."""
    record = Record("_dmarc.bad.test", "TXT", "v=DMARC1; p=quarantine")
    bad = found("bad.test", Mechanism.DMARC, Verdict.FAIL, "dmarc-missing", Sentence("There is none."), (record,))
    text = shown(
        [*green("good.test"), *[one for one in green("bad.test") if one.mechanism is not Mechanism.DMARC], bad], width
    )
    assert text.index("bad.test") < text.index("good.test")
    assert '_dmarc.bad.test. 3600 IN TXT "v=DMARC1; p=quarantine"' in text
    assert "✗ dmarc-missing  There is none." in text
    assert "1 green" in text
    assert "1 not safe" in text
    assert all(len(line) <= width for line in text.splitlines())


def test_what_many_domains_share_is_said_once():
    """A listed address is one problem, with the names of a few of those it hurts."""
    said = Sentence("192.0.2.1 is listed.")
    listed = [
        CheckFinding(f"d{n}.test", Mechanism.DNSBL, "192.0.2.1", Verdict.FAIL, "dnsbl-listed", said, (), NOTHING, "t", NOW)
        for n in range(10)
    ]
    text = shown(listed, 200)
    assert text.count("192.0.2.1 is listed.") == 1
    assert "d3.test: 192.0.2.1 and 6 more" in text


def test_a_domain_of_which_not_all_six_were_seen_is_not_green():
    """Five passes and silence are unknown."""
    text = shown(green("a.test")[:5])
    assert "1 unknown" in text
    assert "green" not in text


def test_nobody_looked_is_said():
    """No findings are not a clean bill."""
    assert "Nobody has looked" in shown([])


def test_long_texts_are_cut_as_zone_files_need():
    """A DKIM key is more than one string."""
    assert zone_line(Record("k._domainkey.a.test", "TXT", "p" * 300)).count('"') == 4


def test_nothing_named_is_refused(tmp_path, capsys):
    """Which domains is asked for: a look at all is a wish of its own."""
    assert run(["check", "--instance", str(tmp_path)], {}) == 2
    assert "--all" in capsys.readouterr().err
