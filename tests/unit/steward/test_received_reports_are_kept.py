"""Reports that were mailed here: read, proven by DMARC, written down once, bounded, and taken away."""

import gzip
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from fakes.memory_drop import MemoryDrop
from mailward.model.outside import DnsAnswer
from mailward.standards import dkim
from mailward.standards.dkim import KeyKind
from mailward.standards.dmarc import reports as parsed
from mailward.standards.dmarc.report_making import make_report
from mailward.standards.report_mail import Attachment, make_message
from mailward.steward import reports
from mailward.store import received
from mailward.store.models import AggregateReport, AggregateRow, TlsReport


@pytest.fixture
def drop():
    return MemoryDrop()


@pytest.fixture
def host(made, drop):
    made.holding("alpha.test")
    return replace(made.host, reports=drop)


def report(host, *rows, domain="alpha.test", number="1", organisation="big.test"):
    begin = host.clock.now() - timedelta(days=1)
    begin = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    return parsed.AggregateReport(
        organisation, f"dmarc@{organisation}", number, begin, begin + timedelta(days=1), parsed.Published(domain, "none"),
        rows or (parsed.ReportRow("192.0.2.1", 3, "none", True, True, domain),),
    )  # fmt: skip


def mailed(host, about, sender="dmarc@reporter.test", path="<b@reporter.test>", client="198.51.100.7"):
    """The message as Postfix keeps it: LF, with its own fields on top."""
    whole = make_report(about, reporter="reporter.test", sender=sender, recipient="reports@x.test", now=host.clock.now())
    top = f"Return-Path: {path}\nReceived: from [203.0.113.9] (unknown [{client}])\n\tby mx.test; now\n"
    return top.encode() + whole.replace(b"\r\n", b"\n")


def knowing(made, spf="v=spf1 ip4:198.51.100.7 -all"):
    made.resolver.answers[("_dmarc.reporter.test", "TXT")] = ['"v=DMARC1; p=reject"']
    made.resolver.answers[("reporter.test", "TXT")] = spf if spf in ("TIMEOUT", "SERVFAIL") else [f'"{spf}"']


def test_a_report_is_written_down_and_taken_away(made, host, drop):
    """Its rows are in the store, it is proven by SPF of the client that our Postfix met, and the message is gone."""
    knowing(made)
    service = parsed.AuthResult("service.test", "pass", "s1")
    rows = (
        parsed.ReportRow("192.0.2.1", 3, "none", True, False, "alpha.test"),
        parsed.ReportRow("192.0.2.9", 2, "reject", False, False, "alpha.test", dkim_results=(service,)),
    )
    drop.put("1.a", mailed(host, report(host, *rows)))
    assert reports.read_all(host) == 1
    row = AggregateReport.objects.get()
    assert (row.domain, row.organisation, row.sender, row.proven) == ("alpha.test", "big.test", "reporter.test", True)
    assert sorted(AggregateRow.objects.values_list("source", "count", "dkim_aligned", "passed_as")) == [
        ("192.0.2.1", 3, True, ""),
        ("192.0.2.9", 2, False, "service.test"),
    ]
    assert (drop.new, drop.aside()) == ({}, 0)


def test_the_greeting_and_other_fields_prove_nothing(made, host, drop):
    """Another client, an address in its greeting, Received fields further down, another sender's path: not proven."""
    knowing(made)
    about = report(host)
    drop.put("1.a", mailed(host, about, client="203.0.113.9"))
    forged = b"Received: from x (y [198.51.100.7])\n" + mailed(host, replace(about, report_id="2"))
    drop.put("1.b", b"Return-Path: <b@reporter.test>\nReceived: from [198.51.100.7] (unknown [203.0.113.9])\n" + forged)
    drop.put("1.c", mailed(host, replace(about, report_id="3"), path="<b@other.test>"))
    drop.put("1.d", mailed(host, replace(about, report_id="4"), sender="dmarc@reporter.test, x@other.test"))
    reports.read_all(host)
    assert AggregateReport.objects.count() == 4
    assert not AggregateReport.objects.filter(proven=True).exists()


def test_a_signature_proves_it(made, host, drop):
    """DKIM of the sender's domain, although the message lies here with other line ends than it had on the wire."""
    knowing(made, "v=spf1 -all")
    key = dkim.make_key(KeyKind.ED25519)
    made.resolver.answers[("s1._domainkey.reporter.test", "TXT")] = [f'"{dkim.KeyRecord.of(key).format()}"']
    whole = make_report(
        report(host), reporter="reporter.test", sender="dmarc@reporter.test", recipient="r@x.test", now=host.clock.now()
    )
    signature = dkim.sign(whole, domain="reporter.test", selector="s1", key=key, now=host.clock.now())
    drop.put("1.a", (signature + whole).replace(b"\r\n", b"\n"))
    reports.read_all(host)
    assert AggregateReport.objects.get().proven


def test_the_same_report_is_kept_once(made, host, drop):
    """A repetition is taken away; a proven one takes the place of one that wasn't, never the other way round."""
    drop.put("1.a", mailed(host, report(host), client="203.0.113.9"))
    knowing(made)
    reports.read_all(host)
    assert not AggregateReport.objects.get().proven
    drop.put("1.b", mailed(host, report(host)))
    drop.put("1.c", mailed(host, report(host), client="203.0.113.9"))
    reports.read_all(host)
    assert AggregateReport.objects.get().proven
    assert AggregateRow.objects.count() == 1


def test_silence_of_dns_lets_a_report_wait(made, host, drop):
    """It is neither proven nor disproven by a time-out; after a day it is taken as it is."""
    knowing(made, "TIMEOUT")
    now = int(host.clock.now().timestamp())
    drop.put(f"{now}.a", mailed(host, report(host)))
    assert reports.read_all(host) == 0
    assert list(drop.new) == [f"{now}.a"]
    drop.put(f"{now - 90_000}.b", mailed(host, report(host)))
    assert reports.read_all(host) == 1
    assert not AggregateReport.objects.get().proven


def test_what_cant_be_used_is_kept_aside(made, host, drop):
    """Broken messages, what is no file, and reports about other people's domains."""
    drop.put("1.a", b"Subject: hello\n\nno report")
    drop.put("1.b", None)
    drop.put("1.c", mailed(host, report(host, domain="other.test")))
    reports.read_all(host)
    assert (drop.aside(), drop.new, AggregateReport.objects.count()) == (3, {}, 0)


def test_reports_about_names_below_belong_to_the_domain(made, host, drop):
    """A policy found at a subdomain is a matter of the domain that is held."""
    drop.put("1.a", mailed(host, report(host, domain="news.alpha.test")))
    reports.read_all(host)
    assert AggregateReport.objects.get().domain == "alpha.test"


def test_a_flood_is_bounded(made, host, drop):
    """No more than so many a day for each domain, and no more than so many rows of an unproven one."""
    many = tuple(parsed.ReportRow(f"192.0.{n // 250}.{n % 250}", n, "none", False, False, "alpha.test") for n in range(900))
    drop.put("1.a", mailed(host, report(host, *many)))
    reports.read_all(host)
    assert AggregateRow.objects.count() == received.MOST_ROWS_UNPROVEN
    assert AggregateReport.objects.get().left_out == 900 - received.MOST_ROWS_UNPROVEN
    row = AggregateReport.objects.get()
    AggregateReport.objects.bulk_create(
        [
            AggregateReport(
                domain="alpha.test", organisation="x", report_id=str(number), begins_at=row.begins_at, ends_at=row.ends_at,
                received_at=row.received_at,
            )
            for number in range(received.MOST_A_DAY)
        ]
    )  # fmt: skip
    drop.put("1.b", mailed(host, report(host, number="new")))
    reports.read_all(host)
    assert drop.aside() == 1


def test_old_reports_are_forgotten(made, host, drop):
    """After 400 days, and with the domain."""
    drop.put("1.a", mailed(host, report(host)))
    reports.read_all(host)
    received.forget_old(host.clock.now() + timedelta(days=399))
    assert AggregateReport.objects.count() == 1
    received.forget_old(host.clock.now() + timedelta(days=401))
    assert (AggregateReport.objects.count(), AggregateRow.objects.count()) == (0, 0)


def test_a_tls_report_is_kept(made, host, drop):
    """With what failed and why, for the domain that is held alone."""
    policy = {"policy-type": "sts", "policy-domain": "alpha.test"}
    said = {
        "organization-name": "big.test",
        "report-id": "t1",
        "date-range": {"start-datetime": "2026-01-01T00:00:00Z", "end-datetime": "2026-01-01T23:59:59Z"},
        "policies": [
            {
                "policy": policy,
                "summary": {"total-successful-session-count": 5, "total-failure-session-count": 2},
                "failure-details": [{"result-type": "certificate-expired", "failed-session-count": 2}],
            },
            {"policy": policy | {"policy-domain": "other.test"}, "summary": {"total-successful-session-count": 9}},
        ],
    }
    message = make_message(
        sender="t@reporter.test", recipient="r@x.test", subject="Report", text="", message_id="<1@x>", date="",
        attachment=Attachment("x.json.gz", "application/tlsrpt+gzip", gzip.compress(json.dumps(said).encode())),
    )  # fmt: skip
    drop.put("1.a", message)
    reports.read_all(host)
    row = TlsReport.objects.get()
    assert (row.domain, row.succeeded, row.failed) == ("alpha.test", 5, 2)
    assert row.failures == [{"policy": "sts", "result": "certificate-expired", "host": "", "sessions": 2}]


def test_a_round_reads_beside_everything_else(made, host, drop):
    """The steward's round begins a reading in a thread and goes on; the next round finds it done."""
    drop.put("1.a", mailed(host, report(host)))
    day = reports.ReportRound(host)
    day.round()
    day._pool.shutdown(wait=True)
    assert AggregateReport.objects.count() == 1
    assert drop.new == {}


class Slow:
    """A resolver that a sender chose: every answer takes five seconds, and is none."""

    def __init__(self, clock):
        self.clock, self.asked = clock, 0

    def query(self, name, rdtype):
        self.clock.move(seconds=5)
        self.asked += 1
        return DnsAnswer(name, rdtype, "TIMEOUT", (), "slow")


def test_a_senders_slow_name_servers_hold_up_nobody(made, host, drop):
    """Whatever its fields make us ask, one message costs twenty seconds at most; too many are not let wait."""
    slow = Slow(made.clock)
    signatures = b"".join(
        b"DKIM-Signature: v=1; a=rsa-sha256; d=d%d.test; s=s; h=from; bh=x; b=eA==\r\n" % number for number in range(8)
    )
    drop.put(f"{int(made.clock.now().timestamp())}.a", signatures + mailed(host, report(host)))
    assert not reports.take(replace(host, resolver=slow), drop, next(iter(drop.new)))
    assert slow.asked <= 4
    assert reports.take(replace(host, resolver=slow), drop, next(iter(drop.new)), may_wait=False)
    assert not AggregateReport.objects.get().proven


def test_strangers_dont_keep_true_reports_out(made, host, drop):
    """Neither by a flood of unproven ones, nor by one sender's, nor by being faster with another's name and number."""
    now = host.clock.now()
    drop.put("1.a", mailed(host, report(host)))
    reports.read_all(host)
    row = AggregateReport.objects.get()

    def flood(count, **said):
        more = {"begins_at": now, "ends_at": now, "received_at": now, "domain": "alpha.test", "organisation": "x", **said}
        start = AggregateReport.objects.count()
        AggregateReport.objects.bulk_create(AggregateReport(report_id=str(start + n), **more) for n in range(count))

    flood(received.MOST_OF_ONE)
    assert not received.has_room("alpha.test", "", False, now)
    assert received.has_room("alpha.test", "big.test", True, now)
    flood(received.MOST_OF_ONE, proven=True, sender="evil.test")
    assert not received.has_room("alpha.test", "evil.test", True, now)
    assert received.has_room("alpha.test", "big.test", True, now)
    rows = (parsed.ReportRow("192.0.2.1", 5, "none", True, True, "alpha.test"),)
    true = parsed.AggregateReport(
        "big.test", "r@big.test", "7", row.begins_at, row.ends_at, parsed.Published("alpha.test"), rows
    )
    assert received.keep_aggregate("alpha.test", true, "evil.test", True, now)
    assert received.keep_aggregate("alpha.test", true, "big.test", True, now)
    assert not received.keep_aggregate("alpha.test", true, "big.test", True, now)
    assert AggregateReport.objects.filter(sender="big.test").count() == 1
