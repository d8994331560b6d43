"""The link of an invitation: whoever holds it chooses the account's password, once, and then signs in with it."""

from allauth.core import ratelimit
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from mailward.actions.invitations import accept_invitation, invitation_for
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.panel.signin.factors import too_many
from mailward.panel.signin.sign_in import status_of
from mailward.web.asking import came_from
from mailward.web.language import has_chosen, language_of
from mailward.web.office import office
from mailward.words import say


@sensitive_variables("secret")
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponseBase:
    """A link that counts no more is answered like one that never was. The page speaks the language that was chosen with the
    invitation, unless this browser has chosen one."""
    if not ratelimit.consume(request, action="invitation"):
        return _closed(request, too_many(""), 429)
    try:
        invitee = invitation_for(office(), secret)
    except BadInput as bad:
        return _closed(request, bad, 404)
    if request.method != "POST" and invitee.language and not has_chosen(request):
        return HttpResponseRedirect(f"{request.path}?lang={invitee.language}")
    trouble = None
    if request.method == "POST":
        try:
            _accept(request, secret)
            return HttpResponseRedirect(reverse("sign-in"))
        except BadInput as bad:
            trouble = bad
    return render(
        request, "panel/signin/invitation.html", {"invitee": invitee, "trouble": trouble}, status=status_of(trouble)
    )


def _accept(request: HttpRequest, secret: str) -> None:
    chosen = request.POST.get("password", "")
    if chosen != request.POST.get("again", ""):
        raise BadInput("again", Sentence("the two are not the same"), Sentence("Type it again."))
    accept_invitation(office(), secret, chosen, came_from(request))
    messages.success(request, say(Sentence("Your password is kept. Sign in with it now."), language_of(request)))


def _closed(request: HttpRequest, trouble: BadInput, status: int) -> HttpResponseBase:
    return render(request, "panel/signin/invitation.html", {"trouble": trouble}, status=status)
