"""Certificates on a terminal: the list, one in full, its history, and the authority's limits."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from mailward.certificates.budget import Forecast
from mailward.cli.language import printable, tell
from mailward.cli.show import clock, moment, show_table
from mailward.model.sentence import Sentence

if TYPE_CHECKING:
    from mailward.actions.rows import CertificateRow, VersionRow

_EMPTY = Sentence("There is no certificate yet.")


def show_certificates(out: Console, rows: Sequence["CertificateRow"]) -> None:
    headings = (
        Sentence("certificate"),
        Sentence("names"),
        Sentence("from"),
        Sentence("valid until (UTC)"),
        Sentence("shown for"),
    )
    lines = [
        (row.id, ", ".join(row.names), _origin(row), clock(row.not_after), ", ".join(row.chosen_for) or "–") for row in rows
    ]
    show_table(out, headings, lines, _EMPTY)
    for row in rows:
        if row.failure.template:
            out.print(Text.assemble(("! ", "yellow"), f"{printable(row.id)}: {tell(row.failure)}"))


def _origin(row: "CertificateRow") -> str:
    """Where it comes from, and that there are two of it."""
    return f"{row.source} (ECDSA + RSA)" if row.companion_sha256 else row.source


def show_certificate(out: Console, row: "CertificateRow") -> None:
    facts = [
        (Sentence("certificate"), row.id),
        (Sentence("names"), ", ".join(row.names)),
        (Sentence("from"), " ".join(part for part in (row.source, row.ca, row.challenge) if part)),
        (Sentence("issuer"), row.issuer),
        (Sentence("version"), "–" if row.current is None else str(row.current)),
        (Sentence("valid from"), moment(row.not_before)),
        (Sentence("valid until"), moment(row.not_after)),
        (Sentence("renewal due"), moment(row.renew_at)),
        (Sentence("revoked"), moment(row.revoked_at)),
        (Sentence("SHA-256"), row.sha256),
        (Sentence("SHA-256 (RSA)"), row.companion_sha256),
        (Sentence("keys"), row.key_type),
        (Sentence("shown for"), ", ".join(row.chosen_for) or "–"),
        (Sentence("failed"), f"{row.failures} · {tell(row.failure)} · {moment(row.retry_at)}" if row.failures else "–"),
    ]
    for label, text in facts:
        if text not in ("", "–"):
            out.print(Text.assemble((f"{tell(label):<18}", "dim"), printable(text)), soft_wrap=True)


def show_history(out: Console, rows: Sequence["VersionRow"]) -> None:
    headings = (
        Sentence("version"),
        Sentence("served"),
        Sentence("valid from (UTC)"),
        Sentence("valid until (UTC)"),
        Sentence("SHA-256"),
    )
    lines = [
        (str(row.number), "✓" if row.served else "", clock(row.not_before), clock(row.not_after), row.sha256[:16])
        for row in rows
    ]
    show_table(out, headings, lines, _EMPTY)


def show_budget(out: Console, rows: Sequence[Forecast]) -> None:
    """Per limit: used now, the fullest of the coming weeks, and when it would be exceeded."""
    headings = (Sentence("limit"), Sentence("for"), Sentence("used"), Sentence("fullest week"), Sentence("exceeded"))
    lines = [
        (
            row.limit.code,
            row.subject or "–",
            f"{row.used}/{row.limit.most}",
            f"{max((week.used for week in row.weeks), default=0)}/{row.limit.most}",
            Text(moment(row.exceeded_at), style="bold red" if row.exceeded_at else ""),
        )
        for row in rows
    ]
    show_table(out, headings, lines, Sentence("No certificate was ordered from an authority, and none is planned."))
