"""``up``, and the proof it ends with: alpha is safe at every door, beta shows exactly the faults the manual predicts."""

from collections import Counter

import pytest

from demo_host import DemoHost
from mailward.model.doors import Door

pytestmark = pytest.mark.real

KEYS = {
    "domain", "name", "door", "port", "address", "tls", "sni", "verdict", "code", "reason", "remedy", "served_sha256",
    "wanted_sha256", "not_after", "protocol", "checked_at", "also", "key",
}  # fmt: skip
"""What issue 2 promises of each row, and ``also`` and ``key``."""
MAIL_DOORS = {"imaps", "pop3s", "smtp", "submission", "submissions"}


def test_each_row_has_the_promised_keys(demo_host: DemoHost) -> None:
    """Programs can rely on verify's rows: these keys, no other, of these kinds."""
    rows = demo_host.verify()
    assert rows
    for row in rows:
        assert set(row) == KEYS
        assert row["port"] == demo_host.port(Door(row["door"]))
        assert row["tls"] == Door(row["door"]).kind.tls
        assert row["protocol"] in ("TLSv1.2", "TLSv1.3")
        assert row["served_sha256"] == row["wanted_sha256"] != ""
        assert row["key"] == "any"
        assert row["checked_at"].endswith("+00:00")


def test_every_door_is_asked_by_every_name_at_every_address(demo_host: DemoHost) -> None:
    """Nothing is judged by a sample: both addresses, all six doors, every name a client may use, an unknown one, none."""
    rows = demo_host.verify()
    asked = {(row["domain"], row["name"], row["sni"]): set[str]() for row in rows}
    for row in rows:
        asked[row["domain"], row["name"], row["sni"]].add(row["door"])
    for domain in ("alpha.localhost", "beta.localhost"):
        assert asked[domain, domain, domain] == MAIL_DOORS | {"https"}
        assert asked[domain, f"mail.{domain}", f"mail.{domain}"] == MAIL_DOORS
        for label in ("webmail", "autoconfig", "autodiscover"):
            assert asked[domain, f"{label}.{domain}", f"{label}.{domain}"] == {"https"}
    for name, sni in (("mx.mailward.localhost",) * 2, ("unknown-name.invalid",) * 2, ("", None)):
        assert asked["server", name, sni] == MAIL_DOORS | {"https"}
    addresses = Counter(row["address"] for row in rows)
    assert addresses["127.0.0.1"] == addresses["::1"] == len(rows) / 2


def test_alpha_is_safe_at_every_door(demo_host: DemoHost) -> None:
    """The wildcard that ``up`` ordered is served for every name of alpha at every door, and nothing else is said."""
    rows = demo_host.verify("alpha.localhost")
    assert {(row["verdict"], row["code"], tuple(row["also"])) for row in rows} == {("pass", "ok", ())}
    assert len({row["served_sha256"] for row in rows}) == 1
    assert demo_host.run("verify", "alpha.localhost", check=False).returncode == 0


def test_beta_shows_exactly_what_the_manual_predicts(demo_host: DemoHost) -> None:
    """An unsecured domain shows the server's self-signed certificate, made for another name, and no other fault."""
    rows = demo_host.verify("beta.localhost")
    assert {(row["verdict"], row["code"], tuple(row["also"])) for row in rows} == {
        ("fail", "self-signed", ("name-mismatch",))
    }
    assert demo_host.run("verify", "beta.localhost", check=False).returncode == 1


def test_the_server_is_encrypted_from_the_first_minute_but_self_signed(demo_host: DemoHost) -> None:
    """A2: its own name, unknown names and no name meet the self-signed certificates, one for web and one for mail."""
    rows = demo_host.verify("server")
    assert {(row["verdict"], row["code"], tuple(row["also"])) for row in rows} == {("fail", "self-signed", ())}
    by_role = {row["door"] == "https": row["served_sha256"] for row in rows}
    assert len({row["served_sha256"] for row in rows}) == len(by_role) == 2


def test_a_second_up_changes_nothing_and_says_so(demo_host: DemoHost) -> None:
    """``up`` on a host that is up starts no daemon, makes no generation, orders nothing."""
    before = demo_host.json("status", check=False)["generation"], pids(demo_host), certificates(demo_host)
    report = demo_host.up()
    assert report["changed"] is False
    after = demo_host.json("status", check=False)["generation"], pids(demo_host), certificates(demo_host)
    assert after == before
    assert "Nothing had to be changed" in demo_host.run("up").stdout


def test_after_down_up_brings_back_the_same_host(demo_host: DemoHost) -> None:
    """``down`` stops everything, and ``up`` afterwards serves what was served: same generation, same certificates."""
    before = demo_host.json("status", check=False)["generation"], certificates(demo_host), served(demo_host)
    demo_host.run("down")
    assert demo_host.json("status", check=False)["daemons"] == []
    refused = demo_host.verify("alpha.localhost")
    assert {(row["verdict"], row["code"]) for row in refused} == {("fail", "refused")}
    demo_host.up()
    after = demo_host.json("status", check=False)["generation"], certificates(demo_host), served(demo_host)
    assert after == before
    assert {row["state"] for row in demo_host.json("status", check=False)["daemons"]} == {"RUNNING"}


def pids(host: DemoHost) -> dict[str, int]:
    """The process that the supervisor started for each daemon."""
    from mailward.host.clock import RealClock
    from mailward.host.supervisor import Supervisord

    keeper = Supervisord(host.layout, clock=RealClock())
    return {info["name"]: info["pid"] for info in keeper._call("getAllProcessInfo")}


def certificates(host: DemoHost) -> dict[str, str]:
    return {row["id"]: row["sha256"] for row in host.json("certificate", "list")}


def served(host: DemoHost) -> list[tuple[str, ...]]:
    return [(row["name"], row["door"], row["address"], row["served_sha256"]) for row in host.verify()]
