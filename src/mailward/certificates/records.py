"""What is remembered of an ACME order, so that a killed steward goes on where it was. Plain values, plain JSON.

No key and no password in the journal: the private key stands beside it, sealed.
"""

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from mailward.model.certificates import Challenge
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.settings import KeyType


class OrderState(StrEnum):
    """How far an order has come: each word says what is already done and saved. DONE and FAILED are ends.

    ORDERING and PRESENTING are intentions, saved before the world is changed, so that a crash can be made good.
    """

    PLANNED = "planned"
    KEYED = "keyed"  # the private key and the request are made
    ORDERING = "ordering"  # the account is known; newOrder is about to be asked, or may have been
    ORDERED = "ordered"
    PRESENTING = "presenting"  # what will be published is written down
    PRESENTED = "presented"
    VISIBLE = "visible"
    ANSWERED = "answered"  # the CA was told to look
    READY = "ready"  # the CA has seen every name
    FINALIZING = "finalizing"
    ISSUED = "issued"
    STORED = "stored"  # handed over; what was published is still to be taken away
    FAILING = "failing"  # the same after a failure
    DONE = "done"
    FAILED = "failed"

    @property
    def is_end(self) -> bool:
        return self in (OrderState.DONE, OrderState.FAILED)


@dataclass(frozen=True)
class Failure:
    """Why an order failed. ``code`` is one of ``troubles.CODES``; ``retry_at`` is when the next one may be made."""

    code: str
    sentence: Sentence
    remedy: Sentence = NOTHING
    retry_at: datetime | None = None
    names: tuple[str, ...] = ()  # the names it is about; (): all, or none in particular

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "sentence": self.sentence.to_json(),
            "remedy": self.remedy.to_json(),
            "retry_at": self.retry_at.isoformat() if self.retry_at else None,
            "names": list(self.names),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Failure":
        return cls(
            code=data["code"],
            sentence=Sentence.from_json(data["sentence"]),
            remedy=Sentence.from_json(data["remedy"]),
            retry_at=_moment(data.get("retry_at")),
            names=tuple(data.get("names", ())),
        )


@dataclass(frozen=True)
class Proof:
    """What shows control of one name: a value published at a place (a TXT name, or a file's name)."""

    name: str  # as it is ordered: ``*.a.test`` for the wildcard
    authorization: str
    challenge: str  # its URL
    place: str
    value: str
    zone: str = ""


@dataclass(frozen=True)
class Journal:
    """What the state machine must remember beside the columns of its record. Only the defaults may ever be added to."""

    challenge: Challenge = Challenge.DNS_01
    key_type: KeyType = KeyType.P256
    companion_of: int | None = None  # the version whose second certificate this order gets
    cas: tuple[str, ...] = ()  # those that are left to try after the record's own
    profile: str = ""
    replaces: str = ""  # ARI identifier of the certificate that this one follows
    failures: int = 0  # of the lineage, before this order
    lifetime: float | None = None  # seconds, of the certificate it follows: short-lived ones are retried sooner
    asked_by: str = ""  # which process asked newOrder: another one must look first whether there is an order already
    order_url: str = ""
    authorizations: tuple[str, ...] = ()
    finalize_url: str = ""
    certificate_url: str = ""
    proofs: tuple[Proof, ...] = ()  # what is published, and is still to be taken away
    leftovers: tuple[Proof, ...] = ()  # published for an order that was given up, still to be taken away
    cleanings: int = 0  # tries to take them away
    waiting_since: datetime | None = None  # since when the present state waits for others (DNS, the CA)
    troubles: int = 0  # passing ones in a row
    restarts: int = 0  # new accounts or orders, because the CA knew the old ones no more
    not_before: datetime | None = None  # the next step waits until then
    chain_pem: str = ""
    refusals: tuple[str, ...] = ()  # what the CAs before this one said

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "cas": list(self.cas),
            "authorizations": list(self.authorizations),
            "proofs": [asdict(proof) for proof in self.proofs],
            "leftovers": [asdict(proof) for proof in self.leftovers],
            "not_before": self.not_before.isoformat() if self.not_before else None,
            "waiting_since": self.waiting_since.isoformat() if self.waiting_since else None,
            "refusals": list(self.refusals),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Journal":
        return cls(
            **{key: value for key, value in data.items() if key not in _SPECIAL and key in cls.__dataclass_fields__},
            challenge=Challenge(data.get("challenge", Challenge.DNS_01)),
            key_type=KeyType(data.get("key_type", KeyType.P256)),
            cas=tuple(data.get("cas", ())),
            authorizations=tuple(data.get("authorizations", ())),
            proofs=tuple(Proof(**proof) for proof in data.get("proofs", ())),
            leftovers=tuple(Proof(**proof) for proof in data.get("leftovers", ())),
            not_before=_moment(data.get("not_before")),
            waiting_since=_moment(data.get("waiting_since")),
            refusals=tuple(data.get("refusals", ())),
        )


_SPECIAL = (
    "challenge",
    "key_type",
    "cas",
    "authorizations",
    "proofs",
    "leftovers",
    "not_before",
    "waiting_since",
    "refusals",
)


@dataclass(frozen=True)
class OrderRecord:
    """One order, as it stands in the store. ``id`` is the row's number; ``ca`` the CA that is being asked now."""

    id: int
    lineage: str
    ca: str
    state: OrderState
    names: tuple[str, ...]
    journal: Journal
    created_at: datetime
    updated_at: datetime
    sealed_key: bytes | None = field(default=None, repr=False)
    csr_pem: bytes | None = field(default=None, repr=False)
    failure: Failure | None = None
    finished_at: datetime | None = None

    def to(self, state: OrderState, **journal: Any) -> "OrderRecord":
        """The record after a step that went well: in its new state, with the journal's changes, troubles forgotten."""
        changes = {"troubles": 0, "not_before": None, "waiting_since": None, **journal}
        return replace(self, state=state, journal=replace(self.journal, **changes))

    def anew(self, **journal: Any) -> "OrderRecord":
        """The record before its order was made, with the same key: the CA forgot the order, or another CA is asked."""
        gone: dict[str, Any] = {
            "order_url": "",
            "authorizations": (),
            "finalize_url": "",
            "certificate_url": "",
            "chain_pem": "",
        }
        kept = {"leftovers": self.journal.leftovers + self.journal.proofs, "proofs": (), "asked_by": ""}
        return self.to(OrderState.KEYED, **gone, **kept, **journal)

    @property
    def lifetime(self) -> timedelta | None:
        return None if self.journal.lifetime is None else timedelta(seconds=self.journal.lifetime)

    @property
    def has_leftovers(self) -> bool:
        """Something published for it could not be taken away: ``orders.clean_up_again`` tries once more."""
        return self.state.is_end and bool(self.journal.proofs or self.journal.leftovers)


class OrderJournal(Protocol):
    """Where records are kept. ``save`` has returned only when a crash can't take it back."""

    def save(self, record: OrderRecord) -> None: ...
    def knows(self, ca: str, order_url: str) -> bool:
        """Whether any record (of another order) has this URL: then it is not ours to adopt."""
        ...


def plan_order(
    id: int,  # noqa: A002 - the row's own word
    lineage: str,
    names: tuple[str, ...],
    cas: tuple[str, ...],
    now: datetime,
    *,
    challenge: Challenge = Challenge.DNS_01,
    key_type: KeyType = KeyType.P256,
    companion_of: int | None = None,
    profile: str = "",
    replaces: str = "",
    failures: int = 0,
    lifetime: timedelta | None = None,
) -> OrderRecord:
    """A new order, of which nothing is done yet. ``cas``: the names of the CAs to try, the first first."""
    journal = Journal(
        challenge=challenge,
        key_type=key_type,
        companion_of=companion_of,
        cas=cas[1:],
        profile=profile,
        replaces=replaces,
        failures=failures,
        lifetime=lifetime.total_seconds() if lifetime else None,
    )
    return OrderRecord(id, lineage, cas[0], OrderState.PLANNED, names, journal, now, now)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
