"""What a person may change of ``mailward.toml`` from the panel. None: as it is.

Host name, addresses, internal ports and files are left out on purpose: they are decided where the machine is.
"""

from dataclasses import dataclass

from mailward.model.doors import Door
from mailward.model.settings import KeyType, TlsProfile


@dataclass(frozen=True)
class ServerWish:
    """``open_doors``: which of those that may be closed are open. ``cas``: names, the one that is asked first in front;
    of those that are set up, or that Mailward knows. ``contact``: an address for new CAs; "" for none."""

    open_doors: tuple[Door, ...] | None = None
    tls_profile: TlsProfile | None = None
    key_type: KeyType | None = None
    cas: tuple[str, ...] | None = None
    contact: str | None = None
