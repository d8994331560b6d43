"""The proof of control of a domain: looking for it now, and the provider's word for it."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from mailward.actions.control import request_control, vouch
from mailward.model.people import Actor
from mailward.panel.operations.following import run_address
from mailward.panel.signed_in import signed_in
from mailward.web.office import office


@require_POST
@signed_in
def look(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """``do=vouch``: the provider takes it as proven; else DNS is asked now."""
    act = vouch if request.POST.get("do") == "vouch" else request_control
    return HttpResponseRedirect(run_address(act(office(), actor, name), reverse("domain", args=[name])))
