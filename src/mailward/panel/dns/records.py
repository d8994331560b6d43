"""What a domain's DNS is to say: where it lives, each record and the zone file, others' records in the way, DS, and the
domain's own wishes. ``name`` is "server" for the host itself."""

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from mailward.actions import dkim, dns, dns_policy, permission
from mailward.actions.dns_cures import cure_dns
from mailward.actions.domains import show_domain
from mailward.actions.office import Asked
from mailward.model.dns import SPOKEN_HOMES, DmarcPolicy, HomeKind, MtaStsMode
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER
from mailward.model.people import Actor
from mailward.model.rights import HOST, Act, Place
from mailward.model.runs import SPOKEN_STATES
from mailward.model.sentence import Sentence
from mailward.panel.operations.following import run_address
from mailward.panel.signed_in import signed_in
from mailward.standards import txt
from mailward.web.office import office

DMARC = {
    DmarcPolicy.NONE: Sentence("none: only reports are asked for"),
    DmarcPolicy.QUARANTINE: Sentence("quarantine: into the spam folder"),
    DmarcPolicy.REJECT: Sentence("reject: not taken at all"),
}
MTA_STS = {
    MtaStsMode.OFF: Sentence("off: nothing is published"),
    MtaStsMode.TESTING: Sentence("testing: faults are reported, mail flows"),
    MtaStsMode.ENFORCE: Sentence("enforce: no mail without verified encryption"),
}
MOST_LINES = 50


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def domain_dns(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """POST ``do``: publish, home or policy; each becomes a run that is followed."""
    trouble, status = None, 200
    found = dns.show_dns(office(), actor, name)
    if request.method == "POST":
        place = HOST if found.domain == SERVER else Place(show_domain(office(), actor, name).customer, found.domain)
        permission.require(actor, _needed(found.domain), place)
        try:
            asked = _FORMS.get(request.POST.get("do", ""), _publish)(request, actor, found.domain)
            return HttpResponseRedirect(run_address(asked, reverse("domain-dns", args=[found.domain])))
        except BadInput as refused:
            trouble, status = refused, 422
    return render(request, "panel/dns/records.html", _context(request, actor, found, trouble), status=status)


@require_POST
@signed_in
def cure(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Publish what cures a finding."""
    told = (request.POST.get(field, "")[:300] for field in ("mechanism", "subject"))
    asked = cure_dns(office(), actor, name, *told)
    return HttpResponseRedirect(run_address(asked, reverse("domain-board", args=[name])))


def _needed(domain: str) -> Act:
    return Act.SERVER_CHANGE if domain == SERVER else Act.DNS_CHANGE


def _context(request: HttpRequest, actor: Actor, found: dns.DnsRow, trouble: BadInput | None) -> dict[str, object]:
    is_server = found.domain == SERVER
    place = HOST if is_server else Place(show_domain(office(), actor, found.domain).customer, found.domain)
    policy = None if is_server else dns_policy.show_dns_policy(office(), actor, found.domain)
    return {
        "found": found,
        "rows": [(row, txt.joined_text(row.value) if row.rdtype == "TXT" else row.value) for row in found.records],
        "is_server": is_server,
        "policy": policy,
        "keys": () if is_server else dkim.show_keys(office(), actor, found.domain),
        "trouble": trouble,
        "written": request.POST,
        "home": SPOKEN_HOMES[found.home],
        "homes": SPOKEN_HOMES,
        "last": SPOKEN_STATES[found.state] if found.state is not None else None,
        "dmarc": DMARC,
        "mta_sts": MTA_STS,
        "template": office().settings.spf_template,
        "may_change": actor.may(_needed(found.domain), place),
        "may_move": actor.may(Act.DNS_CHANGE),
        "sees_reports": not is_server and actor.may(Act.DNS_READ, place),
    }


def _publish(request: HttpRequest, actor: Actor, domain: str) -> Asked:
    sets = [one.rpartition(" ") for one in request.POST.getlist("overwrite")[:MOST_LINES]]
    return dns.publish_dns(office(), actor, domain, [(name, rdtype) for name, _, rdtype in sets])


def _home(request: HttpRequest, actor: Actor, domain: str) -> Asked:
    word = request.POST.get("home", "")
    if word not in list(HomeKind):
        raise BadInput("home", Sentence("choose where the zone lives"), code="nothing-named")
    options = dict(_option(line) for line in _lines(request, "options"))
    return dns.set_dns_home(
        office(), actor, domain, HomeKind(word), provider=request.POST.get("provider", "").strip(), options=options,
        secret=request.POST.get("secret") or None,
    )  # fmt: skip


def _option(line: str) -> tuple[str, str]:
    name, equals, value = line.partition("=")
    if not equals:
        raise BadInput("options", Sentence("write each option as NAME=VALUE"), code="bad-option")
    return name.strip(), value.strip()


def _policy(request: HttpRequest, actor: Actor, domain: str) -> Asked:
    """The whole form: what isn't ticked is not wished for."""
    dmarc, mta_sts = request.POST.get("dmarc", ""), request.POST.get("mta_sts", "")
    wish = dns_policy.DnsPolicyWish(
        spf_terms=_lines(request, "spf_terms"),
        dmarc=DmarcPolicy(dmarc) if dmarc in list(DmarcPolicy) else None,
        dmarc_testing=request.POST.get("dmarc_testing") == "1",
        mta_sts=MtaStsMode(mta_sts) if mta_sts in list(MtaStsMode) else None,
        tls_rpt=request.POST.get("tls_rpt") == "1",
        caa=_lines(request, "caa"),
    )
    return dns_policy.set_dns_policy(office(), actor, domain, wish)


def _lines(request: HttpRequest, field: str) -> tuple[str, ...]:
    text = request.POST.get(field, "")[:20_000]
    return tuple(line.strip() for line in text.splitlines() if line.strip())[:MOST_LINES]


def _rotate(_request: HttpRequest, actor: Actor, domain: str) -> Asked:
    return dkim.rotate_keys(office(), actor, domain)


_FORMS: Mapping[str, Callable[[HttpRequest, Actor, str], Asked]] = {
    "publish": _publish,
    "home": _home,
    "policy": _policy,
    "rotate": _rotate,
}
