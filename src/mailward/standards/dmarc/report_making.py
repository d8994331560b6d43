"""DMARC aggregate reports made: the document (RFC 9990 Appendix A) and the message that carries it, gzipped (section
3.5.2). What the rows say is the caller's; nothing is sent from here.
"""

import gzip
import re
from datetime import datetime
from email.utils import format_datetime
from xml.etree import ElementTree

from mailward.standards.dmarc.reports import AggregateReport, AuthResult, ReportRow
from mailward.standards.report_mail import Attachment, make_message
from mailward.standards.xml_documents import add_texts, document

NAMESPACE = "urn:ietf:params:xml:ns:dmarc-2.0"
_NO_ATOM = re.compile(r"[^A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]")


def make_document(report: AggregateReport) -> bytes:
    """The report in XML."""
    root = ElementTree.Element("feedback", xmlns=NAMESPACE)
    add_texts(root, ("version", "1.0"))
    about = ElementTree.SubElement(root, "report_metadata")
    add_texts(about, ("org_name", report.organization), ("email", report.email))
    add_texts(about, *_said(("extra_contact_info", report.contact)), ("report_id", report.report_id))
    period = ElementTree.SubElement(about, "date_range")
    add_texts(period, ("begin", str(int(report.begin.timestamp()))), ("end", str(int(report.end.timestamp()))))
    add_texts(about, *(("error", text) for text in report.errors[:1]), *_said(("generator", report.generator)))
    policy = ElementTree.SubElement(root, "policy_published")
    said = report.published
    add_texts(policy, ("domain", said.domain), *_said(("discovery_method", said.discovery)), ("p", said.p or "none"))
    add_texts(policy, *_said(("sp", said.sp), ("np", said.np), ("fo", said.fo), ("adkim", said.adkim), ("aspf", said.aspf)))
    add_texts(policy, *_said(("testing", said.testing)))
    for row in report.rows:
        _add_row(ElementTree.SubElement(root, "record"), row)
    return document(root)


def make_report(report: AggregateReport, *, reporter: str, sender: str, recipient: str, now: datetime) -> bytes:
    """The message: ``reporter`` is the host that reports, ``sender`` and ``recipient`` are addresses, ``now`` is aware."""
    begin, end = int(report.begin.timestamp()), int(report.end.timestamp())
    unique = _NO_ATOM.sub("-", report.report_id.strip("<>").partition("@")[0]).strip(".") or f"{begin}-{report.domain}"
    report_id = f"<{unique}@{reporter}>"
    return make_message(
        sender=sender,
        recipient=recipient,
        subject=f"Report Domain: {report.domain} Submitter: {reporter} Report-ID: {report_id}",
        text=f"DMARC aggregate report about {report.domain}, from {reporter}.\n",
        attachment=Attachment(
            f"{reporter}!{report.domain}!{begin}!{end}.xml.gz",
            "application/gzip",
            gzip.compress(make_document(report), mtime=begin),
        ),
        message_id=report_id,
        date=format_datetime(now),
    )


def _said(*pairs: tuple[str, str]) -> list[tuple[str, str]]:
    return [(name, text) for name, text in pairs if text]


def _add_row(record: ElementTree.Element, row: ReportRow) -> None:
    group = ElementTree.SubElement(record, "row")
    add_texts(group, ("source_ip", row.source), ("count", str(row.count)))
    evaluated = ElementTree.SubElement(group, "policy_evaluated")
    add_texts(evaluated, ("disposition", row.disposition))
    add_texts(evaluated, ("dkim", "pass" if row.dkim else "fail"), ("spf", "pass" if row.spf else "fail"))
    for kind, comment in row.reasons:
        add_texts(ElementTree.SubElement(evaluated, "reason"), ("type", kind), *_said(("comment", comment)))
    named = ElementTree.SubElement(record, "identifiers")
    add_texts(named, ("header_from", row.header_from), ("envelope_from", row.envelope_from))
    add_texts(named, *_said(("envelope_to", row.envelope_to)))
    results = ElementTree.SubElement(record, "auth_results")
    for result in row.dkim_results:
        _add_result(results, "dkim", "selector", result)
    for result in row.spf_results:
        _add_result(results, "spf", "scope", result)


def _add_result(parent: ElementTree.Element, kind: str, detail: str, result: AuthResult) -> None:
    said = [("domain", result.domain), *_said((detail, result.detail)), ("result", result.result)]
    add_texts(ElementTree.SubElement(parent, kind), *said)
