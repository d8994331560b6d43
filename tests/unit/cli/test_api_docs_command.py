"""``mailward api-docs``: where the API is explained, and its document, from the settings alone."""

import subprocess
import sys
from pathlib import Path

from mailward.steward.new_instance import demo
from mailward.steward.settings_file import format_settings

COMMITTED = Path(__file__).parents[3] / "docs" / "openapi.json"


def said(instance: Path, *words: str) -> str:
    program = [sys.executable, "-m", "mailward", "api-docs", *words, "--instance", str(instance)]
    return subprocess.run(program, capture_output=True, text=True, check=True, timeout=60).stdout


def test_it_says_where_and_prints_the_document(tmp_path: Path) -> None:
    """A person gets the address of the page, a program the document that is committed."""
    (tmp_path / "mailward.toml").write_text(format_settings(demo(ipv6=False)), encoding="utf-8")
    told = said(tmp_path, "--lang", "en")
    assert "https://mx.mailward.localhost:8443/api-docs/" in told
    assert said(tmp_path, "--json") == COMMITTED.read_text(encoding="utf-8")
