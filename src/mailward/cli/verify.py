"""Proof: what is served at the doors, and what mail programs make of it."""

import click

from mailward.audit import report
from mailward.cli.app import FINE, NOT_WELL
from mailward.cli.command import command
from mailward.cli.face import Face
from mailward.cli.language import tell
from mailward.cli.show_client import show_client
from mailward.cli.show_doors import show_findings
from mailward.model.verdict import Verdict

_UNWELL = (Verdict.FAIL, Verdict.UNKNOWN)


@command("verify", results=True)
@click.argument("domains", nargs=-1)
def verify(face: Face, domains: tuple[str, ...]) -> int:
    findings = face.open().verify(domains, face.progress())
    face.answer(report.rows(findings, tell), lambda out: show_findings(out, findings))
    return NOT_WELL if not findings or any(finding.verdict in _UNWELL for finding in findings) else FINE


@command("client", results=True)
@click.argument("address")
def client(face: Face, address: str) -> int:
    found = face.open().client(address)
    face.answer(found, lambda out: show_client(out, found))
    return NOT_WELL if found.verdict in _UNWELL else FINE
