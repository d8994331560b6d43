"""The keys that a domain's mail is signed with: which there are and what they do, and new ones before their time.

No private key comes here: the steward makes them, and the store holds them sealed to it.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from mailward.actions import permission
from mailward.actions.office import Asked, Office
from mailward.model.dns import DkimAlgorithm, DkimState
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.runs import RunKind
from mailward.model.sentence import Sentence
from mailward.store import dkim, records
from mailward.store.dns import Zones


@dataclass(frozen=True)
class DkimKeyRow:
    """One key. ``name`` is where its record stands, ``record`` what it says."""

    selector: str
    algorithm: DkimAlgorithm
    state: DkimState
    says: Sentence
    name: str
    record: str
    made_at: datetime
    changed_at: datetime  # since when it is in this state


def show_keys(office: Office, actor: Actor, domain: str) -> tuple[DkimKeyRow, ...]:
    """The domain's keys, those that sign first; those that are gone are left out."""
    held = permission.domain_for(actor, Act.DNS_READ, domain)
    keys = [key for key in dkim.keys(held.name) if key.state is not DkimState.GONE]
    return tuple(
        DkimKeyRow(
            key.selector,
            key.algorithm,
            key.state,
            SPOKEN_STATES[key.state],
            f"{key.selector}._domainkey.{held.name}",
            key.record,
            key.made_at,
            key.changed_at,
        )
        for key in sorted(keys, key=lambda key: (key.state is not DkimState.SIGNING, key.made_at, key.selector))
    )


@transaction.atomic
def rotate_keys(office: Office, actor: Actor, domain: str) -> Asked:
    """New keys now. They sign when every name server shows them; those before them stay published until their mail has
    arrived. Where new ones are on their way already, these are the ones."""
    held = permission.domain_for(actor, Act.DNS_CHANGE, domain)
    now = office.clock.now()
    zone = Zones(office.settings).of(held.name).zone
    run = records.ask(RunKind.DNS, zone, {"rotate": [held.name]}, actor, now, domain=held.name)
    records.tell(actor, "dkim.rotated", held.name, now, domain=held.name, customer=held.customer.name)
    return Asked(run.pk)


SPOKEN_STATES = {
    DkimState.MADE: Sentence("waits until all name servers show it"),
    DkimState.PUBLISHED: Sentence("is published, and signs soon"),
    DkimState.SIGNING: Sentence("signs"),
    DkimState.RETIRING: Sentence("signs no more; stays published until its mail has arrived"),
    DkimState.GONE: Sentence("is gone"),
}
