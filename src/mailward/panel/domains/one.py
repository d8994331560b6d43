"""A domain: its chain drawn, each link in its verified state; its doors with their evidence; its certificates and runs."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from mailward.actions import permission
from mailward.actions.candidates import candidates
from mailward.actions.control import show_control
from mailward.actions.domains import remove_domain, show_domain
from mailward.actions.overview import domain_line, looked_at
from mailward.actions.runs import list_runs
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.rights import Act, Place
from mailward.model.runs import SPOKEN_STATES
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict
from mailward.panel import board
from mailward.panel.operations.following import run_address
from mailward.panel.operations.runs import KINDS, look_of_run
from mailward.panel.signed_in import signed_in
from mailward.web.office import office

LAST_RUNS = 5


@require_safe
@signed_in
def domain(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    line = domain_line(office(), actor, name)
    place = Place(line.customer, line.name)
    now = office().clock.now()
    own, server = (board.as_of(found, now) for found in looked_at(office(), actor, line.name))
    subject = board.subject(line.name, own, server)
    sees_certificates = actor.may(Act.CERTIFICATES_READ, place)
    runs = list_runs(office(), actor, domain=line.name, limit=LAST_RUNS).rows
    context = {
        "line": line,
        "subject": subject,
        "chain": subject.chain,
        "note": server_note(subject.chain[-1].verdict),
        "certificates": candidates(office(), actor, line.name) if sees_certificates else None,
        "runs": [(row, KINDS[row.kind], look_of_run(row), SPOKEN_STATES[row.state]) for row in runs],
        "unsafe": subject.verdict in (Verdict.FAIL, Verdict.UNKNOWN) or line.mail_certificate.own,
        "may_verify": actor.may(Act.DOORS_VERIFY, place),
        "may_choose": actor.may(Act.CERTIFICATES_CHOOSE, place) and actor.may(Act.CERTIFICATES_CHANGE, place),
        "may_remove": actor.may(Act.DOMAINS_REMOVE, place),
        "sees_mailboxes": actor.may(Act.MAILBOXES_READ, place),
        "sees_server": actor.may(Act.SERVER_READ),
        "control": show_control(office(), actor, line.name),
        "may_prove": actor.may(Act.DNS_CHANGE, place),
        "may_vouch": actor.may(Act.SERVER_CHANGE),
        "sees_dns": actor.may(Act.DNS_READ, place),
        "sees_reports": actor.may(Act.DNS_READ, place),
    }
    return render(request, "panel/domains/one.html", context)


def server_note(verdict: Verdict) -> bool:
    """Whether to say that the server itself isn't safe, which no certificate of a domain mends (A9)."""
    return verdict in (Verdict.FAIL, Verdict.UNKNOWN)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def remove(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """What ends with it is said first; its name must be written. Dangerous: asks for a fresh second factor."""
    row = show_domain(office(), actor, name)
    permission.require(actor, Act.DOMAINS_REMOVE, Place(row.customer, row.name))
    trouble, status = None, 200
    if request.method == "POST":
        try:
            if request.POST.get("domain", "").strip().lower() != row.name:
                raise _another_name(row.name)
            asked = remove_domain(office(), actor, row.name)
        except BadInput as refused:
            trouble, status = refused, 422
        else:
            return HttpResponseRedirect(run_address(asked, reverse("domains")))
    context = {"row": row, "trouble": trouble, "written": request.POST.get("domain", "")}
    return render(request, "panel/domains/remove.html", context, status=status)


def _another_name(name: str) -> BadInput:
    return BadInput("domain", Sentence("this is not the name of the domain: write {domain}", domain=name))
