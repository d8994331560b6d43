"""What the CA's limits leave for the coming weeks, from what was ordered and what is due."""

from mailward.actions import permission
from mailward.actions.office import Office
from mailward.certificates.budget import Forecast, Issuance, forecast
from mailward.certificates.records import OrderState
from mailward.model.certificates import Source
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.settings import KeyType
from mailward.store.models import Lineage, Order


def budget(office: Office, actor: Actor) -> tuple[Forecast, ...]:
    """The forecast by Let's Encrypt's published limits, the fullest first. Renewals say by ARI what they replace."""
    permission.require(actor, Act.SERVER_READ)
    orders = Order.objects.exclude(state=OrderState.PLANNED.value)
    made = [
        Issuance(
            order.created_at,
            tuple(order.names),
            ari=bool(order.journal.get("replaces")),
            failed=(order.error or {}).get("code") == "domain-refused",
        )
        for order in orders
    ]
    due = Lineage.objects.filter(source=Source.ACME, revoked_at=None).exclude(renew_at=None)
    planned = [
        Issuance(one.renew_at, tuple(one.names), ari=True)
        for one in due
        if one.renew_at is not None
        for _order in range(2 if one.key_type == KeyType.BOTH else 1)
    ]
    return forecast(made, planned, office.clock.now())
