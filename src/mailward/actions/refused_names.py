"""Names that aren't taken in: what belongs to others, what is meant to be taken for something else (rows B7 and B8).

Some are refused to everybody. Of the others, a provider is told what is doubtful and may say yes (``confirmed``); nobody
else is told whose name theirs resembles.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mailward.actions import name_lists
from mailward.actions.office import Office
from mailward.certificates.selection import belongs
from mailward.model.errors import BadInput, Forbidden
from mailward.model.people import Actor
from mailward.model.rights import HOST, Act
from mailward.model.sentence import Sentence
from mailward.model.settings import OWN_TOP_LEVEL
from mailward.standards.look_alikes import Guarded
from mailward.standards.name_patterns import first_match
from mailward.store import name_forms
from mailward.store.models import Domain, PartnerName

CONFIRMABLE = frozenset(
    {
        "under-another-customer",
        "above-another-customer",
        "public-suffix",
        "denied-name",
        "partner-name",
        "looks-like",
    }
)
"""What a provider is asked to confirm."""


@dataclass(frozen=True)
class Doubt:
    """Why a name isn't taken in without a provider's yes. ``told``: what others read; None: that they have no right.
    ``of_others``: no doubt when it is a provider who adds it."""

    code: str
    what: Sentence
    told: Sentence | None
    of_others: bool = False


def refuse(domain: str, owner: str, *, office: Office, actor: Actor, confirmed: bool) -> None:
    """Raises BadInput for what nobody can add, or Forbidden and BadInput for what only a provider can, who must confirm."""
    _refuse_taken(office, domain)
    provider = actor.may(Act.DOMAINS_ADD, HOST)
    if provider and confirmed:
        return
    found = (doubt for doubt in doubts(domain, owner, office) if not (provider and doubt.of_others))
    doubt = next(found, None)
    if doubt is None:
        return
    if provider:
        remedy = Sentence("If it is right all the same: mailward domain add {domain} --confirmed", domain=domain)
        raise BadInput("domain", doubt.what, remedy, code=doubt.code)
    if doubt.told is None:
        said = Sentence("{name} has no right to this ({act})", name=actor.name, act=Act.DOMAINS_ADD.value)
        raise Forbidden(said, Sentence("Ask your provider for a role that allows it."), code="forbidden")
    raise BadInput("domain", doubt.told, Sentence("Ask your provider, who can add it for you."), code=doubt.code)


def doubts(domain: str, owner: str, office: Office) -> Iterator[Doubt]:
    """Everything that speaks against it, the gravest first. ``owner``: whose it would be; "": nobody's yet."""
    yield from _about_places(office, domain, owner)
    yield from _about_lists(office, domain)
    yield from _about_look_alikes(office, domain, owner)


def _refuse_taken(office: Office, domain: str) -> None:
    remedy = Sentence("Mail domains need a name of their own.")
    if Domain.objects.filter(name=domain).exists():
        said = Sentence("{domain} is already held here", domain=domain)
        raise BadInput("domain", said, Sentence("See: mailward domain list"), code="already-held")
    if domain == office.settings.hostname:
        said = Sentence("{domain} is this server's own name", domain=domain)
        raise BadInput("domain", said, remedy, code="server-name")
    if domain.rsplit(".", maxsplit=1)[-1] == OWN_TOP_LEVEL:
        said = Sentence("{domain} ends in a name that Mailward keeps for itself", domain=domain)
        raise BadInput("domain", said, remedy, code="reserved")


def _about_places(office: Office, domain: str, owner: str) -> Iterator[Doubt]:
    """What lies under or above others' names. Whoever holds a domain gets certificates and DNS for everything below it."""
    labels = domain.split(".")
    parents = [".".join(labels[i:]) for i in range(1, len(labels))]
    for parent in Domain.objects.filter(name__in=parents).exclude(customer__name=owner).order_by("-name"):
        said = Sentence("{domain} lies under {parent}, which another customer holds", domain=domain, parent=parent.name)
        yield Doubt("under-another-customer", said, said)
    below = Domain.objects.filter(name__endswith=f".{domain}").exclude(customer__name=owner).order_by("name").first()
    if below is not None:
        said = Sentence("{domain} lies above {below}, which another customer holds", domain=domain, below=below.name)
        yield Doubt("above-another-customer", said, None)
    hostname = office.settings.hostname
    if belongs(hostname, domain):
        said = Sentence("{domain} lies above this server's own name", domain=domain)
        yield Doubt("above-the-server", said, None, of_others=True)
    elif belongs(domain, office.suffixes().registered(hostname)):
        said = Sentence("{domain} lies beside this server's own name", domain=domain)
        yield Doubt("beside-the-server", said, said, of_others=True)
    if office.suffixes().is_suffix(domain):
        said = Sentence("{domain} is an ending under which people register names, not a name of one's own", domain=domain)
        yield Doubt("public-suffix", said, said)


def _about_lists(office: Office, domain: str) -> Iterator[Doubt]:
    body = office.suffixes().body(domain)
    patterns = name_lists.patterns()
    if first_match(domain, body, patterns.allowed) is not None:
        return
    found = first_match(domain, body, patterns.denied)
    if found is not None:
        reason = name_lists.reason_of(found)
        said = Sentence(
            "{domain} is like names that are often abused ({pattern}: {reason})",
            domain=domain,
            pattern=found.text,
            reason=reason,
        )
        told = Sentence("{domain} is like names that are often abused", domain=domain)
        yield Doubt("denied-name", said, told)


def _about_look_alikes(office: Office, domain: str, owner: str) -> Iterator[Doubt]:
    """Partners' names and the server's own are guarded closely; hosted names against what is all but the same."""
    registered = office.suffixes().registered
    partners = list(PartnerName.objects.values_list("name", flat=True))
    partner = next((name for name in partners if belongs(domain, name) or belongs(name, domain)), None)
    if partner is not None:
        said = Sentence("{domain} belongs to the partner name {of}", domain=domain, of=partner)
        yield Doubt("partner-name", said, _resembles(domain))
    own = registered(office.settings.hostname)
    others = name_forms.near(domain, registered, without_customer=owner)
    for guarded, of_others in (
        (Guarded(partners, registered, closely=True), False),
        (Guarded(others, registered), False),
        (Guarded([own], registered, closely=True), True),  # a provider's own names resemble each other
    ):
        found = guarded.find(domain)
        if found is not None:
            said = Sentence("{domain} can be taken for {of}", domain=domain, of=found.of)
            yield Doubt("looks-like", said, _resembles(domain), of_others=of_others)


def _resembles(domain: str) -> Sentence:
    return Sentence("{domain} can be taken for a name that is guarded here", domain=domain)
