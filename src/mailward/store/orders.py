"""Where ACME orders and accounts are kept: rows to and from the records of ``certificates``. Each save is one
transaction, done before the next step is taken."""

from datetime import datetime

from mailward.certificates.accounts import Account
from mailward.certificates.records import Failure, Journal, OrderRecord, OrderState
from mailward.store.models import AcmeAccount, Order


class StoreJournal:
    """certificates.records.OrderJournal over the table of orders."""

    def save(self, record: OrderRecord) -> None:
        Order.objects.filter(pk=record.id).update(
            ca=record.ca,
            state=record.state.value,
            names=list(record.names),
            journal=record.journal.to_json(),
            sealed_key=record.sealed_key,
            csr_pem=record.csr_pem,
            error=record.failure.to_json() if record.failure else None,
            updated_at=record.updated_at,
            finished_at=record.finished_at,
        )

    def knows(self, ca: str, order_url: str) -> bool:
        return Order.objects.filter(ca=ca, journal__order_url=order_url).exists()


class StoreAccounts:
    """certificates.accounts.AccountBook over the table of accounts."""

    def load(self, ca: str) -> Account | None:
        row = AcmeAccount.objects.filter(ca=ca).first()
        return Account(row.ca, row.directory, row.uri, bytes(row.sealed_key)) if row else None

    def save(self, account: Account) -> None:
        values = {"directory": account.directory, "uri": account.uri, "sealed_key": account.sealed_key}
        AcmeAccount.objects.update_or_create(ca=account.ca, defaults=values)


def new_order_row(lineage: str, ca: str, now: datetime) -> int:
    """A row for an order that is about to be planned: its number."""
    row = Order.objects.create(lineage_id=lineage, ca=ca, state=OrderState.PLANNED.value, created_at=now, updated_at=now)
    return row.pk


def unfinished_order(lineage: str) -> OrderRecord | None:
    """The lineage's order that a killed steward left, if there is one."""
    row = Order.objects.filter(lineage_id=lineage, finished_at=None).order_by("id").first()
    return record_of(row) if row else None


def with_leftovers() -> list[OrderRecord]:
    """Ended orders of which something is still published."""
    ended = Order.objects.exclude(finished_at=None).exclude(journal__proofs=[], journal__leftovers=[]).order_by("-id")[:100]
    return [record for record in map(record_of, ended) if record.has_leftovers]


def order_record(number: int) -> OrderRecord | None:
    row = Order.objects.filter(pk=number).first()
    return record_of(row) if row else None


def record_of(row: Order) -> OrderRecord:
    return OrderRecord(
        id=row.pk,
        lineage=row.lineage_id,
        ca=row.ca,
        state=OrderState(row.state),
        names=tuple(row.names),
        journal=Journal.from_json(row.journal),
        created_at=row.created_at,
        updated_at=row.updated_at,
        sealed_key=bytes(row.sealed_key) if row.sealed_key else None,
        csr_pem=bytes(row.csr_pem) if row.csr_pem else None,
        failure=Failure.from_json(row.error) if row.error else None,
        finished_at=row.finished_at,
    )
