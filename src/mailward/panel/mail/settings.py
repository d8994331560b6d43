"""Mail > Mail Settings: the manual's page. A certificate for webmail, one for mail, OK; then the run is followed
until it is verified, or undone with its reason."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from mailward.actions.candidates import Candidates, candidates
from mailward.actions.choices import OWN, choose, secure
from mailward.actions.office import Asked
from mailward.actions.overview import server_state
from mailward.model.certificates import Challenge
from mailward.model.errors import BadInput, NotPossible
from mailward.model.people import Actor
from mailward.model.sentence import Sentence
from mailward.panel.domains.listing import lines_context
from mailward.panel.operations.following import run_address
from mailward.panel.signed_in import signed_in
from mailward.web.language import language_of
from mailward.web.office import office
from mailward.words import say


@require_safe
@signed_in
def mail_settings(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The domains to choose from."""
    return render(request, "panel/mail/settings_list.html", lines_context(request, actor))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def mail_settings_domain(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    found = candidates(office(), actor, name)
    trouble, status = None, 200
    if request.method == "POST":
        try:
            asked = _wish(request, actor, found)
        except (BadInput, NotPossible) as refused:
            if refused.code == "unknown":
                raise
            trouble, status = refused, 422
        else:
            return HttpResponseRedirect(_followed(request, asked, found.domain))
    verdict, own = server_state(office(), actor)
    context = {
        "found": found,
        "trouble": trouble,
        "server": verdict,
        "server_is_self_signed": own,
        "chosen_web": request.POST.get("webmail", found.web or OWN),
        "chosen_mail": request.POST.get("mail", found.mail or OWN),
        "own": OWN,
        "any_fits": any(row.web.fits or row.mail.fits for row in found.rows),
    }
    return render(request, "panel/mail/settings.html", context, status=status)


def _wish(request: HttpRequest, actor: Actor, found: Candidates) -> Asked | None:
    """None: what was chosen is what is chosen already."""
    if "secure" in request.POST:
        challenge = Challenge.HTTP_01 if request.POST["secure"] == Challenge.HTTP_01.value else Challenge.DNS_01
        return secure(office(), actor, found.domain, challenge)
    webmail, mail = request.POST.get("webmail", ""), request.POST.get("mail", "")
    changed = {
        role: value
        for role, value, now in (("webmail", webmail, found.web), ("mail", mail, found.mail))
        if value and value != (now or OWN)
    }
    return choose(office(), actor, found.domain, **changed) if changed else None


def _followed(request: HttpRequest, asked: Asked | None, domain: str) -> str:
    here = reverse("mail-settings-domain", args=[domain])
    if asked is None:
        said = Sentence("These certificates are chosen already: nothing was to do.")
        messages.info(request, say(said, language_of(request)))
        return here
    return run_address(asked, here)
