"""Whether a domain's mail goes by TLS alone: /domains/<name>/tls/."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from mailward.actions import tls_policy as actions
from mailward.actions.domains import show_domain
from mailward.model.people import Actor
from mailward.model.rights import Act, Place
from mailward.model.sentence import Sentence
from mailward.panel.signed_in import signed_in
from mailward.web.language import language_of
from mailward.web.office import office
from mailward.words import say


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def tls_policy(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    if request.method == "POST":
        wishes = {wish: request.POST.get(wish) == "on" for wish in ("tls_in", "tls_out")}
        actions.set_tls(office(), actor, name, **wishes)
        messages.success(request, say(Sentence("This counts within a few seconds."), language_of(request)))
        return HttpResponseRedirect(reverse("tls-policy", kwargs={"name": name}))
    row = actions.show_tls(office(), actor, name)
    owner = show_domain(office(), actor, row.domain)
    context = {"row": row, "may_change": actor.may(Act.DNS_CHANGE, Place(owner.customer, row.domain))}
    return render(request, "panel/domains/tls.html", context)
