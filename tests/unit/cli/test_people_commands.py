"""People, tokens and the record of activity at the command line, over an instance on disk whose daemons never ran."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

IN_ONE_PROCESS = """
import contextlib, io, json, sys
from mailward.cli.app import run
for words in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([*words, "--instance", sys.argv[1]], {})
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Instance:
    root: Path

    def run(self, *commands: str) -> list[Said]:
        """Each command line, one after the other, in one process."""
        asked = json.dumps([line.split(" ") for line in commands])
        program = [sys.executable, "-c", IN_ONE_PROCESS, str(self.root)]
        ended = subprocess.run(program, input=asked, capture_output=True, text=True, check=True, timeout=120)
        return [Said(*json.loads(line)) for line in ended.stdout.splitlines()]


@pytest.fixture
def instance(migrated: Path, tmp_path: Path) -> Instance:
    from mailward.bootstrap import joining
    from mailward.host.files import RealFiles
    from mailward.model.layout import Layout
    from mailward.steward.new_instance import demo
    from mailward.steward.settings_file import format_settings

    layout = Layout(tmp_path / "instance")
    for directory in (layout.secrets, layout.store.parent, layout.log, layout.run, layout.state):
        directory.mkdir(parents=True)
    layout.settings.write_text(format_settings(demo(ipv6=False)))
    joining.make_seal_keys(layout, RealFiles(layout.root, durable=False))
    shutil.copyfile(migrated, layout.store)
    return Instance(layout.root)


def test_people_are_invited_and_looked_at(instance: Instance) -> None:
    """The link is the last line, once; the list and the account show no secret; JSON is never asked for a link."""
    invited, asked, listed, shown, found = instance.run(
        "people invite sam@host.test --name Sam --role support",
        "people invite eve@host.test --role support --json",
        "people list",
        "people show sam@host.test --json",
        "people list --search nobody",
    )
    assert invited.code == 0
    link = invited.out.splitlines()[-1]
    assert re.fullmatch(r"https://mx\.mailward\.localhost:\d+/invitation/[A-Za-z0-9_-]{43}/", link)
    assert (asked.code, json.loads(asked.out)["error"]["field"]) == (2, "json")
    assert "sam@host.test" in listed.out
    assert "invited" in listed.out
    assert "eve@host.test" not in listed.out
    row = json.loads(shown.out)
    assert (row["email"], row["name"], row["has_password"], row["grants"][0]["role"]) == (
        "sam@host.test", "Sam", False, "support"
    )  # fmt: skip
    assert not SECRET.search(listed.out + shown.out)
    assert "Nobody may sign in yet." in found.out


def test_roles_are_given_and_taken_and_accounts_closed_and_opened(instance: Instance) -> None:
    """By what they are tied to; closing asks first."""
    said = instance.run(
        "people invite sam@host.test --role support",
        "customer add A",
        "people grant sam@host.test --role auditor --customer A --json",
        "people withdraw sam@host.test --role support --json",
        "people withdraw sam@host.test --role support",
        "people grant sam@host.test --role support --customer A",
        "people close sam@host.test",
        "people close sam@host.test --yes --json",
        "people open sam@host.test --json",
        "people close nobody@host.test --yes",
    )
    assert [one.code for one in said] == [0, 0, 0, 0, 2, 2, 3, 0, 0, 2]
    assert [one["role"] for one in json.loads(said[2].out)["grants"]] == ["support", "auditor"]
    assert [(one["role"], one["customer"]) for one in json.loads(said[3].out)["grants"]] == [("auditor", "A")]
    assert [json.loads(one.out)["active"] for one in said[7:9]] == [False, True]


def test_who_lost_a_password_or_every_second_factor_is_let_in_again(instance: Instance) -> None:
    """A made password is shown once and never as JSON; the last provider can't be closed by mistake."""
    said = instance.run(
        "people invite ada@host.test --role provider",
        "people password ada@host.test",
        "people password ada@host.test --json",
        "people reset-second-factor ada@host.test --yes --json",
        "people link ada@host.test",
        "people close ada@host.test --yes",
    )
    assert [one.code for one in said] == [0, 0, 2, 0, 0, 3]
    made = said[1].out.splitlines()[-1].rpartition(" ")[2]
    assert len(made) >= 16
    assert made not in "".join(one.out + one.err for one in (said[0], *said[2:]))
    assert "last provider" in said[5].err


def test_tokens_are_made_shown_once_and_revoked(instance: Instance) -> None:
    """The token alone is on standard output, so that a script can take it; the list never shows it."""
    said = instance.run(
        "people invite sam@host.test --role support",
        "token create script --for sam@host.test --act domains.read --act doors.read --days 10",
        "token create script --for sam@host.test --act no.such",
        "token list --json",
        "token revoke 1 --json",
        "token revoke 7",
        "token list",
    )
    assert [one.code for one in said] == [0, 0, 2, 0, 0, 2, 0]
    assert re.fullmatch(r"mw_1_[A-Za-z0-9_-]{43}\n", said[1].out)
    (row,) = json.loads(said[3].out)
    assert (row["owner"], row["acts"], row["is_usable"]) == ("sam@host.test", ["domains.read", "doors.read"], True)
    assert json.loads(said[4].out)["is_usable"] is False
    assert "ended" in said[6].out
    assert not any(SECRET.search(one.out) for one in said[2:])


def test_the_record_is_shown_exported_and_verified(instance: Instance) -> None:
    """A whole record ends with 0; a changed one with 1, and says where."""
    said = instance.run(
        "customer add A",
        "customer add B",
        "events",
        "events --json --limit 1 --what customer",
        "events export",
        "events verify",
        "events verify --json",
    )
    assert {one.code for one in said} == {0}
    assert "customer.added" in said[2].out
    (row,) = json.loads(said[3].out)
    assert (row["subject"], row["customer"]) == ("B", "B")
    exported = [json.loads(line) for line in said[4].out.splitlines()]
    assert [one["subject"] for one in exported] == ["A", "B"]
    assert "All 2 events" in said[5].out
    assert json.loads(said[6].out)["count"] == 2
    with closing(sqlite3.connect(instance.root / "store" / "store.sqlite")) as database, database:
        database.execute("UPDATE store_event SET who = 'nobody' WHERE id = 1")
    (broken,) = instance.run("events verify")
    assert broken.code == 1
    assert "event 1 is not as it was written" in broken.out
