"""Getting a certificate for a domain (or the server): a free wildcard by one button, names of one's own choice, an upload,
or a request whose answer is bought elsewhere."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from mailward.actions import certificates, choices, orders
from mailward.actions.certificate_limits import limits_left
from mailward.actions.order_progress import lineage_of
from mailward.actions.overview import server_state
from mailward.actions.rights_here import rights_at
from mailward.certificates.selection import recommended_names, san_names
from mailward.model.certificates import Challenge
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import Sentence
from mailward.model.settings import KeyType
from mailward.panel.certificates.material import handed_in
from mailward.panel.certificates.words import KINDS_OF_KEYS, limit_says, scope_title
from mailward.panel.signed_in import needing, signed_in
from mailward.web.office import office

WAYS = ("wildcard", "san", "upload", "csr")
_MOST_NAMES = 100


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@needing(Act.CERTIFICATES_CHANGE)
def new(request: HttpRequest, actor: Actor, scope: str) -> HttpResponse:
    """/certificates/new/<scope>/: ``how`` is one of WAYS; without it the choice between them."""
    how = request.POST.get("how", "") if request.method == "POST" else request.GET.get("how", "")
    certificates.list_certificates(office(), actor, scope, limit=1)  # an unknown domain is said before any form
    trouble = None
    if request.method == "POST" and how in _TAKEN:
        try:
            return HttpResponseRedirect(_TAKEN[how](request, actor, scope))
        except BadInput as refused:
            if refused.field == "domain":
                raise
            trouble = _at_its_field(refused)
    return _form(request, actor, scope, how, trouble)


def _wildcard(request: HttpRequest, actor: Actor, scope: str) -> str:
    """Everything in one: issue, take it for webmail and mail, prove it at every door."""
    challenge = Challenge.HTTP_01 if request.POST.get("challenge") == Challenge.HTTP_01 else Challenge.DNS_01
    asked = choices.secure(office(), actor, scope, challenge)
    return _follow(actor, asked.run_id)


def _san(request: HttpRequest, actor: Actor, scope: str) -> str:
    challenge = Challenge.HTTP_01 if request.POST.get("challenge") == Challenge.HTTP_01 else Challenge.DNS_01
    ca = request.POST.get("ca", "")[:60] or None
    asked = orders.issue(office(), actor, scope, _names(request), challenge, ca, _key_type(request))
    return _follow(actor, asked.run_id)


def _upload(request: HttpRequest, actor: Actor, scope: str) -> str:
    material = handed_in(request)
    replaced = request.POST.get("replaces", "") or None
    row, _ = certificates.upload(office(), actor, scope, material.first, material.second, material.password, replaced)
    return reverse("certificate", args=[row.id])


def _csr(request: HttpRequest, actor: Actor, scope: str) -> str:
    row, _ = certificates.signing_request(office(), actor, scope, _names(request), _key_type(request))
    return reverse("certificate", args=[row.id])


_TAKEN: dict[str, Callable[[HttpRequest, Actor, str], str]] = {
    "wildcard": _wildcard,
    "san": _san,
    "upload": _upload,
    "csr": _csr,
}


def _follow(actor: Actor, run_id: int) -> str:
    return reverse("certificate", args=[lineage_of(office(), actor, run_id)])


def _names(request: HttpRequest) -> tuple[str, ...]:
    """One in a line, or with commas or spaces between them."""
    names = request.POST.get("names", "").replace(",", " ").split()
    if len(names) > _MOST_NAMES:
        said = Sentence("at most {most} names fit into one certificate", most=_MOST_NAMES)
        raise BadInput("names", said, code="too-many")
    return tuple(dict.fromkeys(names))


def _key_type(request: HttpRequest) -> KeyType | None:
    wish = request.POST.get("key_type", "")
    return KeyType(wish) if wish in list(KeyType) else None


def _form(request: HttpRequest, actor: Actor, scope: str, how: str, trouble: BadInput | None) -> HttpResponse:
    how = how if how in WAYS[1:] else ""
    hostname = office().settings.hostname
    is_server = scope == SERVER
    kept = request.POST
    context: dict[str, Any] = {
        "scope": scope,
        "is_server": is_server,
        "title": scope_title(scope),
        "how": how,
        "trouble": trouble,
        "names": kept.get("names", "") or "\n".join((hostname,) if is_server else san_names(scope)),
        "free": ", ".join((hostname,) if is_server else recommended_names(scope)),
        "challenge": kept.get("challenge", Challenge.DNS_01.value),
        "pasted": {name: _without_keys(kept.get(name, "")) for name in ("certificate", "chain")},
        "may_change": _may_change(actor, scope),
        **_of_authorities(request, how),
    }
    if how in ("", "san"):
        left = limits_left(office(), actor, scope)
        context["limits"] = [(one, limit_says(one.code, one.left, one.most, one.subject, one.window)) for one in left]
        context["server_is_unsafe"] = not is_server and server_state(office(), actor)[1]
    if how == "upload" and (replaced := request.GET.get("replaces", "") or kept.get("replaces", "")):
        context["replaced"] = certificates.show_certificate(office(), actor, replaced)
    template = f"panel/certificates/{how or 'new'}.html"
    return render(request, template, context, status=400 if trouble is not None else 200)


def _of_authorities(request: HttpRequest, how: str) -> dict[str, Any]:
    """Kinds of keys and certificate authorities to choose from; a pair of keys only where the doors show both."""
    settings = office().settings
    kinds = [kind for kind in KeyType if kind is not KeyType.BOTH or (settings.rsa and how == "san")]
    return {
        "kinds": [(kind, KINDS_OF_KEYS[kind]) for kind in kinds],
        "key_type": request.POST.get("key_type", settings.key_type),
        "cas": [ca.name for ca in settings.cas],
        "ca": request.POST.get("ca", ""),
    }


def _at_its_field(refused: BadInput) -> BadInput:
    """What a password would end is said at the password."""
    if refused.code in ("password-needed", "password-wrong", "pkcs12-unreadable"):
        return BadInput("password", refused.what, refused.remedy, code=refused.code)
    return refused


def _without_keys(pasted: str) -> str:
    """What was pasted is shown again beside its error, but never a private key."""
    return "" if "PRIVATE KEY" in pasted else pasted


def _may_change(actor: Actor, scope: str) -> bool:
    rights = rights_at(office(), actor, scope)
    return (Act.SERVER_CHANGE if scope == SERVER else Act.CERTIFICATES_CHANGE) in rights
