"""What will my client say? An address goes in; the steward takes every mail program's steps; the answer is shown here."""

from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from mailward.actions.looks import client_answer, request_client
from mailward.actions.mailboxes import list_mailboxes
from mailward.actions.rights_here import rights_at
from mailward.actions.runs import show_run
from mailward.audit.clients import ClientLook, ClientReport, ServerMet
from mailward.audit.rules.clients import MailClient
from mailward.model.doors import Door
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import SPOKEN, Verdict, worst
from mailward.panel.mail.profile import profile_address, qr_path
from mailward.panel.signed_in import needing, signed_in
from mailward.web.office import office

_NAMES = {MailClient.BY_HAND: Sentence("Settings typed by hand")}
_SERVES = {"imap": Sentence("reads mail"), "pop3": Sentence("fetches mail"), "smtp": Sentence("sends mail")}
_TLS = {
    "implicit": Sentence("encrypted from the first byte (TLS)"),
    "starttls": Sentence("encrypted by STARTTLS"),
    "none": Sentence("not encrypted"),
}


@dataclass(frozen=True)
class Shown:
    """A server that a mail program would use, as the page tells it."""

    met: ServerMet
    does: Sentence
    tls: Sentence
    state: Sentence
    remedy: Sentence


@dataclass(frozen=True)
class Program:
    """One mail program. ``name`` is its own, or a sentence; ``is_spoken`` tells which."""

    look: ClientLook
    name: str | Sentence
    state: Sentence
    servers: tuple[Shown, ...]

    @property
    def is_spoken(self) -> bool:
        return isinstance(self.name, Sentence)

    @property
    def verdict(self) -> Verdict:
        """Of its servers; yet whoever is warned on the way to them sees no green."""
        return Verdict.WARN if self.look.verdict is Verdict.PASS and self.warnings else self.look.verdict

    @property
    def warnings(self) -> tuple[Sentence, ...]:
        """What it shows, each once: on its way to the settings, then at the servers."""
        on_the_way = [said for step in self.look.steps for said in step.warnings]
        at_the_end = [said for server in self.look.servers for said in server.warnings]
        return tuple(dict.fromkeys(on_the_way + at_the_end))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@needing(Act.CLIENTS_READ)
def clients(request: HttpRequest, actor: Actor) -> HttpResponse:
    """/mail/clients/: the address is sent by POST, so that it stands in no log."""
    trouble, address = None, request.POST.get("address", "").strip()[:320]
    if request.method == "POST":
        try:
            asked = request_client(office(), actor, address)
        except BadInput as refused:
            trouble = refused
        else:
            return HttpResponseRedirect(reverse("client-look", args=[asked.run_id]))
    context = {"address": address or _own(actor), "trouble": trouble}
    return render(request, "panel/mail/clients.html", context, status=400 if trouble else 200)


@require_safe
@signed_in
def look(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    """GET /mail/clients/<run>/"""
    return render(request, "panel/mail/client.html", _context(actor, number))


@require_safe
@signed_in
def live(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    """GET /mail/clients/<run>/live/: asked every second; when there is an answer, the whole page is."""
    context = _context(actor, number)
    response = render(request, "panel/mail/client_waiting.html", context)
    if not context["is_waiting"]:
        response.headers["HX-Refresh"] = "true"
    return response


def _context(actor: Actor, number: int) -> dict[str, Any]:
    report, run = client_answer(office(), actor, number), None
    if report is None:
        run = show_run(office(), actor, number)
        report = client_answer(office(), actor, number) if run.state.is_end else None  # it may have ended in between
    if report is None and run is not None:
        return {"number": number, "run": run, "address": run.subject, "is_waiting": not run.state.is_end}
    assert report is not None, "either it is there, or its run says why not"
    domain = report.address.rpartition("@")[2]
    rights = rights_at(office(), actor, domain, report.address)
    profile = profile_address(domain, office().settings.ports.get(Door.HTTPS))
    programs = [_program(one) for one in report.clients]
    verdict = worst([report.verdict, *(program.verdict for program in programs)])
    return {
        "number": number,
        "address": report.address,
        "domain": domain,
        "report": report,
        "verdict": verdict,
        "state": SPOKEN[verdict],
        "programs": programs,
        "clear_text": [(one, SPOKEN[one.verdict]) for one in report.clear_text],
        "ways_out": [_for_the_panel(way) for way in report.ways_out],
        "may_choose": Act.CERTIFICATES_CHOOSE in rights,
        "may_server": Act.SERVER_CHANGE in rights_at(office(), actor, "server"),
        "profile": profile,
        "profile_is_trusted": _finds_profile(report),
        "qr": qr_path(profile) if profile else None,
        "is_waiting": False,
    }


def _program(look: ClientLook) -> Program:
    servers = tuple(
        Shown(
            met,
            _SERVES.get(met.server.protocol, NOTHING),
            _TLS[met.server.tls.value],
            SPOKEN[met.verdict],
            _for_the_panel(met.remedy),
        )
        for met in look.servers
    )
    program = Program(look, _NAMES.get(look.client, look.client.value), Sentence("finds no settings"), servers)
    return replace(program, state=SPOKEN[program.verdict]) if servers else program


def _for_the_panel(way: Sentence) -> Sentence:
    """A way out that names a command is said as what to do here; others stay as they are."""
    values = dict(way.values)
    if "mailward secure server" in way.template and "server" in values:
        return Sentence(
            "Putting {server} into the client's settings does not help yet: the server itself is not secured. The provider "
            "ends that in the mail server settings.",
            server=values["server"],
        )
    if "mailward secure server" in way.template:
        return Sentence("The provider ends this in the mail server settings, by securing the server itself.")
    if "mailward secure" in way.template:
        return Sentence("Choose a certificate for mail in Mail Settings: then nobody has to change a client.")
    if "mailward " in way.template:
        return Sentence("Your provider ends this.")
    return way


def _finds_profile(report: ClientReport) -> bool:
    """Whether a phone gets the profile without a warning: Apple Mail's first step, which was taken, asks for it."""
    apple = next((one for one in report.clients if one.client is MailClient.APPLE_MAIL), None)
    return apple is not None and bool(apple.steps) and apple.steps[0].taken.outcome == "found"


def _own(actor: Actor) -> str:
    """The only mailbox in reach, for whoever has one."""
    if not actor.may_somewhere(Act.MAILBOXES_READ):
        return ""
    found = list_mailboxes(office(), actor, limit=2)
    return found.rows[0].address if found.total == 1 else ""
