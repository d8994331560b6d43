"""What an order needs of the world, in one value: handed in, never fetched."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from mailward.certificates.accounts import Accounts
from mailward.certificates.records import OrderJournal, OrderRecord
from mailward.certificates.solvers import Solver
from mailward.model.certificates import Challenge, KeyedChain
from mailward.model.outside import Clock, Seal, Unseal


@dataclass(frozen=True)
class Limits:
    """Seconds, unless said otherwise. ``slice``: how long one step may wait before it lets others have its thread."""

    visible: float = 120.0
    validation: float = 120.0
    issuance: float = 120.0
    total: float = 600.0
    slice: float = 1.0
    troubles: int = 4  # passing troubles in a row before an order is given up (or the next CA is asked)
    first_pause: float = 0.5
    cleanings: int = 2
    restarts: int = 2


@dataclass(frozen=True)
class OrderOutside:
    """``deliver`` takes the certificate over; being given the same one twice (after a crash) must do no harm.

    ``mishap`` is told of a fault of ours (for the log), before the order is ended with the code ``internal``.
    ``key_ahead`` gives the private key (PEM) that was made for this order before it; None: a new one is made.
    ``process`` is made new for each process: whoever finds another's mark knows that there was a crash in between.
    """

    journal: OrderJournal
    accounts: Accounts
    solvers: Mapping[Challenge, Solver]
    clock: Clock
    seal: Seal
    unseal: Unseal
    deliver: Callable[[OrderRecord, KeyedChain], None]
    mishap: Callable[[OrderRecord, Exception], None] = lambda _record, _trouble: None
    key_ahead: Callable[[OrderRecord], bytes | None] = lambda _record: None
    limits: Limits = Limits()
    process: str = field(default_factory=lambda: uuid4().hex)
