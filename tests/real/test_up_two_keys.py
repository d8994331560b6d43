"""Both kinds of keys on a real host: every door shows an ECDSA certificate to those who know it, and RSA to the others."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo_host import DemoHost
from mailward.model.doors import Door, Tls

pytestmark = pytest.mark.real

ALPHA, WILDCARD = "alpha.localhost", "alpha.localhost-wildcard"
ECDSA, RSA = "ECDSA+SHA256", "RSA-PSS+SHA256:RSA+SHA256"
NAMES = {Door.HTTPS: f"webmail.{ALPHA}"}


@pytest.fixture(scope="module")
def host(demo_host: DemoHost) -> Iterator[DemoHost]:
    """The demo host, told to keep both kinds of keys; afterwards as it was."""
    toml = demo_host.layout.settings
    before = toml.read_text()
    opened = before.replace("rsa = false", "rsa = true").replace(
        "\n[ports]\n", f"\n[ports]\nimap = {demo_host.port(Door.IMAP)}\nsieve = {demo_host.port(Door.SIEVE)}\n"
    )
    assert opened != before
    toml.write_text(opened)
    demo_host.run("apply")
    yield demo_host
    demo_host.run("certificate", "issue", ALPHA, "--key", "p256")
    demo_host.run("secure", "server", "--mail", "self-signed", "--panel", "self-signed")
    toml.write_text(before)
    demo_host.run("apply")


@pytest.fixture(scope="module")
def doubled(host: DemoHost) -> DemoHost:
    """alpha's wildcard and the server's own certificate, each with its companion."""
    assert host.json("certificate", "issue", ALPHA, "--key", "both")["state"] == "done"
    host.run("certificate", "issue", "server", "--key", "both")
    (own,) = [one["id"] for one in host.json("certificate", "list", "server") if one["key_type"] == "both"]
    host.run("secure", "server", "--mail", own, "--panel", own)
    return host


def signed_with(host: DemoHost, door: Door, name: str | None, algorithms: str, *more: str) -> str:
    """What a client with these signature algorithms ends up with: the kind of key, once the demo's root vouches for it."""
    kind = door.kind
    protocol = ("-starttls", kind.protocol) if kind.tls is Tls.STARTTLS else ()
    asked = ("-servername", name, "-verify_hostname", name) if name else ("-noservername",)
    argv = [
        "openssl", "s_client", "-connect", f"127.0.0.1:{host.port(door)}", *protocol, *asked, "-sigalgs", algorithms,
        "-CAfile", str(host.layout.tls / "demo-roots.pem"), "-verify_return_error", *more,
    ]  # fmt: skip
    said = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
    text = (said.stdout + said.stderr).decode(errors="replace")
    found = re.search(r"Peer signature type: (\S+)", text)
    if found is None:
        return "no handshake"
    return found[1] if "Verify return code: 0 (ok)" in text else text


OPEN = [door for door in Door if door is not Door.POP3]


@pytest.mark.parametrize("door", OPEN)
def test_a_client_of_today_and_one_without_ecdsa_both_verify(doubled: DemoHost, door: Door) -> None:
    """By SNI, at every door, in TLS 1.3 and 1.2: each is shown what it can check, under the demo's root."""
    name = NAMES.get(door, f"mail.{ALPHA}")
    assert signed_with(doubled, door, name, f"{ECDSA}:{RSA}") == "ECDSA"
    assert signed_with(doubled, door, name, RSA) == "RSA-PSS"
    assert signed_with(doubled, door, name, RSA, "-tls1_2").startswith("RSA")
    assert signed_with(doubled, door, name, ECDSA, "-tls1_2") == "ECDSA"


@pytest.mark.parametrize("door", OPEN)
def test_the_server_itself_has_both_for_no_name(doubled: DemoHost, door: Door) -> None:
    """Mail servers that send no name, and know one kind of key only, get the server-wide certificate of that kind."""
    assert signed_with(doubled, door, None, f"{ECDSA}:{RSA}") == "ECDSA"
    assert signed_with(doubled, door, None, RSA) == "RSA-PSS"


def test_verify_asks_as_both_and_finds_both(doubled: DemoHost) -> None:
    """Each name has a row by each kind of client, with its own fingerprints; all pass."""
    rows = doubled.verify(ALPHA, "server")
    row = doubled.json("certificate", "show", WILDCARD)
    assert {(r["verdict"], r["code"], tuple(r["also"])) for r in rows} == {("pass", "ok", ())}
    of_alpha = {(r["key"], r["served_sha256"], r["wanted_sha256"]) for r in rows if r["domain"] == ALPHA}
    one, other = row["sha256"], row["companion_sha256"]
    assert of_alpha == {("any", one, one), ("rsa", other, other)}
    places = [{(r["name"], r["door"], r["address"]) for r in rows if r["key"] == key} for key in ("any", "rsa")]
    assert places[0] == places[1] != set()


def test_a_domain_with_one_key_is_served_as_before(doubled: DemoHost) -> None:
    """Where a certificate has no companion nobody asks for it: its rows are the old ones, the chain is sent once, and a
    client without ECDSA is refused at the doors that look it up by name."""
    beta = "beta.localhost"
    doubled.run("certificate", "issue", beta, "--key", "p256")
    doubled.run("secure", beta, "--webmail", f"{beta}-wildcard", "--mail", f"{beta}-wildcard")
    rows = doubled.verify(beta)
    assert {(r["key"], r["verdict"], r["code"], tuple(r["also"])) for r in rows} == {("any", "pass", "ok", ())}
    for door in (Door.HTTPS, Door.IMAPS, Door.SUBMISSIONS, Door.SMTP):
        name = f"webmail.{beta}" if door is Door.HTTPS else f"mail.{beta}"
        assert signed_with(doubled, door, name, f"{RSA}:{ECDSA}") == "ECDSA"
        assert signed_with(doubled, door, name, RSA) == "no handshake"
    doubled.run("secure", beta, "--webmail", "self-signed", "--mail", "self-signed")


def test_a_renewal_brings_a_new_pair_without_a_choice(doubled: DemoHost) -> None:
    """Both are new, both are served, and the version before still lies there."""
    before = doubled.json("certificate", "show", WILDCARD)
    doubled.run("certificate", "renew", WILDCARD)
    after = doubled.json("certificate", "show", WILDCARD)
    assert after["current"] == before["current"] + 1
    assert not {after["sha256"], after["companion_sha256"]} & {before["sha256"], before["companion_sha256"]}
    served = {r["served_sha256"] for r in doubled.verify(ALPHA)}
    assert served == {after["sha256"], after["companion_sha256"]}
    files = {path.name: path.stat().st_mode & 0o777 for path in doubled.layout.tls_versions.glob(f"{WILDCARD}.*")}
    numbers = (before["current"], after["current"])
    assert {f"{WILDCARD}.{n}.{kind}" for n in numbers for kind in ("pem", "rsa.pem", "all.pem")} <= set(files)
    assert set(files.values()) == {0o640}


def test_the_list_says_that_there_are_two(doubled: DemoHost) -> None:
    """People see it without asking for JSON."""
    assert "ECDSA + RSA" in doubled.run("certificate", "list").stdout
    assert "SHA-256 (RSA)" in doubled.run("certificate", "show", WILDCARD).stdout


def test_doors_that_show_one_kind_refuse_the_order(demo_host: DemoHost, tmp_path: Path) -> None:
    """Without ``rsa = true`` nothing is ordered, and the answer says what to do."""
    toml = demo_host.layout.settings
    before = toml.read_text()
    toml.write_text(before.replace("rsa = true", "rsa = false"))
    try:
        refused = demo_host.run("certificate", "issue", "beta.localhost", "--key", "both", check=False)
    finally:
        toml.write_text(before)
    assert refused.returncode == 2
    assert "rsa = true" in refused.stderr
