"""What somebody may do at one place: which buttons a page offers. The actions behind the buttons ask again."""

from mailward.actions.office import Office
from mailward.actions.permission import place_of
from mailward.model.findings import SERVER
from mailward.model.people import Actor
from mailward.model.rights import HOST, Act, Place
from mailward.store.models import Domain


def rights_at(office: Office, actor: Actor, scope: str, mailbox: str | None = None) -> frozenset[Act]:
    """The acts that are allowed at a domain (or "server"), or at a mailbox of it. Of what isn't held here: none at all, as
    of what is out of reach."""
    if scope == SERVER:
        return frozenset(act for act in Act if actor.may(act, HOST))
    domain = Domain.objects.select_related("customer").filter(name=scope).first()
    if domain is None:
        return frozenset()
    place = place_of(domain)
    if mailbox is not None:
        place = Place(place.customer, place.domain, mailbox)
    return frozenset(act for act in Act if actor.may(act, place))
