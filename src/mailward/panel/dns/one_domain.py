"""The board of one domain (or of the server itself): every finding with its evidence, what it means, and what cures it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailward.actions.checks import list_checks, show_board
from mailward.actions.dns_cures import can_cure
from mailward.model.checks import SIX, SPOKEN_MECHANISMS, CheckFinding, Mechanism
from mailward.model.dns import Record
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER
from mailward.model.people import Actor
from mailward.model.rights import HOST, Act, Place
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict, worst
from mailward.panel.board import STATES
from mailward.panel.dns.all_domains import line_of
from mailward.panel.dns.words import SHORT
from mailward.panel.signed_in import signed_in
from mailward.standards import zone_text
from mailward.web.office import office

_WELL = (Verdict.PASS, Verdict.NOT_APPLICABLE)


@dataclass(frozen=True)
class Shown:
    """A finding, with the lines of a zone file that cure it and those that must go for that."""

    finding: CheckFinding
    state: Sentence
    cure: tuple[str, ...]
    gone: tuple[str, ...]
    can_cure: bool  # by a button


@dataclass(frozen=True)
class Part:
    """What was found of one mechanism."""

    mechanism: Mechanism
    short: str
    title: Sentence
    verdict: Verdict
    state: Sentence
    is_of_six: bool
    findings: tuple[Shown, ...]


@require_safe
@signed_in
def domain_board(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    row = show_board(office(), actor, name)
    parts = parts_of(list_checks(office(), actor, row.domain))
    place = HOST if row.domain == SERVER else Place(row.customer, row.domain)
    context = {
        "line": line_of(row),
        "parts": parts,
        "is_server": row.domain == SERVER,
        "state": STATES[row.six],
        "unwell": [part for part in parts if part.verdict not in _WELL],
        "well": [part for part in parts if part.verdict in _WELL],
        "may_change": actor.may(Act.SERVER_CHANGE if row.domain == SERVER else Act.DNS_CHANGE, place),
    }
    return render(request, "panel/dns/one.html", context)


def parts_of(found: Sequence[CheckFinding]) -> list[Part]:
    """By mechanism, in the board's order; what isn't well first within each."""
    order = list(Mechanism)
    ordered = sorted(found, key=lambda one: (order.index(one.mechanism), -one.verdict.severity, one.subject))
    return [_part(mechanism, tuple(rows)) for mechanism, rows in groupby(ordered, key=lambda one: one.mechanism)]


def _part(mechanism: Mechanism, found: tuple[CheckFinding, ...]) -> Part:
    verdict = worst([one.verdict for one in found])
    shown = tuple(Shown(one, STATES[one.verdict], _lines(one.cure), _lines(one.replaces), can_cure(one)) for one in found)
    title = SPOKEN_MECHANISMS[mechanism]
    return Part(mechanism, SHORT[mechanism], title, verdict, STATES[verdict], mechanism in SIX, shown)


def _lines(records: Sequence[Record]) -> tuple[str, ...]:
    found = []
    for record in records:
        try:
            found.append(zone_text.line(record))
        except BadInput:  # text from DNS that no zone file can hold
            continue
    return tuple(found)
