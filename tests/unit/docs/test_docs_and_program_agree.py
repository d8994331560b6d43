"""The pages under docs/ and the program say the same: nothing undocumented, nothing invented, no link to nowhere."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest
import rights_tables
from commands_page import PAGE, page, paths

from mailward.cli.app import Front
from mailward.model.dns_settings import DnsSettings
from mailward.model.doors import Door
from mailward.model.runs import RunKind, RunState, Step
from mailward.model.settings import CaSettings, DemoSettings, InternalPorts, Settings
from mailward.steward import new_instance, settings_file

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
EVENT = re.compile(
    r"(customer|dkim|dns|domain|mailbox|app-password|alias|certificate|configuration|rollback|person|role|group|token|second-factor|session|server|name|tls)"
    r"\.[a-z-]+|signed-in|signed-out|sign-in-failed"
)
NOT_EVENTS = {"certificate.pem", "certificate.p12", "dns.spf", "dns.reports", "dns.dnsbls", "dns.secondaries"}


def rows(document: str, section: str) -> list[str]:
    """The first column of the tables below a heading, until the next heading of the same rank."""
    text = (DOCS / document).read_text().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    """docs/commands.md is made from the commands; write it anew with ``python tests/unit/docs/commands_page.py``."""
    assert PAGE.read_text() == page()


def test_every_setting_is_documented_and_no_other() -> None:
    """docs/settings.md has a row for each name that mailward.toml may hold, in its own part."""
    parts = {"ports", "internal", "ca", "demo", "dns"}
    assert sorted(rows("settings.md", "At the top")) == sorted(settings_file._KNOWN - parts)
    assert sorted(rows("settings.md", "[ports]")) == sorted([*(door.value for door in Door), "http", "dns"])
    for section, kind in (
        ("[internal]", InternalPorts),
        ("[dns]", DnsSettings),
        ("[[ca]]", CaSettings),
        ("[demo]", DemoSettings),
    ):
        assert sorted(rows("settings.md", section)) == sorted(field.name for field in fields(kind)), section


def test_the_ports_in_the_page_of_settings_are_the_real_ones() -> None:
    """The standard and the demo's port of each door, as a new instance gets them."""
    demo = new_instance.demo(ipv6=True)
    text = (DOCS / "settings.md").read_text()
    for door in Door:
        shown = f"| {door.kind.standard_port} | {demo.ports.get(door, '–')} |"
        assert re.search(rf"^\| `{door}` \|.*{re.escape(shown)}$", text, re.MULTILINE), (door, shown)
    made = new_instance.production("mx1.example.com", ("192.0.2.1",), CaSettings("ca", "https://ca.example/"), None)
    assert _other_ports(made) == [80, 53, *_column("[internal]")]
    assert [demo.http_port, demo.dns_port] == [8080, 2053]


def _other_ports(settings: Settings) -> list[int]:
    return [settings.http_port, settings.dns_port, *(getattr(settings.internal, f.name) for f in fields(InternalPorts))]


def _column(section: str) -> list[int]:
    text = (DOCS / "settings.md").read_text().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return [int(number) for number in re.findall(r"^\| `.*\| (\d+) \|$", text, re.MULTILINE)]


def test_every_kind_state_and_step_of_a_run_is_documented() -> None:
    """docs/records.md has a row for each kind, state and step of a run, and for nothing else."""
    wanted = [one.value for kind in (RunKind, RunState, Step) for one in kind]
    assert sorted(rows("records.md", "Runs")) == sorted(wanted)


def test_every_event_is_documented() -> None:
    """docs/records.md has a row for each event that the actions and the steward write, and for nothing else."""
    written = {
        node.value
        for room in ("actions", "steward", "bootstrap", "store", "panel/signin")
        for path in (ROOT / "src" / "mailward" / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and EVENT.fullmatch(node.value)
    }
    assert sorted(rows("records.md", "Events")) == sorted(written - NOT_EVENTS)


def test_the_tables_of_rights_are_the_rights() -> None:
    """docs/people.md says of each role what model/rights.py does; ``python tests/unit/docs/rights_tables.py`` writes it."""
    text = rights_tables.PAGE.read_text()
    assert text == rights_tables.page(text)
    assert rights_tables.roles() in text
    assert rights_tables.rights() in text


def quoted() -> Iterator[tuple[str, str]]:
    """Every command in a page: what stands between backticks or in a block of code and begins with ./mailward."""
    for document in PAGES:
        for line in document.read_text().splitlines():
            for found in re.findall(r"(?:^(?:\$ )?|`)\./mailward ([^`#|;]+)", line):
                yield str(document.relative_to(ROOT)), found.strip()


@pytest.mark.parametrize(("document", "command"), sorted(set(quoted())))
def test_every_quoted_command_exists(document: str, command: str) -> None:
    """A command that a page tells people to type is there, with its options."""
    words = [word for word in command.split() if word not in ("…", "\\")]
    if words[0].startswith("-") or words[0].isupper():
        return
    known = {"--help", "--lang", "--version"}
    path = " ".join(words[:2]) if " ".join(words[:2]) in paths() else words[0]
    subjects = {one.partition(" ")[0] for one in paths()}
    assert path in paths() or path in subjects, f"{document}: {command}"
    if path in paths():
        known |= _options(path)
    assert {word.partition("=")[0] for word in words if re.match(r"-{1,2}[a-z]", word)} <= known, f"{document}: {command}"


def _options(path: str) -> set[str]:
    front = Front(name="mailward")
    made: click.Command | None = front.get_command(click.Context(front), path.partition(" ")[0])
    if isinstance(made, click.Group):
        made = made.commands[path.partition(" ")[2]]
    assert made is not None
    return {name for one in made.params for name in one.opts}


@pytest.mark.parametrize("document", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(document: Path) -> None:
    """A link to a file of this repository names a file that is there."""
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text()):
        if not re.match(r"[a-z]+:", target):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


@pytest.mark.parametrize("document", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_page_names_is_there(document: Path) -> None:
    """A source, test or script that a page names in backticks has that path."""
    for target in re.findall(r"`((?:src|tests|bench|docs)/[\w./-]+)`", document.read_text()):
        filled_in_by_the_reader = re.search(r"/[A-Z]+(/|$)", target)  # LANG, NAME
        if not filled_in_by_the_reader and not target.startswith("bench/results"):
            # A measurement is called by its name: bench/doors is bench/doors.py.
            assert (ROOT / target).exists() or (ROOT / f"{target}.py").exists(), f"{document.name}: {target}"
