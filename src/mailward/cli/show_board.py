"""The board on a terminal: one line for each domain, the worst first; under it what is not well, with what ends it and the
exact record to publish.

Every state has its own sign and its code, so that it reads without colour too.
"""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mailward.cli.language import printable, tell
from mailward.cli.show_doors import SIGNS, WORDS, subject
from mailward.model.checks import SIX, CheckFinding, Mechanism
from mailward.model.findings import SERVER
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict, worst
from mailward.standards import zone_text

MOST_LINES = 40  # problems that are told one by one
MOST_ROWS = 60  # domains in the table: all that aren't green come first
MOST_NAMED = 4  # domains that a problem which they share names

SHORT = {
    Mechanism.SPF: "SPF", Mechanism.DKIM: "DKIM", Mechanism.DMARC: "DMARC", Mechanism.MX: "MX", Mechanism.RDNS: "rDNS",
    Mechanism.DNSBL: "DNSBL", Mechanism.DNSSEC: "DNSSEC", Mechanism.DANE: "DANE", Mechanism.MTA_STS: "STS",
    Mechanism.TLS_RPT: "RPT", Mechanism.CAA: "CAA", Mechanism.AUTOCONFIG: "auto", Mechanism.CERTIFICATE: "cert",
    Mechanism.DOOR: "doors", Mechanism.CONTRADICTION: "contra",
}  # fmt: skip


def show_board(out: Console, findings: Sequence[CheckFinding]) -> None:
    """The table, the problems, and one line that sums up."""
    boards = _boards(findings)
    if not boards:
        out.print(Text.assemble(("? ", "magenta"), tell(Sentence("Nobody has looked at DNS yet."))))
        return
    _show_table(out, boards)
    problems = _problems(findings)
    for places in problems[:MOST_LINES]:
        _show_problem(out, places)
    if len(problems) > MOST_LINES:
        more = Sentence("And {count} more. One domain's: mailward check DOMAIN", count=len(problems) - MOST_LINES)
        out.print()
        out.print(Text.assemble(("… ", "dim"), tell(more)))
    out.print(_sum_up(boards))


def show_boards(out: Console, findings: Sequence[CheckFinding]) -> None:
    """The table alone, and one line that sums up."""
    boards = _boards(findings)
    out.print(tell(Sentence("What DNS says of them")), style="bold")
    _show_table(out, boards)
    out.print(_sum_up(boards))


def _boards(findings: Sequence[CheckFinding]) -> dict[str, dict[Mechanism, Verdict]]:
    """The worst of each mechanism, by domain: the host's own first, then the worst."""
    found: dict[str, dict[Mechanism, list[Verdict]]] = {}
    for finding in findings:
        found.setdefault(finding.domain, {}).setdefault(finding.mechanism, []).append(finding.verdict)
    boards = {domain: {one: worst(seen) for one, seen in of.items()} for domain, of in found.items()}
    return dict(sorted(boards.items(), key=lambda item: (item[0] != SERVER, -_six(*item).severity)))


def _six(domain: str, verdicts: Mapping[Mechanism, Verdict]) -> Verdict:
    """The worst of the six; of the host itself, of those that can be asked of it."""
    own = [verdicts[one] for one in SIX if one in verdicts and verdicts[one] is not Verdict.NOT_APPLICABLE]
    if domain == SERVER:
        return worst(own)
    return worst(own if len(own) == len(SIX) else [*own, Verdict.UNKNOWN])


def _show_table(out: Console, boards: Mapping[str, Mapping[Mechanism, Verdict]]) -> None:
    columns = [*SIX, *(one for one in Mechanism if one not in SIX)]
    columns = [one for one in columns if any(one in verdicts for verdicts in boards.values())]
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("")
    table.add_column("", overflow="fold")
    for one in columns:
        table.add_column(SHORT[one], no_wrap=True, justify="center")
    for domain, verdicts in list(boards.items())[:MOST_ROWS]:
        cells = [_sign(verdicts.get(one)) for one in columns]
        table.add_row(_sign(_six(domain, verdicts)), Text(subject(domain), style="bold"), *cells)
    out.print(table)
    if len(boards) > MOST_ROWS:
        out.print(Text(tell(Sentence("… and {count} more domains", count=len(boards) - MOST_ROWS)), style="dim"))


def _sign(verdict: Verdict | None) -> Text:
    if verdict is None:
        return Text("")
    sign, style = SIGNS[verdict]
    return Text(sign, style=style)


def _problems(findings: Sequence[CheckFinding]) -> list[list[CheckFinding]]:
    """What says the same is said once, in the words of the first: of one domain, or, where many are shown, of all of them.
    The worst first, and of the same, what the six are about."""
    many = len({finding.domain for finding in findings}) > MOST_NAMED + 1
    grouped: dict[tuple[str, str, str, str], list[CheckFinding]] = {}
    for finding in findings:
        if finding.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE):
            whose = "" if many else finding.domain
            key = whose, finding.code, finding.reason.template, finding.remedy.template
            grouped.setdefault(key, []).append(finding)
    order = list(Mechanism)
    return sorted(
        grouped.values(),
        key=lambda places: (
            -places[0].verdict.severity,
            places[0].mechanism not in SIX,
            -len(places),
            order.index(places[0].mechanism),
        ),
    )


def _show_problem(out: Console, places: list[CheckFinding]) -> None:
    first = places[0]
    sign, style = SIGNS[first.verdict]
    out.print()
    out.print(Text.assemble((f"{sign} {printable(first.code)}", style), "  ", tell(first.reason)))
    out.print(Padding(Text(_where(places), style="dim"), (0, 0, 0, 2), expand=False))
    if tell(first.remedy):
        out.print(Padding(Text.assemble(("→ ", "cyan"), tell(first.remedy)), (0, 0, 0, 2), expand=False))
    for record in dict.fromkeys(record for place in places[:MOST_NAMED] for record in place.cure):
        out.print(Padding(Text(printable(zone_text.line(record)), style="green"), (0, 0, 0, 4), expand=False))
    for record in dict.fromkeys(record for place in places[:MOST_NAMED] for record in place.replaces):
        gone = Sentence("instead of: {record}", record=f"{record.name}. {record.rdtype} {record.value}")
        out.print(Padding(Text(tell(gone), style="dim"), (0, 0, 0, 4), expand=False))


def _where(places: Sequence[CheckFinding]) -> str:
    """The domains with what it is about in each; of many, the first."""
    about: dict[str, list[str]] = {}
    for place in places:
        subjects = about.setdefault(subject(place.domain), [])
        if place.subject not in (place.domain, *subjects):
            subjects.append(place.subject)
    shown = [" ".join((f"{domain}:" if of else domain, *map(printable, of))) for domain, of in about.items()]
    if len(shown) <= MOST_NAMED:
        return " · ".join(shown)
    return tell(
        Sentence("{domains} and {count} more", domains=" · ".join(shown[:MOST_NAMED]), count=len(shown) - MOST_NAMED)
    )


def _sum_up(boards: Mapping[str, Mapping[Mechanism, Verdict]]) -> Text:
    """How many domains stand how, by their six."""
    verdicts = [_six(domain, of) for domain, of in boards.items() if domain != SERVER] or [
        _six(domain, of) for domain, of in boards.items()
    ]
    parts = []
    for verdict in (Verdict.PASS, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN):
        if count := verdicts.count(verdict):
            sign, style = SIGNS[verdict]
            word = tell(Sentence("green") if verdict is Verdict.PASS else WORDS[verdict])
            parts.append(Text(f"{sign} {count} {word}", style=style))
    by = Text(f"   ({', '.join(SHORT[one] for one in SIX)})", style="dim")
    return Text("\n") + Text("   ").join(parts) + by
