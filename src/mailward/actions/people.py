"""People of the panel: who they are and what they are granted."""

from mailward.actions.office import Office
from mailward.model.people import Actor
from mailward.model.rights import Grant, PersonRole
from mailward.store.models import Account, RoleGrant


def actor_of(office: Office, account_id: int, came_from: str, *, is_fresh: bool) -> Actor | None:
    """The account as one who acts, with its own grants and its groups'. None when it is closed or gone."""
    account = Account.objects.filter(pk=account_id, is_active=True).first()
    if account is None:
        return None
    rows = RoleGrant.objects.filter(account=account) | RoleGrant.objects.filter(group__members=account)
    grants = (_grant(row) for row in rows.select_related("customer", "domain", "mailbox__domain").distinct())
    return Actor(account.email, tuple(dict.fromkeys(grants)), account.pk, came_from, is_fresh=is_fresh)


def _grant(row: RoleGrant) -> Grant:
    return Grant(
        PersonRole(row.role),
        row.customer.name if row.customer else None,
        row.domain.name if row.domain else None,
        row.mailbox.address if row.mailbox else None,
    )
