"""The list of certificates: names, issuer, source, end, where each is shown, and whether it was seen there."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailward.actions.certificate_states import (
    SPOKEN_CERTIFICATE_STATES,
    CertificateState,
    Seen,
    find_certificates,
    seen,
    state_of,
)
from mailward.actions.domains import list_domains
from mailward.actions.rows import CertificateRow
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import NOTHING, Sentence
from mailward.panel.certificates.words import LOOKS, MEANINGS, SOURCES, Place, places, scope_title
from mailward.panel.signed_in import PER_PAGE, needing, page_of, searched, signed_in, wanted_page
from mailward.web.office import office


@dataclass(frozen=True)
class Shown:
    """A certificate as a line of the list and as the head of its own page."""

    row: CertificateRow
    state: CertificateState
    looks: str
    says: Sentence
    means: Sentence
    source: Sentence
    scope: Sentence | str
    places: tuple[Place, ...]
    seen: Seen | None

    @property
    def is_seen(self) -> bool:
        return self.seen is not None


def shown(row: CertificateRow, met: Seen | None) -> Shown:
    """Green is only what was really met at a door, and is well in every other way."""
    state = state_of(row, office().clock.now())
    is_well = state is CertificateState.VALID and met is not None
    return Shown(
        row=row,
        state=state,
        looks="pass" if is_well else LOOKS[state],
        says=Sentence("valid, seen at the doors") if is_well else SPOKEN_CERTIFICATE_STATES[state],
        means=MEANINGS.get(state, NOTHING),
        source=SOURCES[row.source],
        scope=scope_title(row.domain),
        places=places(row),
        seen=met,
    )


@require_safe
@signed_in
def certificates(request: HttpRequest, actor: Actor) -> HttpResponse:
    """GET /certificates/"""
    wanted, search = request.GET.get("state", ""), searched(request)
    state = CertificateState(wanted) if wanted in list(CertificateState) else None
    number = wanted_page(request)
    sort = request.GET.get("sort", "domain")
    found = find_certificates(
        office(), actor, search=search, state=state, sort=sort, offset=(number - 1) * PER_PAGE, limit=PER_PAGE
    )
    met = seen(office(), actor, found.rows)
    context = {
        "rows": [shown(row, met.get(row.sha256) or met.get(row.companion_sha256)) for row in found.rows],
        "page": page_of(number, found.total),
        "search": search,
        "state": state,
        "states": [(one, SPOKEN_CERTIFICATE_STATES[one]) for one in reversed(CertificateState)],
        "sort": sort,
        "may_get": actor.may_somewhere(Act.CERTIFICATES_CHANGE),
    }
    return render(request, "panel/certificates/list.html", context)


@require_safe
@signed_in
@needing(Act.CERTIFICATES_CHANGE)
def where(request: HttpRequest, actor: Actor) -> HttpResponse:
    """GET /certificates/new/: for which domain? Straight on where there is only one."""
    search, number = searched(request), wanted_page(request)
    found = list_domains(office(), actor, search=search, offset=(number - 1) * PER_PAGE, limit=PER_PAGE)
    context = {
        "rows": found.rows,
        "page": page_of(number, found.total),
        "search": search,
        "may_server": actor.may(Act.SERVER_CHANGE),
    }
    return render(request, "panel/certificates/where.html", context)
