"""Reports of other servers on a terminal: the advice first, then sources, reporters and the last days."""

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from mailward.actions.reports import DomainReports, TlsTotal
from mailward.audit.report_meter import SPOKEN_SOURCES, Go
from mailward.cli.language import printable, tell
from mailward.cli.show import show_table
from mailward.model.sentence import Sentence

LAST_DAYS = 7
_SIGNS = {Go.YES: ("✓", "green"), Go.DONE: ("✓", "green"), Go.NO: ("✗", "bold red"), Go.UNKNOWN: ("?", "magenta")}


def show_reports(out: Console, found: DomainReports) -> None:
    meter = found.meter
    sign, style = _SIGNS[meter.go]
    out.print(Text.assemble((f"{sign} ", style), (tell(meter.headline), "bold")))
    out.print(Padding(Text(tell(meter.reason)), (0, 0, 0, 2), expand=False))
    out.print()
    whole = Sentence(
        "{days} days: {aligned} messages passed, {failing} did not.",
        days=found.days,
        aligned=found.aligned,
        failing=found.failing,
    )
    out.print(tell(whole))
    if found.unproven:
        out.print(
            tell(Sentence("{count} reports are not proven to be from whom they say.", count=found.unproven)), style="yellow"
        )
    out.print()
    passed, failed = Sentence("passed"), Sentence("did not pass")
    show_table(
        out,
        (Sentence("source"), Sentence("what it is"), passed, failed, Sentence("days"), Sentence("authenticated as")),
        [
            (
                one.address,
                tell(SPOKEN_SOURCES[one.kind]),
                str(one.aligned),
                str(one.failing),
                str(one.days),
                one.passed_as or "–",
            )
            for one in found.sources
        ],
        Sentence("Nothing was reported."),
    )
    if found.reporters:
        _show_reporters(out, found)
    if found.tls_reports.reports:
        _show_tls(out, found.tls_reports)


def _show_reporters(out: Console, found: DomainReports) -> None:
    passed, failed = Sentence("passed"), Sentence("did not pass")
    out.print()
    show_table(
        out,
        (Sentence("reported by"), Sentence("sent from"), Sentence("proven"), Sentence("reports"), passed, failed),
        [
            (
                one.organisation,
                one.sender or "–",
                "✓" if one.proven else "–",
                str(one.reports),
                str(one.aligned),
                str(one.failing),
            )
            for one in found.reporters
        ],
        Sentence("Nothing was reported."),
    )
    out.print()
    rows = [(one.day, str(one.aligned), str(one.failing)) for one in found.by_day[-LAST_DAYS:]]
    show_table(out, (Sentence("day (UTC)"), passed, failed), rows, Sentence("Nothing was reported."))


def _show_tls(out: Console, tls: TlsTotal) -> None:
    out.print()
    says = Sentence("Encrypted connections: {good} succeeded, {bad} failed.", good=tls.succeeded, bad=tls.failed)
    out.print(tell(says))
    for one in tls.failures:
        out.print(Padding(Text(printable(f"{one.sessions} × {one.result} {one.host}")), (0, 0, 0, 2), expand=False))
