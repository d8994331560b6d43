"""docs/codes.md and the program name the same codes: none is undocumented, none is invented."""

import re
from pathlib import Path

from mailward.audit.clients import CLEAR_TEXT_CODES, CLIENT_CODES
from mailward.audit.rules import codes
from mailward.model.checks import Mechanism
from mailward.model.verdict import Verdict
from mailward.standards import hostname, mail_address

HERE = Path(__file__).parents[3]
PAGE = (HERE / "docs" / "codes.md").read_text()


def rows(section):
    """The codes of a section's tables, in order, with the rest of their rows."""
    text = PAGE.partition(f"## {section}")[2].partition("\n## ")[0]
    return [(code, line) for line in text.splitlines() for code in re.findall(r"^\| `([a-z0-9-]+)` \|", line)]


def test_every_code_of_a_door_is_documented_with_its_verdict_in_its_order():
    """The page lists the doors' codes by seriousness and says each one's verdict."""
    found = rows("Doors")
    assert [code for code, _ in found] == list(codes.VERDICTS)
    for code, line in found:
        assert line.split("|")[2].strip().startswith(codes.VERDICTS[code].value)


def test_every_code_of_a_client_is_documented():
    """The page lists exactly the clients' codes."""
    assert sorted(code for code, _ in rows("Mail clients")) == sorted((*CLIENT_CODES, *CLEAR_TEXT_CODES))


def test_every_refusal_of_the_standards_is_documented():
    """The page lists exactly the codes with which names, addresses and documents are refused."""
    found = {*hostname.CODES, *mail_address.CODES}
    for room in ("standards", "audit"):
        for path in (HERE / "src" / "mailward" / room).rglob("*.py"):
            found.update(re.findall(r'code="([a-z0-9-]+)"', path.read_text()))
    assert sorted(code for code, _ in rows("Input that is refused")) == sorted(found)


def test_codes_listed_by_a_module_are_those_it_uses():
    """The lists of codes in the modules are complete and hold nothing that is never used."""
    for module in (hostname, mail_address):
        text = Path(module.__file__).read_text().partition("CODES = (")[2].partition(")\n")[2]
        used = set(re.findall(r'"((?:name|address)-[a-z-]+)"', text))
        assert used == set(module.CODES)


def test_every_code_of_a_check_is_documented():
    """The page lists exactly the codes that the board's rules use, each beginning with its mechanism, with a verdict."""
    begins = "|".join([*(mechanism.value.replace("_", "-") for mechanism in Mechanism), "check"])
    found = {f"{what}-{verdict}" for what in ("certificate", "door") for verdict in ("pass", "warn", "fail", "unknown")}
    for path in [*(HERE / "src" / "mailward" / "audit").rglob("*.py"), HERE / "src" / "mailward" / "actions" / "checks.py"]:
        if path.exists() and path.name not in ("words.py", "codes.py", "doors.py", "chain.py", "clients.py"):
            found.update(re.findall(rf'"((?:{begins})-[a-z0-9-]+)"', path.read_text()))
    found -= {code for code in found if code in codes.VERDICTS}
    shown = rows("DNS: `mailward check`")
    assert sorted(code for code, _ in shown) == sorted(found)
    for code, line in shown:
        assert line.split("|")[2].strip().split(",")[0] in set(Verdict), code
