"""A whole host's first people, and the record of what was done: who is shown, what root has seen, who can't write it."""

import json
import subprocess
import time

import pytest

from demo_host import DemoHost
from mailward.store.anchors import last_anchor

pytestmark = pytest.mark.real

AS_PANEL = ("setpriv", "--reuid", "mailward-panel", "--regid", "mailward-panel", "--clear-groups", "--inh-caps=-all")


def test_up_shows_the_first_accounts_and_never_as_json(demo_host: DemoHost) -> None:
    """A provider and, in a demo, a customer of beta: their passwords at the end of each ``up``, in no JSON and no log."""
    provider, owner = f"provider@mx.{demo_domain(demo_host)}", "owner@beta.localhost"
    assert set(demo_host.people) == {provider, owner}
    rows = {row["email"]: row for row in demo_host.json("people", "list")}
    assert [grant["role"] for grant in rows[provider]["grants"]] == ["provider"]
    assert [(grant["role"], grant["customer"]) for grant in rows[owner]["grants"]] == [("customer", "Beta")]
    shown = json.dumps(demo_host.up()) + "".join(
        path.read_text(errors="replace") for path in demo_host.layout.log.rglob("*.log")
    )
    assert not [email for email, password in demo_host.people.items() if password in shown]


def demo_domain(host: DemoHost) -> str:
    from mailward.bootstrap import joining

    return joining.read_settings(host.layout).hostname.partition(".")[2]


def test_root_writes_down_how_far_the_record_has_come(demo_host: DemoHost) -> None:
    """Within seconds of an event the steward anchors it, in a file that the panel's user can read and neither write nor
    replace; the record is whole."""
    demo_host.run("people", "invite", "anchored@host.test", "--role", "support")
    newest = demo_host.json("events", "--limit", "1")[0]["id"]
    path, until = demo_host.layout.anchors, time.monotonic() + 30
    while (seen := last_anchor(path)) is None or seen.event < newest:
        assert time.monotonic() < until, f"event {newest} was not anchored, but {seen}"
        time.sleep(0.2)
    demo_host.run("people", "close", "anchored@host.test", "--yes")
    state = demo_host.json("events", "verify")
    assert (state["first_broken"], state["anchored"] >= newest) == (None, True)
    status = path.stat()
    assert (status.st_uid, oct(status.st_mode & 0o777)) == (0, "0o640")
    assert as_panel("cat", path).returncode == 0
    for program in (["truncate", "-s", "0", path], ["rm", "-f", path], ["mv", path, f"{path}.old"]):
        assert as_panel(*program).returncode != 0
    lines = demo_host.run("events", "export").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == list(range(1, len(lines) + 1))


def as_panel(*argv: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*AS_PANEL, *map(str, argv)], capture_output=True, check=False)
