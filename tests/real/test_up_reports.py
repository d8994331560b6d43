"""Reports of other servers, mailed to a running host by SMTP, are shown by the command."""

import gzip
import json
import smtplib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo_host import DemoHost
from mailward.host.resolver import DnsResolver
from mailward.model.doors import Door
from mailward.standards.dmarc import reports
from mailward.standards.dmarc.report_making import make_report
from mailward.standards.report_mail import Attachment, make_message

pytestmark = pytest.mark.real

SERVER = "mx.mailward.localhost"
REPORTS = f"reports@{SERVER}"
DOMAIN = "alpha.localhost"


def deliver(host: DemoHost, message: bytes, recipient: str = REPORTS, sender: str = "dmarc@beta.localhost") -> None:
    with smtplib.SMTP("127.0.0.1", host.port(Door.SMTP), local_hostname="reporter.example", timeout=30) as client:
        client.sendmail(sender, [recipient], message)


def shown(host: DemoHost, there: Callable[[Any], bool]) -> Any:
    """What the command says, as soon as it is there."""
    deadline = time.monotonic() + 40
    while True:
        found = host.json("reports", DOMAIN)
        if there(found) or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def test_a_mailed_report_is_shown(demo_host: DemoHost) -> None:
    """A DMARC report and a TLS report come by SMTP; the command tells their numbers, and nothing of them is left behind."""
    now = datetime.now(UTC)
    begin = (now - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = (
        reports.ReportRow("127.0.0.1", 40, "none", True, True, DOMAIN),
        reports.ReportRow("203.0.113.9", 2, "quarantine", False, False, DOMAIN),
    )
    about = reports.AggregateReport(
        "Reporter", "dmarc@beta.localhost", "r1", begin, begin + timedelta(seconds=86399),
        reports.Published(DOMAIN, "quarantine"), rows,
    )  # fmt: skip
    deliver(
        demo_host,
        make_report(about, reporter="beta.localhost", sender="dmarc@beta.localhost", recipient=REPORTS, now=now),
    )
    tls = {
        "organization-name": "Reporter",
        "report-id": "t1",
        "date-range": {"start-datetime": begin.isoformat(), "end-datetime": (begin + timedelta(hours=23)).isoformat()},
        "policies": [
            {
                "policy": {"policy-type": "sts", "policy-domain": DOMAIN},
                "summary": {"total-successful-session-count": 7, "total-failure-session-count": 1},
            }
        ],
    }
    carried = Attachment("t.json.gz", "application/tlsrpt+gzip", gzip.compress(json.dumps(tls).encode()))
    date = now.strftime("%a, %d %b %Y %H:%M:%S +0000")
    deliver(
        demo_host,
        make_message(
            sender="tls@beta.localhost", recipient=REPORTS, subject="TLS", text="", attachment=carried,
            message_id="<t1@beta.localhost>", date=date,
        ),
    )  # fmt: skip
    found = shown(demo_host, lambda said: said["reports"] and said["tls_reports"]["reports"])
    assert (found["aligned"], found["failing"]) == (40, 2)
    assert {one["address"]: one["kind"] for one in found["sources"]} == {"127.0.0.1": "ours", "203.0.113.9": "passing"}
    assert [(one["sender"], one["proven"]) for one in found["reporters"]] == [("beta.localhost", True)]
    assert (found["tls_reports"]["succeeded"], found["tls_reports"]["failed"]) == (7, 1)
    assert found["meter"]["go"] == "not-enough-data"
    assert "203.0.113.9" in demo_host.run("reports", DOMAIN).stdout
    assert [list((demo_host.layout.reports / name).iterdir()) for name in ("new", "tmp")] == [[], []]


def test_the_policy_goes_on_in_dns(demo_host: DemoHost) -> None:
    """Refused while the reports don't say that it is safe; when a person insists, DNS asks for the stricter policy."""
    before = demo_host.json("reports", DOMAIN)["meter"]
    assert (before["policy"], before["following"]) == ("quarantine", "reject")
    refused = demo_host.run("reports", DOMAIN, "--go-on", check=False)
    assert refused.returncode == 2
    assert "not enough data" in refused.stdout + refused.stderr
    try:
        demo_host.run("reports", DOMAIN, "--go-on", "--anyway")
        resolver = DnsResolver((f"127.0.0.1:{demo_host.base + 53}",))
        (record,) = resolver.query(f"_dmarc.{DOMAIN}", "TXT").records
        assert "p=reject" in record
    finally:
        demo_host.run("dns", "set", DOMAIN, "--dmarc", "quarantine")


def test_what_is_no_report_is_kept_aside(demo_host: DemoHost) -> None:
    """A message without a report doesn't stop the others, and a person can look at it."""
    deliver(demo_host, b"From: x@beta.localhost\r\nSubject: hello\r\n\r\nNo report.\r\n")
    aside = demo_host.layout.reports / "aside"
    deadline = time.monotonic() + 40
    while not list(aside.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.5)
    kept = min(aside.iterdir()).read_bytes()
    assert b"No report." in kept
    assert kept.startswith(b"Return-Path: <dmarc@beta.localhost>\n")
    assert demo_host.json("status", check=False)["reports_aside"] >= 1


@pytest.mark.parametrize("recipient", [f"root@{SERVER}", f"anna@{SERVER}", f"reports@sub.{SERVER}"])
def test_nothing_else_is_taken_at_the_hosts_own_name(demo_host: DemoHost, recipient: str) -> None:
    """Only the reports' address (and postmaster's) exists there."""
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        deliver(demo_host, b"Subject: x\r\n\r\nx\r\n", recipient)


def test_the_address_has_details(demo_host: DemoHost) -> None:
    """reports+anything@ is the same address, as everywhere on this host."""
    deliver(demo_host, b"From: x@beta.localhost\r\nSubject: hello\r\n\r\nNo report.\r\n", f"reports+alpha@{SERVER}")
    deliver(demo_host, b"From: x@beta.localhost\r\nSubject: hello\r\n\r\nTo nobody.\r\n", f"postmaster@{SERVER}")
