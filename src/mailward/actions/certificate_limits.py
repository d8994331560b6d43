"""What a certificate authority's limits leave for one domain, before an order is placed: by Let's Encrypt's limits."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q

from mailward.actions import permission
from mailward.actions.office import Office
from mailward.certificates.budget import LETS_ENCRYPT, Forecast, Issuance, Per, forecast
from mailward.certificates.records import OrderState
from mailward.certificates.selection import belongs
from mailward.certificates.suffixes import SHORT_LIST
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.store.models import Order

_LONGEST = max(limit.window for limit in LETS_ENCRYPT)
_KNOWN_FOR = timedelta(days=100)  # longer ago, a certificate for the same names has ended: a new one counts as new
_MOST = 2000


@dataclass(frozen=True)
class LimitLeft:
    """``left`` of ``most`` certificates (orders, failed tries) within ``window``, counted for ``subject``."""

    code: str
    subject: str
    left: int
    most: int
    window: timedelta

    @property
    def is_used_up(self) -> bool:
        return self.left == 0


def limits_left(office: Office, actor: Actor, scope: str) -> tuple[LimitLeft, ...]:
    """The limits of which something was used for this domain (or "server"), the scarcest first."""
    domain = permission.scope_for(actor, Act.CERTIFICATES_READ, scope)
    name = domain.name if domain is not None else office.settings.hostname
    registered = SHORT_LIST.registered(name)
    now = office.clock.now()
    owner = Q(lineage__domain=None) if domain is None else Q()
    same = Q(lineage__domain__name=registered) | Q(lineage__domain__name__endswith=f".{registered}") | owner
    orders = (
        Order.objects.filter(same if domain is not None else owner, created_at__gt=now - _KNOWN_FOR)
        .exclude(state=OrderState.PLANNED.value)
        .order_by("-id")
        .only("created_at", "names", "journal", "error")[:_MOST]
    )
    made = [
        Issuance(
            order.created_at,
            tuple(order.names),
            ari=bool(order.journal.get("replaces")),
            failed=(order.error or {}).get("code") == "domain-refused",
        )
        for order in orders
    ]
    found = [one for one in forecast(made, (), now, weeks=1) if one.used and _is_own(one, name)]
    shown = (LimitLeft(one.limit.code, one.subject, one.left, one.limit.most, one.limit.window) for one in found)
    return tuple(sorted(shown, key=lambda one: one.left / one.most))


def _is_own(one: Forecast, name: str) -> bool:
    """The registered domain is shared, and may be counted; which names others ordered below it is theirs to know."""
    if one.limit.per is Per.REGISTERED_DOMAIN:
        return True
    return one.limit.per is not Per.ACCOUNT and all(belongs(part, name) for part in one.subject.split())
