"""Production, as docs/production.md describes it: standard ports, names of one's own, a CA that is not part of the
instance. The host is a network namespace of its own; the CA is Pebble, asked over HTTPS like any other."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from whole_host_certificate import write_https_certificate

pytestmark = pytest.mark.real

SCRIPT = """
set -eu
mailward() { "$PYTHON" -m mailward "$@" --instance "$WORK/instance"; }
ip link set lo up
ip link add mail0 type veth peer name world0
ip addr add 192.0.2.10/24 dev mail0
ip addr add 2001:db8::10/64 dev mail0 nodad
ip link set mail0 up
ip link set world0 up
mount --bind "$WORK/resolv.conf" /etc/resolv.conf
PEBBLE_VA_NOSLEEP=1 pebble -config "$WORK/pebble.json" -dnsserver 127.0.0.1:53 >"$WORK/pebble.log" 2>&1 &
pebble=$!
trap 'mailward down || true; kill $pebble' EXIT
"$PYTHON" - "$WORK" <<'END'
import ssl, sys, time, urllib.request
work = sys.argv[1]
trust = ssl.create_default_context(cafile=f"{work}/https.pem")
for _ in range(100):
    try:
        root = urllib.request.urlopen("https://localhost:15000/roots/0", context=trust, timeout=5).read()
        break
    except OSError:
        time.sleep(0.1)
open(f"{work}/root.pem", "wb").write(root)
END
cat "$WORK/https.pem" "$WORK/root.pem" >"$WORK/trust.pem"
mailward up --hostname mx1.example.test --acme https://localhost:14000/dir \\
    --contact postmaster@example.test --trust "$WORK/trust.pem" --json >"$WORK/up.json"
sed -i 's/^nameservers = .*/nameservers = ["127.0.0.1:53"]/' "$WORK/instance/mailward.toml"  # nobody delegates it here
mailward domain add example.test
mailward mailbox add anna@example.test
mailward domain add elsewhere.test
mailward secure server
mailward secure example.test
mailward secure elsewhere.test --challenge http-01
mailward verify --json >"$WORK/verify.json" || true
mailward service show >"$WORK/unit"
ss -Hltn >"$WORK/listening"
"""


@pytest.fixture(scope="module")
def production() -> Iterator[Path]:
    """What one run of the production guide left: its answers, as files."""
    work = Path(tempfile.mkdtemp(prefix="mailward-test-"))
    work.chmod(0o755)
    (work / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    write_https_certificate(work / "https.pem", work / "https.key")
    pebble = {
        "listenAddress": "127.0.0.1:14000",
        "managementListenAddress": "127.0.0.1:15000",
        "certificate": str(work / "https.pem"),
        "privateKey": str(work / "https.key"),
        "httpPort": 80,
        "tlsPort": 443,
        "certificateValidityPeriod": 90 * 86400,
    }
    (work / "pebble.json").write_text(json.dumps({"pebble": pebble}))
    (work / "script").write_text(SCRIPT)
    ended = subprocess.run(
        ["unshare", "--net", "--mount", "--propagation", "private", "bash", str(work / "script")],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "WORK": str(work), "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-4000:]
    yield work
    shutil.rmtree(work, ignore_errors=True)


def _rows(production: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((production / "verify.json").read_text())
    return rows


def test_every_promised_door_is_safe_over_ipv4_and_ipv6(production: Path) -> None:
    """After the guide, the server and a domain with a wildcard pass at every door, at both kinds of address."""
    rows = [row for row in _rows(production) if row["domain"] in ("server", "example.test")]
    assert {row["address"] for row in rows} == {"192.0.2.10", "2001:db8::10"}
    assert {(row["verdict"], row["code"]) for row in rows} == {("pass", "ok")}
    assert {row["port"] for row in rows} == {443, 993, 995, 25, 587, 465}


def test_a_domain_whose_dns_is_elsewhere_is_secured_by_http(production: Path) -> None:
    """HTTP-01 secures mail and webmail; the names that it did not ask for are warned of, not passed."""
    rows = [row for row in _rows(production) if row["domain"] == "elsewhere.test"]
    promised = [row for row in rows if row["name"] in ("mail.elsewhere.test", "webmail.elsewhere.test")]
    assert {row["verdict"] for row in promised} == {"pass"}
    assert {row["code"] for row in rows if row not in promised} == {"name-mismatch"}


def test_first_minute_is_encrypted_with_self_signed_certificates(production: Path) -> None:
    """Right after ``up`` nothing is green that isn't proven: the server shows that it is self-signed."""
    findings = json.loads((production / "up.json").read_text())["findings"]
    assert {row["code"] for row in findings} == {"self-signed"}


def test_only_the_doors_listen_to_the_world(production: Path) -> None:
    """From outside, only the doors, DNS and the ACME port can be reached."""
    outside = set()
    for line in (production / "listening").read_text().splitlines():
        address, _, port = line.split()[3].rpartition(":")
        if not ip_address(address.strip("[]")).is_loopback:
            outside.add(int(port))
    assert outside == {25, 53, 80, 443, 465, 587, 993, 995}


def test_the_unit_starts_the_supervisor_in_the_foreground(production: Path) -> None:
    """``service show`` prints a unit for this instance."""
    unit = (production / "unit").read_text()
    assert f"--nodaemon --configuration {production}/instance/current/supervisor/supervisord.conf" in unit
