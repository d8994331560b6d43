"""What mail programs will find for an address, on a terminal: their steps, their servers, their warnings, the ways out."""

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from mailward.audit.clients import ClientLook, ClientReport, ServerMet
from mailward.cli.language import printable, tell
from mailward.cli.show_doors import SIGNS
from mailward.model.sentence import Sentence


def show_client(out: Console, report: ClientReport) -> None:
    """One part for each mail program, then clear text, then what ends the problems."""
    for look in report.clients:
        _show_look(out, look)
        out.print()
    out.print(tell(Sentence("Would a password be taken in clear text?")), style="bold")
    for door in report.clear_text:
        sign, style = SIGNS[door.verdict]
        port = "" if door.port is None else f":{door.port}"
        out.print(Text.assemble("  ", (f"{sign} ", style), f"{door.door.value}{port}  ", tell(door.says)))
    if report.ways_out:
        out.print()
        out.print(tell(Sentence("What ends it")), style="bold")
        for number, way in enumerate(report.ways_out, 1):
            out.print(Padding(Text(f"{number}. {tell(way)}"), (0, 0, 0, 2), expand=False))
    for note in report.notes:
        out.print()
        out.print(Text.assemble(("! ", "yellow"), tell(note)))


def _show_look(out: Console, look: ClientLook) -> None:
    sign, style = SIGNS[look.verdict]
    out.print(Text.assemble((f"{sign} ", style), (look.client.value, "bold")))
    for step in look.steps:
        found = "✓" if step.taken.settings is not None else "·"
        out.print(
            Padding(Text.assemble((f"{found} {printable(step.taken.asked)}  ", "dim"), tell(step.taken.says)), (0, 0, 0, 2))
        )
        _show_warnings(out, step.warnings)
    for server in look.servers:
        _show_server(out, server)


def _show_server(out: Console, met: ServerMet) -> None:
    sign, style = SIGNS[met.verdict]
    where = f"{met.server.protocol} {met.server.host}:{met.server.port} ({met.server.tls.value})"
    out.print(Padding(Text.assemble((f"{sign} {printable(where)}  ", style), tell(met.says)), (0, 0, 0, 2), expand=False))
    _show_warnings(out, met.warnings)
    if met.remedy.template:
        out.print(Padding(Text.assemble(("→ ", "cyan"), tell(met.remedy)), (0, 0, 0, 4), expand=False))


def _show_warnings(out: Console, warnings: tuple[Sentence, ...]) -> None:
    for warning in warnings:
        out.print(Padding(Text(tell(warning), style="yellow"), (0, 0, 0, 4), expand=False))
