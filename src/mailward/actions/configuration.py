"""Asking for the configuration to be applied, or for an earlier generation to come back."""

from django.db import transaction

from mailward.actions import permission
from mailward.actions.office import Asked, Office
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.runs import RunKind
from mailward.store import records


@transaction.atomic
def apply(office: Office, actor: Actor) -> Asked:
    """Bring the host to what is declared. When nothing differs, nothing is touched."""
    permission.require(actor, Act.RUNS_APPLY)
    now = office.clock.now()
    records.tell(actor, "configuration.asked", "host", now)
    return Asked(records.ask(RunKind.CONFIGURATION, "host", {}, actor, now).pk)


@transaction.atomic
def rollback(office: Office, actor: Actor, to: int | None = None) -> Asked:
    """Apply an earlier generation (None: the one before the current one). Certificates and mailboxes stay as they are.

    Who asks in a browser has no editor for mailward.toml, so it follows; at the command line it stays as it was written.
    """
    permission.require(actor, Act.RUNS_ROLLBACK)
    now = office.clock.now()
    records.tell(actor, "rollback.asked", "host", now, to=to)
    return Asked(records.ask(RunKind.ROLLBACK, "host", {"to": to, "file": actor.account is not None}, actor, now).pk)
