"""Who may hold which name: proofs of control, the deny list, partners' names, and the look-alikes that were seen."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Query, Router
from pydantic import Field, StringConstraints

from mailward.actions import control, name_lists
from mailward.actions.refused_names import Doubt as DoubtRow
from mailward.api.asked import Started, at, started
from mailward.api.paging import Search, list_of, listed
from mailward.api.shapes import LARGEST, shape_of
from mailward.api.wishes import Name, Wish
from mailward.model.names import Control as ControlValue

router = Router()
control_router = Router()
Control = shape_of(ControlValue, "Control", also=("is_proven",))
Pattern = shape_of(name_lists.PatternRow, "NamePattern")
Partner = shape_of(name_lists.PartnerRow, "PartnerName")
Watched = shape_of(name_lists.WatchedRow, "LookAlike")
Watch = shape_of(name_lists.WatchState, "NameWatch")
Doubt = shape_of(DoubtRow, "Doubt", without=("told", "of_others"))
Doubts = list[Doubt]  # type: ignore[valid-type]
Note = Annotated[str, StringConstraints(max_length=200)]
Number = Annotated[int, Path(ge=1, le=LARGEST, description="The look-alike's number")]


class WatchedSearch(Search):
    """Which look-alikes are wanted."""

    known: bool | None = Field(None, description="false: only those that nobody has looked at")


class NewPattern(Wish):
    """A pattern of names."""

    pattern: Name = Field(description="A word, letters with *, or a whole domain", examples=["*paypal*"])
    allowed: bool = Field(False, description="Host such names, whatever else matches them")
    reason: Note = Field("", description="Why", examples=["often abused"])


class NewPartner(Wish):
    """A name to guard."""

    name: Name = Field(description="The name", examples=["mybank.example"])
    note: Note = Field("", description="Whose it is", examples=["our bank"])


class Known(Wish):
    """What somebody found out about a look-alike."""

    known: bool = Field(True, description="It was looked at, and is no danger")


@control_router.get("/domains/{domain}/control", response=Control, summary="Show the proof of control")
def show_control(request: HttpRequest, domain: str) -> Any:
    """Whether control of the domain is shown, and the record that shows it."""
    return control.show_control(*at(request), domain)


@control_router.post("/domains/{domain}/control", response={202: Started}, summary="Look for the proof now")
def request_control(request: HttpRequest, domain: str) -> Any:
    """Ask all name servers of the domain. Its mail is taken when they show the record."""
    return started(request, control.request_control(*at(request), domain))


@control_router.post("/domains/{domain}/control/vouch", response={202: Started}, summary="Vouch for a domain")
def vouch(request: HttpRequest, domain: str) -> Any:
    """The provider's word: the domain counts as proven."""
    return started(request, control.vouch(*at(request), domain))


@router.get("/names/patterns", response=list_of(Pattern), summary="List patterns of names")
def list_patterns(request: HttpRequest, page: Query[Search]) -> Any:
    """Names that aren't hosted for customers, and those that are all the same."""
    found = name_lists.list_patterns(*at(request), search=page.search, offset=page.offset, limit=page.limit)
    return listed(request, found, page)


@router.post("/names/patterns", response={201: Pattern}, summary="Deny or allow names")
def put_pattern(request: HttpRequest, wish: NewPattern) -> Any:
    """Domains that are held already stay."""
    if wish.allowed:
        return name_lists.allow(*at(request), wish.pattern, wish.reason)
    return name_lists.deny(*at(request), wish.pattern, wish.reason)


@router.delete("/names/patterns/{pattern}", response={204: None}, summary="Forget a pattern")
def forget_pattern(request: HttpRequest, pattern: str) -> None:
    """One of the provider's own; what is shipped counts again."""
    name_lists.forget_pattern(*at(request), pattern)


@router.get("/names/partners", response=list_of(Partner), summary="List partners' names")
def list_partners(request: HttpRequest, page: Query[Search]) -> Any:
    """Names that are hosted elsewhere, and guarded here."""
    return listed(
        request, name_lists.list_partners(*at(request), search=page.search, offset=page.offset, limit=page.limit), page
    )


@router.post("/names/partners", response={201: Partner}, summary="Guard a partner's name")
def add_partner(request: HttpRequest, wish: NewPartner) -> Any:
    """Neither it nor its look-alikes are hosted for customers, and its look-alikes are watched for."""
    return name_lists.add_partner(*at(request), wish.name, wish.note)


@router.delete("/names/partners/{partner}", response={204: None}, summary="Guard a partner's name no more")
def remove_partner(request: HttpRequest, partner: str) -> None:
    """What was seen of its look-alikes is forgotten."""
    name_lists.remove_partner(*at(request), partner)


@router.get("/names/watched", response=list_of(Watched), summary="List registered look-alikes")
def list_watched(request: HttpRequest, page: Query[WatchedSearch]) -> Any:
    """Of hosted and partners' names; those that nobody has looked at first."""
    found = name_lists.list_watched(
        *at(request), search=page.search, known=page.known, offset=page.offset, limit=page.limit
    )
    return listed(request, found, page)


@router.get("/names/watch", response=Watch, summary="Show how far the watch is")
def watch_state(request: HttpRequest) -> Any:
    """The steward asks DNS for look-alikes, slowly, round and round."""
    return name_lists.watch_state(*at(request))


@router.post("/names/watched/{number}", response=Watched, summary="Say that a look-alike is known")
def mark_known(request: HttpRequest, number: Number, wish: Known) -> Any:
    """Somebody looked at it."""
    return name_lists.mark_known(*at(request), number, known=wish.known)


@router.get("/names/doubts", response=Doubts, summary="Try a name")
def try_name(
    request: HttpRequest, name: Annotated[str, Query(min_length=1, max_length=253, description="The name")]
) -> Any:
    """What speaks against hosting it, without adding anything."""
    return list(control.try_name(*at(request), name))
