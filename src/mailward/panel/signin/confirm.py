"""\"Is it still you?\": a second factor shown anew before a dangerous act; the password where nothing else is set up."""

from allauth.account.internal.flows.login import record_authentication
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.sentence import Sentence
from mailward.panel.signed_in import signed_in
from mailward.panel.signin.owner import owner
from mailward.panel.signin.sign_in import known, show_factor, status_of, wanted, ways
from mailward.store.models import Account
from mailward.web.second_factor import has_one


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def confirm(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """``?next=`` is where it goes on. What was sent before is not sent again: the button is pressed once more there."""
    account, trouble = owner(request), None
    with_factor = has_one(account.pk)
    if request.method == "POST":
        try:
            if with_factor:
                show_factor(request, account, again=True)
            else:
                _show_password(request, account)
            return HttpResponseRedirect(wanted(request))
        except BadInput as bad:
            trouble = bad
    context = {**(ways(account, trouble) if with_factor else {"trouble": trouble, "by_password": True})}
    context["next"] = wanted(request)
    return render(request, "panel/signin/confirm.html", context, status=status_of(trouble))


def _show_password(request: HttpRequest, account: Account) -> None:
    try:
        shown = known(request, account.email, request.POST.get("password", ""))
    except BadInput as bad:
        if bad.code == "too-many":
            raise
        raise BadInput("password", Sentence("this is not your password"), Sentence("Try again.")) from None
    record_authentication(request, shown, "password", reauthenticated=True)
