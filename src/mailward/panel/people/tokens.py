"""API tokens: one's own, what each allows and when it was last used; a new one is shown once."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from mailward.actions.people_rows import TokenRow
from mailward.actions.tokens import create_token, list_tokens, revoke_token
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.rights import DANGEROUS, Act
from mailward.model.sentence import Sentence
from mailward.panel.people.person import wanted_number
from mailward.panel.people.words import ACTS
from mailward.panel.signed_in import signed_in
from mailward.web.language import language_of
from mailward.web.office import office
from mailward.words import say

DAYS = (7, 30, 90, 365)
OFFERED = 90


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def tokens(request: HttpRequest, actor: Actor) -> HttpResponse:
    """GET, POST /tokens/; ``?all=1`` shows everybody's to who may see them."""
    trouble, status = None, 200
    if request.method == "POST":
        try:
            return _done(request, actor)
        except BadInput as refused:
            if refused.field == "token":
                raise
            trouble, status = refused, 422
    may_all = actor.may(Act.PEOPLE_CHANGE)
    everybody = may_all and "all" in request.GET
    chosen = request.POST.getlist("act")
    context = {
        "tokens": [(row, _acts(row)) for row in list_tokens(office(), actor, everybody=everybody)],
        "everybody": everybody,
        "may_all": may_all,
        "now": office().clock.now(),
        "trouble": trouble,
        "acts": [(act.value, ACTS[act], act in DANGEROUS) for act in Act if actor.may_somewhere(act)],
        "chosen": chosen,
        "whole": request.POST.get("scope", "some") == "all",
        "label": request.POST.get("label", ""),
        "domains": request.POST.get("domains", ""),
        "days": _days(request),
        "offered_days": DAYS,
    }
    return render(request, "panel/people/tokens.html", context, status=status)


def _done(request: HttpRequest, actor: Actor) -> HttpResponse:
    if request.POST.get("do") == "revoke":
        revoke_token(office(), actor, wanted_number(request, "token"))
        messages.success(request, say(Sentence("The token is revoked."), language_of(request)))
        return HttpResponseRedirect(reverse("tokens"))
    acts = None if request.POST.get("scope") == "all" else request.POST.getlist("act")
    if acts is not None and not acts:
        raise BadInput("acts", Sentence("choose what the token may do"))
    domains = request.POST.get("domains", "").replace(",", " ").split() or None
    made = create_token(office(), actor, request.POST.get("label", ""), acts, domains, _days(request))
    return render(request, "panel/people/token.html", {"made": made, "secret": made.secret})


def _days(request: HttpRequest) -> int:
    return wanted_number(request, "days") or OFFERED


def _acts(row: TokenRow) -> list[Sentence | str]:
    return [ACTS[Act(word)] if word in list(Act) else word for word in row.acts or ()]
