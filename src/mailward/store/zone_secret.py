"""What is sealed of the secret with which a zone is changed at a provider: bound to the zone and to where it is sent.

The steward sends this secret out. Whoever can only write the store must not have it sent elsewhere (to a server of theirs
in ``Zone.options``), nor have another sealed secret sent in its stead (a private key, a mailbox's password): neither can
be opened or made by them, so what is sealed says what it is for.
"""

import json
from collections.abc import Mapping

from mailward.model.errors import NotPossible
from mailward.model.sentence import Sentence
from mailward.publishing.wanted import lies_in
from mailward.store.dns import Home
from mailward.store.models import Domain, Zone

FOR = "mailward-zone-secret-1"


def bound(zone: str, provider: str, options: Mapping[str, str], secret: str) -> bytes:
    """What is to be sealed."""
    return json.dumps({"for": FOR, **_place(zone, provider, options), "secret": secret}, sort_keys=True).encode()


def opened(content: bytes, home: Home) -> bytes:
    """The secret out of what was unsealed. Raises NotPossible (secret-of-another) for what is for something else."""
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        said = None
    place = _place(home.zone, home.provider, dict(home.options))
    if not isinstance(said, dict) or not isinstance(said.get("secret"), str) or said != {
        "for": FOR, **place, "secret": said["secret"]
    }:  # fmt: skip
        what = Sentence(
            "The secret that is kept for the zone {zone} was given for another place, so it is not sent", zone=home.zone
        )
        remedy = Sentence("Say again where the zone lives, with the secret.")
        raise NotPossible(what, remedy, code="secret-of-another")
    secret: str = said["secret"]
    return secret.encode()


def forget_home(zone: str, hostname: str) -> None:
    """Where the zone of a domain lived that was held here before, with the secret for it: who holds the name now never
    said so. What is there for names below it stays."""
    below = Domain.objects.filter(name__endswith=f".{zone}")
    if not lies_in(hostname, zone) and not below.exists():
        Zone.objects.filter(name=zone).delete()


def _place(zone: str, provider: str, options: Mapping[str, str]) -> dict[str, object]:
    return {"zone": zone, "provider": provider, "options": {str(key): str(value) for key, value in options.items()}}
