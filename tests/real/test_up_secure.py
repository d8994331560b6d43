"""Securing a real host by the command line: one command cures a domain, one the server, and each way back works."""

from collections.abc import Iterator

import pytest

from demo_host import DemoHost

pytestmark = pytest.mark.real

BETA = "beta.localhost"


@pytest.fixture(scope="module")
def host(demo_host: DemoHost) -> Iterator[DemoHost]:
    yield demo_host
    demo_host.run("secure", BETA, "--webmail", "self-signed", "--mail", "self-signed")
    demo_host.run("secure", "server", "--panel", "self-signed", "--mail", "self-signed")


def codes(host: DemoHost, *domains: str) -> set[tuple[str, str]]:
    return {(row["verdict"], row["code"]) for row in host.verify(*domains)}


def test_one_command_cures_beta_and_another_one_undoes_it(host: DemoHost) -> None:
    """After ``secure`` every door is right for every name of beta; after going back the old faults are there again."""
    cured = host.run("secure", BETA)
    assert "mailward secure server" in " ".join(cured.stderr.split())  # A9, said where the choice is made
    rows = host.verify(BETA)
    assert {(row["verdict"], row["code"], tuple(row["also"])) for row in rows} == {("pass", "ok", ())}
    assert len({row["served_sha256"] for row in rows}) == 1
    assert codes(host, "alpha.localhost") == {("pass", "ok")}
    host.run("secure", BETA, "--webmail", "self-signed", "--mail", "self-signed")
    assert codes(host, BETA) == {("fail", "self-signed")}


def test_webmail_and_mail_are_chosen_apart(host: DemoHost) -> None:
    """A5, A6: a certificate chosen for webmail alone changes nothing at the mail doors."""
    host.run("certificate", "issue", BETA)
    host.run("secure", BETA, "--webmail", "beta.localhost-wildcard")
    by_door = {(row["door"] == "https", row["verdict"], row["code"]) for row in host.verify(BETA)}
    assert by_door == {(True, "pass", "ok"), (False, "fail", "self-signed")}
    host.run("secure", BETA, "--webmail", "self-signed")
    assert codes(host, BETA) == {("fail", "self-signed")}


def test_the_server_is_secured_by_one_command_and_then_nothing_fails_but_the_name(host: DemoHost) -> None:
    """A2: the server gets a certificate by HTTP-01. With beta cured as well, no door fails under any name."""
    host.run("secure", "server")
    assert codes(host, "server") == {("pass", "ok")}
    required = [row for row in host.verify(BETA) if row["name"] in (f"mail.{BETA}", f"webmail.{BETA}")]
    assert {(row["verdict"], row["code"], tuple(row["also"])) for row in required} == {("fail", "name-mismatch", ())}
    told = host.run("secure", BETA)
    assert "self-signed" not in told.stderr  # A9's warning is over
    assert codes(host) == {("pass", "ok")}
    assert host.run("verify").returncode == 0
    assert host.run("status").returncode == 0
    assert host.run("doctor").returncode == 0


def test_a_certificate_of_another_domain_is_refused(host: DemoHost) -> None:
    """Nobody shows another customer's certificate; the refusal names the owner, and nothing is changed."""
    before = codes(host, BETA)
    refused = host.run("secure", BETA, "--mail", "alpha.localhost-wildcard", check=False)
    assert refused.returncode == 2
    assert "belongs to alpha.localhost" in refused.stderr
    assert codes(host, BETA) == before


def test_one_more_switch_changes_no_process_and_makes_no_generation(host: DemoHost) -> None:
    """A certificate is a file and a name: no daemon is restarted or reloaded for a domain's."""
    generation = host.json("status", check=False)["generation"]
    postfix = (host.layout.log / "postfix.log").read_text()
    dovecot = (host.layout.log / "dovecot.log").read_text()
    for chosen in ("self-signed", "beta.localhost-wildcard"):
        host.run("secure", BETA, "--webmail", chosen, "--mail", chosen)
    assert host.json("status", check=False)["generation"] == generation
    assert "reload" not in (host.layout.log / "postfix.log").read_text()[len(postfix) :]
    assert "SIGHUP" not in (host.layout.log / "dovecot.log").read_text()[len(dovecot) :]
