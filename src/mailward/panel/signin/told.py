"""What is written down of signing in: who, from where, with what. Never what was typed."""

from django.http import HttpRequest

from mailward.actions.people_reach import customer_of
from mailward.model.people import Actor
from mailward.store import records
from mailward.store.models import Account
from mailward.web.asking import came_from
from mailward.web.office import office

UNKNOWN = "unknown"


def signed_in(request: HttpRequest, account: Account) -> None:
    tell(request, account, "signed-in")


def failed(request: HttpRequest, account: Account | None, step: str) -> None:
    """``account``: the one that exists under the address that was typed. What else was typed may be a password in the
    wrong field, and is not kept."""
    actor = Actor(account.email if account else UNKNOWN, (), account.pk if account else None, came_from(request))
    customer = customer_of(account) if account else ""
    records.tell(actor, "sign-in-failed", actor.name, office().clock.now(), customer=customer, step=step)


def tell(request: HttpRequest, account: Account, what: str, **detail: str) -> None:
    actor = Actor(account.email, (), account.pk, came_from(request))
    records.tell(actor, what, account.email, office().clock.now(), customer=customer_of(account), **detail)
