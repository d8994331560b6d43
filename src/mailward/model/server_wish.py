"""What a person may change of ``mailward.toml`` from the panel. None: as it is.

Host name, addresses, internal ports and files are left out on purpose: they are decided where the machine is.
"""

import re
from dataclasses import dataclass

from mailward.model.doors import Door
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence
from mailward.model.settings import KNOWN_CAS, KeyType, Settings, TlsProfile


@dataclass(frozen=True)
class ServerWish:
    """``open_doors``: which of those that may be closed are open. ``cas``: names, the one that is asked first in front;
    of those that are set up, or that Mailward knows. ``contact``: an address for new CAs; "" for none."""

    open_doors: tuple[Door, ...] | None = None
    tls_profile: TlsProfile | None = None
    key_type: KeyType | None = None
    cas: tuple[str, ...] | None = None
    contact: str | None = None


def refuse_unfit(settings: Settings, wish: ServerWish) -> None:
    """Raises BadInput that names the field of what these settings can't become. Asked where the wish is made, and again
    by the steward, who takes it out of a store that others can write."""
    fixed = [door for door in wish.open_doors or () if door.kind.always_open]
    if fixed:
        raise BadInput("open_doors", Sentence("{door} is always open", door=fixed[0].value), code="always-open")
    if wish.key_type is KeyType.BOTH and not settings.rsa:
        said = Sentence("two kinds of keys are shown only by doors that look for both")
        raise BadInput("key_type", said, Sentence("Set rsa = true in mailward.toml first."), code="needs-rsa")
    if wish.cas is not None or wish.contact is not None:
        _refuse_cas(settings, wish.cas if wish.cas is not None else tuple(ca.name for ca in settings.cas))
    if wish.contact and not re.fullmatch(r"[^\s@\"\\<>]{1,64}@[A-Za-z0-9.-]{1,253}", wish.contact):
        said = Sentence("{address} is no mail address", address=wish.contact)
        raise BadInput("contact", said, Sentence("Give one that somebody reads, or none."), code="bad-address")


def _refuse_cas(settings: Settings, names: tuple[str, ...]) -> None:
    known = {*KNOWN_CAS, *(ca.name for ca in settings.cas)}
    for number, name in enumerate(names):
        if name not in known:
            said = Sentence("there is no CA {name}", name=name)
            remedy = Sentence("Known are: {names}.", names=", ".join(sorted(known)))
            raise BadInput("cas", said, remedy, code="no-such-ca")
        if name in names[:number]:
            raise BadInput("cas", Sentence("{name} is named twice", name=name), code="named-twice")
    if not names:
        said = Sentence("without a CA no certificate could be had or renewed")
        raise BadInput("cas", said, Sentence("Keep at least one."), code="no-ca")
