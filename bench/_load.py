"""Filling a host with many domains: rows in one transaction, then tables and directory by the functions that ``up`` uses
after a restore. Zones and discovery files are left out: no door looks at them."""

import multiprocessing
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from _certificates import Ca, Issued
from _host import undurable
from django.db import transaction

from mailward.bootstrap import Mailward
from mailward.host.seals import Sealer
from mailward.model.certificates import Source
from mailward.steward import birth
from mailward.store.models import Customer, Domain, Lineage, Version

CUSTOMERS = 100


@dataclass(frozen=True)
class Held:
    """A domain that was filled in, and the leaf that its doors must show."""

    domain: str
    sha256: str


@dataclass(frozen=True)
class Seconds:
    """How long each part of filling took."""

    certificates: float
    rows: float
    tables: float
    directory: float


def name(number: int) -> str:
    return f"d{number:06}.bench.test"


def load(mailward: Mailward, ca: Ca, first: int, last: int) -> tuple[list[Held], Seconds]:
    """Domains ``first`` to ``last`` - 1, each with its own wildcard on every door."""
    began = time.monotonic()
    made = list(_certificates(ca, (mailward.layout.secrets / "steward.pub").read_bytes(), range(first, last)))
    certificates = time.monotonic()
    _rows(ca, made)
    rows = time.monotonic()
    fast = undurable(mailward)
    birth.put_tables_right(fast.host)
    tables = time.monotonic()
    birth.put_directory_right(fast.host)
    directory = time.monotonic()
    held = [Held(issued.names[0], issued.sha256) for issued, _ in made]
    return held, Seconds(certificates - began, rows - certificates, tables - rows, directory - tables)


_CA: Ca | None = None
_SEALER: Sealer | None = None


def _certificates(ca: Ca, public: bytes, numbers: range) -> Iterator[tuple[Issued, bytes]]:
    """Each with its key sealed, by as many processes as there are processors."""
    with multiprocessing.get_context("fork").Pool(initializer=_begin, initargs=(ca, public)) as pool:
        yield from pool.imap(_one, numbers, chunksize=100)


def _begin(ca: Ca, public: bytes) -> None:
    global _CA, _SEALER
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _CA, _SEALER = ca, Sealer(public)


def _one(number: int) -> tuple[Issued, bytes]:
    assert _CA is not None and _SEALER is not None
    issued = _CA.wildcard(name(number))
    return issued, _SEALER.seal(issued.key_pem)


@transaction.atomic
def _rows(ca: Ca, made: Sequence[tuple[Issued, bytes]]) -> None:
    """SQLite looks at foreign keys at the end of the transaction, so domains and lineages may name each other at once."""
    customers = [Customer.objects.get_or_create(name=f"bench {n}")[0] for n in range(CUSTOMERS)]
    domains = [
        Domain(
            name=issued.names[0],
            customer=customers[number % CUSTOMERS],
            webmail_lineage_id=_lineage(issued),
            mail_lineage_id=_lineage(issued),
        )
        for number, (issued, _) in enumerate(made)
    ]
    Domain.objects.bulk_create(domains, batch_size=500)
    Lineage.objects.bulk_create(
        [
            Lineage(
                id=_lineage(issued), domain=domain, source=Source.UPLOAD.value, names=list(issued.names), current=1,
            )
            for domain, (issued, _) in zip(domains, made, strict=True)
        ],
        batch_size=500,
    )  # fmt: skip
    issuer = ca.issuer.rfc4514_string()
    Version.objects.bulk_create(
        [
            Version(
                lineage_id=_lineage(issued), number=1, chain_pem=issued.chain_pem, sealed_key=sealed,
                sha256=issued.sha256, names=list(issued.names), issuer=issuer,
                not_before=issued.not_before, not_after=issued.not_after,
            )
            for issued, sealed in made
        ],
        batch_size=500,
    )  # fmt: skip


def _lineage(issued: Issued) -> str:
    return f"{issued.names[0]}-upload"
