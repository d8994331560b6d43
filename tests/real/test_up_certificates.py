"""Certificates of every source on a real host: bought and uploaded, requested here, ordered by HTTP-01; and their life."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bought import Seller, written
from demo_host import DemoHost

pytestmark = pytest.mark.real

BETA = "beta.localhost"
NAMES = (BETA, f"mail.{BETA}", f"webmail.{BETA}", f"autoconfig.{BETA}", f"autodiscover.{BETA}")


@pytest.fixture(scope="module")
def seller() -> Seller:
    return Seller.new()


@pytest.fixture(scope="module")
def host(demo_host: DemoHost, seller: Seller) -> Iterator[DemoHost]:
    roots = demo_host.layout.tls / "demo-roots.pem"
    before = roots.read_bytes()
    seller.trusted_by(demo_host)
    yield demo_host
    demo_host.run("secure", BETA, "--webmail", "self-signed", "--mail", "self-signed")
    roots.write_bytes(before)


def safe(host: DemoHost, sha256: str) -> bool:
    """Every name of beta is right at every door, and this certificate is what makes it so."""
    rows = host.verify(BETA)
    return {(row["verdict"], row["code"], row["served_sha256"]) for row in rows} == {("pass", "ok", sha256)}


def test_a_bought_certificate_is_uploaded_chosen_and_followed_by_the_next(
    host: DemoHost, seller: Seller, tmp_path: Path
) -> None:
    """A4: PEM with key and chain; its successor comes as PKCS#12 and is served without another choice."""
    first, second = seller.sells(*NAMES), seller.sells(*NAMES)
    row = host.json("certificate", "upload", BETA, written(tmp_path / "bought.pem", seller.as_pem(first)))
    assert row["source"] == "upload"
    host.run("secure", BETA, "--webmail", row["id"], "--mail", row["id"])
    assert safe(host, first.sha256)
    bundle = written(tmp_path / "bought.p12", seller.as_pkcs12(second, "of the bundle"))
    host.run("certificate", "upload", BETA, bundle, "--ask-password", "--next-of", row["id"], stdin=b"of the bundle\n")
    assert safe(host, second.sha256)
    history = host.json("certificate", "history", row["id"])
    assert [(one["number"], one["sha256"], one["served"]) for one in history] == [
        (2, second.sha256, True),
        (1, first.sha256, False),
    ]


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("a key of another certificate", "key-mismatch"),
        ("no chain", "chain-incomplete"),
        ("garbage", "certificate-unreadable"),
        ("too late", "expired"),
    ],
)
def test_a_bad_upload_is_refused_and_says_why(host: DemoHost, seller: Seller, tmp_path: Path, what: str, code: str) -> None:
    """Each refusal has its own code, and nothing is kept."""
    good, other = seller.sells(*NAMES), seller.sells(*NAMES)
    content = {
        "a key of another certificate": other.key_pem + good.pem + seller.intermediate.pem,
        "no chain": good.key_pem + good.pem,
        "garbage": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "too late": seller.as_pem(seller.sells(*NAMES, days=0)),
    }[what]
    before = host.json("certificate", "list", BETA)
    refused = host.json("certificate", "upload", BETA, written(tmp_path / "bad.pem", content), check=False)
    assert refused["error"]["code"] == code, refused
    assert refused["error"]["what"]
    assert host.json("certificate", "list", BETA) == before


def test_a_certificate_without_the_names_is_refused_with_the_names(host: DemoHost, seller: Seller, tmp_path: Path) -> None:
    """A choice that would leave clients with a name mismatch is refused, naming what is missing."""
    row = host.json("certificate", "upload", BETA, written(tmp_path / "p.pem", seller.as_pem(seller.sells(f"www.{BETA}"))))
    refused = host.run("secure", BETA, "--mail", row["id"], check=False)
    assert refused.returncode == 2
    assert f"mail.{BETA}" in refused.stderr


def test_a_request_made_here_is_answered_and_served(host: DemoHost, seller: Seller, tmp_path: Path) -> None:
    """A4: the key never leaves the steward; the seller's answer, pasted, is served after the choice."""
    made = host.json("certificate", "csr", BETA)
    answer = written(tmp_path / "answer.pem", seller.answers(made["csr"].encode()))
    assert host.json("certificate", "answer", made["certificate"], answer)["state"] == "done"
    host.run("secure", BETA, "--webmail", made["certificate"], "--mail", made["certificate"])
    row = host.json("certificate", "show", made["certificate"])
    assert safe(host, row["sha256"])
    again = host.run("certificate", "answer", made["certificate"], answer, check=False)
    assert again.returncode == 2


def test_a_san_certificate_by_http_01_is_renewed_in_place_and_revoked_only_when_unused(host: DemoHost) -> None:
    """A4 by ACME: the challenge is answered on the http port; a renewal is served without a choice; revoked is the end."""
    asked = [word for name in (BETA, f"mail.{BETA}", f"webmail.{BETA}") for word in ("--name", name)]
    assert host.json("certificate", "issue", BETA, "--challenge", "http-01", *asked)["state"] == "done"
    (row,) = [r for r in host.json("certificate", "list", BETA) if r["challenge"] == "http-01"]
    host.run("secure", BETA, "--webmail", row["id"], "--mail", row["id"])
    host.run("certificate", "renew", row["id"])
    renewed = host.json("certificate", "show", row["id"])
    assert renewed["current"] == row["current"] + 1
    assert renewed["sha256"] != row["sha256"]
    required = [r for r in host.verify(BETA) if r["name"] in (f"mail.{BETA}", f"webmail.{BETA}", BETA)]
    assert {(r["verdict"], r["served_sha256"]) for r in required} == {("pass", renewed["sha256"])}
    in_use = host.run("certificate", "revoke", row["id"], "--yes", check=False)
    assert in_use.returncode == 2
    host.run("secure", BETA, "--webmail", "self-signed", "--mail", "self-signed")
    host.run("certificate", "revoke", row["id"], "--yes")
    assert host.json("certificate", "show", row["id"])["revoked_at"]
    assert host.run("secure", BETA, "--mail", row["id"], check=False).returncode == 2


def test_the_budget_counts_what_was_ordered(host: DemoHost) -> None:
    """The forecast knows the CA's limit on certificates for the same names, and what this host has used of it."""
    names = " ".join(sorted((BETA, f"mail.{BETA}", f"webmail.{BETA}")))
    used = {
        row["subject"]: row["used"] for row in host.json("certificate", "budget") if row["limit"]["code"] == "same-names"
    }
    assert used[names] == 1  # issued above; its renewal says what it replaces, which Let's Encrypt doesn't count
    assert used["*.alpha.localhost alpha.localhost"] == 1
    assert names in host.run("certificate", "budget").stdout
