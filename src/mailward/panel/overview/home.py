"""Home: what needs attention, most urgent first, each with what ends it; when everything was last looked at; the counts."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailward.actions.concerns import Concern, Kind
from mailward.actions.overview import Overview, overview
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict
from mailward.panel import board
from mailward.panel.signed_in import signed_in
from mailward.web.office import office

COUNTED = (Verdict.PASS, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN)


@dataclass(frozen=True)
class Headline:
    verdict: Verdict
    title: Sentence


@require_safe
@signed_in
def home(request: HttpRequest, actor: Actor) -> HttpResponse:
    found = overview(office(), actor)
    context = {
        "overview": found,
        "headline": _headline(actor, found),
        "counts": [(verdict, board.STATES[verdict], found.counts.get(verdict, 0)) for verdict in COUNTED],
        "checked_at": found.checked_at,
        "last_look": _last_look(found),
        "may_verify": actor.may_somewhere(Act.DOORS_VERIFY),
        "may_verify_all": actor.may(Act.DOORS_VERIFY),
        "may_secure": actor.may_somewhere(Act.CERTIFICATES_CHOOSE),
        "sees_board": actor.may_somewhere(Act.DNS_READ),
        "sees_domains": actor.may_somewhere(Act.DOMAINS_READ),
    }
    return render(request, "panel/overview/home.html", context)


def _headline(actor: Actor, found: Overview) -> Headline:
    if not actor.may_somewhere(Act.DOMAINS_READ):
        return Headline(Verdict.NOT_APPLICABLE, Sentence("Your mail"))
    verdict = max((concern.verdict for concern in found.concerns), key=lambda one: one.severity, default=Verdict.PASS)
    if not found.domains:
        return Headline(Verdict.UNKNOWN, Sentence("No domain is held here yet"))
    if verdict is Verdict.PASS and found.counts[Verdict.WARN]:
        verdict = Verdict.WARN
    return Headline(verdict, _TITLES[_named(verdict, found.concerns)])


def _named(verdict: Verdict, concerns: tuple[Concern, ...]) -> str:
    if verdict is Verdict.FAIL and all(c.kind is Kind.CERTIFICATE for c in concerns if c.verdict is Verdict.FAIL):
        return "ending"
    return verdict.value


_TITLES = {
    "pass": Sentence("Everything is safe"),
    "warn": Sentence("Everything is safe, and something needs attention"),
    "fail": Sentence("Something is not safe"),
    "ending": Sentence("Something needs you soon"),
    "unknown": Sentence("Nobody knows whether everything is safe"),
}


def _last_look(found: Overview) -> Sentence:
    if found.checked_at is None:
        return Sentence("No door was looked at yet.")
    minutes = max(2, int((office().clock.now() - found.checked_at).total_seconds() // 60) + 1)  # never "1 minutes"
    if minutes < 120:  # nor "1 hours"
        return Sentence("Every door was looked at within the last {minutes} minutes.", minutes=minutes)
    return Sentence("The oldest look at a door is {hours} hours old.", hours=minutes // 60)
