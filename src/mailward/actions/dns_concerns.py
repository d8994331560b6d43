"""What needs attention of what DNS says: domains whose six have a fault, and those of which nobody knows it."""

from datetime import datetime

from mailward.actions import permission
from mailward.actions.concerns import MOST, Concern, Kind
from mailward.model.checks import CHECKS_STALE_AFTER, SIX, CheckFinding
from mailward.model.findings import SERVER
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict
from mailward.store import values
from mailward.store.models import Check, DomainBoard


def of(actor: Actor, now: datetime) -> list[Concern]:
    """The faults one by one, at most MOST; what isn't known as one. A fixed number of questions to the store."""
    if not actor.may_somewhere(Act.DNS_READ):
        return []
    fresh = DomainBoard.objects.filter(checked_at__gte=now - CHECKS_STALE_AFTER)
    reach = permission.domains_in_reach(actor, Act.DNS_READ)
    names = [SERVER] if actor.may(Act.SERVER_READ) and fresh.filter(domain=SERVER, six=Verdict.FAIL).exists() else []
    failed = fresh.filter(six=Verdict.FAIL, domain__in=reach.values("name")).order_by("domain")
    names += failed.values_list("domain", flat=True)[:MOST]
    known = fresh.exclude(six=Verdict.UNKNOWN).values("domain")
    unknown = list(reach.exclude(name__in=known).order_by("name").values_list("name", flat=True)[:MOST])
    return _faults(names) + _unknown(unknown)


def _faults(names: list[str]) -> list[Concern]:
    rows = Check.objects.filter(domain__in=names, verdict=Verdict.FAIL, mechanism__in=SIX).order_by("-id")
    first = {row.domain: values.thaw(CheckFinding, row.found) for row in rows}
    return [
        Concern(
            Kind.DNS,
            Verdict.FAIL,
            name,
            name,
            _SERVER if name == SERVER else Sentence("DNS doesn't say what it must about {domain}", domain=name),
            first[name].reason,
            first[name].remedy,
        )
        for name in names
        if name in first
    ]


def _unknown(names: list[str]) -> list[Concern]:
    if not names:
        return []
    shown = ", ".join(names[:4]) + (" …" if names[4:] else "")
    said = Sentence("Not looked at within a day, or without an answer: {names}", names=shown)
    title = Sentence("Nobody knows what DNS says of some domains")
    return [Concern(Kind.DNS, Verdict.UNKNOWN, names[0] if len(names) == 1 else "", "", title, said)]


_SERVER = Sentence("DNS doesn't say what it must about the server itself")
