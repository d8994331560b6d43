"""DMARC aggregate reports read per second, whole mail messages, by Mailward and by parsedmarc over the same messages.

parsedmarc needs a GPL-3 package, so it never comes into our environment: it gets a throw-away one in the bench's temporary
directory, by pip and the machine's package index. Where it can't be installed, the bench says so and measures ours alone.
"""

import gzip
import io
import json
import random
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from _figures import Report
from _host import directory

from mailward.standards.dmarc import reports
from mailward.standards.dmarc.report_making import make_document

SIZE, QUICK_SIZE = 1_000, 20
ROUNDS = 3
DAY = datetime(2026, 3, 1, tzinfo=UTC)
THEIRS = """
import json, logging, sys, time
from pathlib import Path
from importlib.metadata import version
import parsedmarc
logging.disable(logging.CRITICAL)
messages = [path.read_bytes() for path in sorted(Path(sys.argv[1]).iterdir())]
for message in messages[:5]:
    parsedmarc.parse_report_email(message, offline=True)
began, rows, mails = time.process_time(), 0, 0
for message in messages:
    found = parsedmarc.parse_report_email(message, offline=True)
    records = found["report"]["records"]
    rows += len(records)
    mails += sum(record["count"] for record in records)
print(json.dumps({"seconds": time.process_time() - began, "rows": rows, "mails": mails, "version": version("parsedmarc")}))
"""


def measure(report: Report, quick: bool) -> None:
    size = QUICK_SIZE if quick else SIZE
    with directory() as parent:
        place = parent / "messages"
        place.mkdir()
        octets = _write(place, size)
        report.say(f"{size:,} reports made")
        ours = min((_ours(place) for _ in range(ROUNDS)), key=lambda one: one["seconds"])
        report.say("Mailward measured")
        theirs = None if quick else _theirs(parent, place, report)
    table = report.table(
        "DMARC aggregate reports read", "by", "reports", "rows", "seconds", "reports per second", "x parsedmarc"
    )
    ratio = theirs["seconds"] / ours["seconds"] if theirs else None
    table.rows.append(("Mailward", size, ours["rows"], ours["seconds"], size / ours["seconds"], ratio))
    if theirs:
        table.rows.append(("parsedmarc", size, theirs["rows"], theirs["seconds"], size / theirs["seconds"], 1.0))
        same = (ours["rows"], ours["mails"]) == (theirs["rows"], theirs["mails"])
        table.notes.append(f"parsedmarc {theirs['version']}, offline; the same rows and counts: {'yes' if same else 'NO'}")
    else:
        table.notes.append("parsedmarc wasn't measured: " + ("--quick" if quick else "it could not be installed here"))
    table.notes.append(
        f"whole mail messages of {octets / size / 1024:.1f} KiB on average, 1 to 200 rows each, gzip, zip, plain XML; from"
        f" memory, one thread, seconds of the processor, the best of {ROUNDS} rounds of ours"
    )
    report.figure("reports_per_second", size / ours["seconds"])
    report.figure("reports_ratio", ratio)


def _ours(place: Path) -> dict[str, float]:
    messages = [path.read_bytes() for path in sorted(place.iterdir())]
    began, rows, mails = time.process_time(), 0, 0
    for message in messages:
        for one in reports.parse_message(message):
            rows += len(one.rows)
            mails += sum(row.count for row in one.rows)
    return {"seconds": time.process_time() - began, "rows": rows, "mails": mails}


def _theirs(parent: Path, place: Path, report: Report) -> dict | None:
    """None when parsedmarc can't be installed or doesn't run."""
    environment, script = parent / "parsedmarc", parent / "theirs.py"
    script.write_text(THEIRS)
    python = environment / "bin" / "python"
    for command in (
        (sys.executable, "-m", "venv", str(environment)),
        (str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "parsedmarc"),
        (str(python), str(script), str(place)),
    ):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, cwd=parent)
        except subprocess.TimeoutExpired:
            return None
        if done.returncode != 0:
            report.say(f"{command[1:3]}: {done.stderr.strip()[-300:]}")
            return None
    report.say("parsedmarc measured")
    return json.loads(done.stdout)


def _write(place: Path, size: int) -> int:
    """The messages; how many octets they have together."""
    dice = random.Random(9989)
    octets = 0
    for number in range(size):
        message = _message(number, dice).as_bytes()
        (place / f"{number:05}.eml").write_bytes(message)
        octets += len(message)
    return octets


def _message(number: int, dice: random.Random) -> EmailMessage:
    domain = f"d{number % 100}.example"
    document = make_document(_report(number, domain, dice))
    kind = dice.choice(("gzip", "gzip", "gzip", "zip", "xml"))
    packed, media, ending = document, ("text", "xml"), "xml"
    if kind == "gzip":
        packed, media, ending = gzip.compress(document), ("application", "gzip"), "xml.gz"
    elif kind == "zip":
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("report.xml", document)
        packed, media, ending = archive.getvalue(), ("application", "zip"), "zip"
    message = EmailMessage()
    message["From"], message["To"] = "dmarc@reporter.example", "reports@mx.example"
    message["Subject"] = f"Report Domain: {domain} Submitter: reporter.example Report-ID: <{number}@reporter.example>"
    message["Date"], message["Message-ID"] = "Mon, 02 Mar 2026 06:00:00 +0000", f"<{number}@reporter.example>"
    message.set_content("This is a DMARC aggregate report.")
    name = f"reporter.example!{domain}!{int(DAY.timestamp())}!{int(DAY.timestamp()) + 86399}.{ending}"
    message.add_attachment(packed, maintype=media[0], subtype=media[1], filename=name)
    return message


def _report(number: int, domain: str, dice: random.Random) -> reports.AggregateReport:
    rows = tuple(_row(domain, dice) for _ in range(min(200, int(dice.lognormvariate(2, 1.2)) + 1)))
    published = reports.Published(domain, "quarantine", "quarantine", adkim="r", aspf="r")
    end = DAY + timedelta(seconds=86399)
    return reports.AggregateReport(
        f"Reporter {number % 7}", "dmarc@reporter.example", str(number), DAY, end, published, rows
    )


def _row(domain: str, dice: random.Random) -> reports.ReportRow:
    passes = dice.random() < 0.8
    result = "pass" if passes else "fail"
    return reports.ReportRow(
        f"192.0.{dice.randrange(256)}.{dice.randrange(1, 255)}",
        dice.randrange(1, 500),
        "none" if passes else "quarantine",
        passes,
        passes,
        domain,
        domain,
        "",
        (),
        (reports.AuthResult(domain, result, "s1"),),
        (reports.AuthResult(domain, result, "mfrom"),),
    )
