"""The host as a whole: up, status, logs, doctor, down, destroy."""

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from mailward import bootstrap
from mailward.audit import board_rows
from mailward.audit.report import rows
from mailward.bootstrap import UpWish
from mailward.cli import follow
from mailward.cli.app import FINE, NOT_WELL
from mailward.cli.command import command, option, yes
from mailward.cli.face import Face
from mailward.cli.language import tell
from mailward.cli.show import show_status, show_up
from mailward.cli.show_doors import SIGNS
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict


@command("up", results=True)
@option("--hostname", metavar="NAME", says=Sentence("The server's own name; without it, a demo on high ports is made"))
@option("--acme", metavar="CA", says=Sentence("The authority: letsencrypt, letsencrypt-staging, or a directory URL"))
@option("--contact", metavar="ADDRESS", says=Sentence("The mail address that the certificate authority may write to"))
@option("--trust", type=click.Path(path_type=Path), says=Sentence("PEM roots of a certificate authority of your own"))
@option("--base-port", type=click.IntRange(1024, 58000), says=Sentence("The demo's first port (2000)"))
@option("--store", metavar="ADDRESS", says=Sentence("Keep the tables in PostgreSQL: postgresql://…, without a password"))
@option("--no-install", is_flag=True, says=Sentence("Install no Debian packages; say what is missing"))
def up(face: Face, no_install: bool, **wished: Any) -> int:
    wish = UpWish(install=not no_install, **wished)
    report = bootstrap.bring_up(face.instance, wish, face.progress())
    shown = {
        "changed": report.changed,
        "seconds": report.seconds,
        "addresses": [{"what": what, "url": url} for what, url in report.addresses],
        "findings": rows(report.findings, tell),
        "checks": board_rows.rows(report.checks, tell),
    }
    face.answer(shown, lambda out: show_up(out, report))
    return FINE


@command("status", results=True)
def status(face: Face) -> int:
    found = face.open().status()
    face.answer(found, lambda out: show_status(out, found))
    healthy = all(row.state == "RUNNING" for row in found.daemons) and bool(found.daemons)
    return FINE if healthy and found.worst in (Verdict.PASS, Verdict.WARN) else NOT_WELL


@command("logs")
@click.argument("daemon", required=False)
@option("--lines", "-n", type=click.IntRange(0, 100_000), default=20, says=Sentence("How many lines of each log"))
@option("--follow", "-f", "follows", is_flag=True, says=Sentence("Go on as more is written"))
def logs(face: Face, daemon: str | None, lines: int, follows: bool) -> None:
    files = follow.chosen(face.open().log_files(), daemon)
    follow.show(files, lines, follows)


@command("doctor", results=True)
def doctor(face: Face) -> int:
    checks = bootstrap.doctor(face.instance)

    def show(out: Console) -> None:
        for check in checks:
            sign, style = SIGNS[check.verdict]
            out.print(Text.assemble((f"{sign} {check.name}", style), "  ", tell(check.reason)))
            if check.remedy.template and check.verdict is not Verdict.PASS:
                out.print(Padding(Text.assemble(("→ ", "cyan"), tell(check.remedy)), (0, 0, 0, 2), expand=False))

    face.answer(checks, show)
    return NOT_WELL if any(check.verdict in (Verdict.FAIL, Verdict.UNKNOWN) for check in checks) else FINE


@command("down")
def down(face: Face) -> None:
    face.open().take_down(face.progress())


@command("destroy")
@yes
def destroy(face: Face, yes: bool) -> None:
    mailward = face.open()
    face.be_sure(Sentence("Delete {instance} with all its mail, certificates and settings?", instance=face.instance), yes)
    mailward.destroy(face.progress())
