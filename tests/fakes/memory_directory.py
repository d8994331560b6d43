"""The published directory of mailboxes, in memory (steward.host.DirectoryTables)."""

from dataclasses import dataclass

from mailward.model.errors import NotPossible
from mailward.model.tables import (
    DirectoryAlias,
    DirectoryAppPassword,
    DirectoryChange,
    DirectoryDomain,
    DirectoryMailbox,
    DirectoryRow,
    DirectoryTlsDestination,
)


@dataclass(frozen=True)
class Content:
    rows: tuple[DirectoryRow, ...]


class MemoryDirectory:
    """``changes`` remembers each transaction; ``broken`` is what the next ones raise."""

    def __init__(self) -> None:
        self.domains: dict[str, DirectoryDomain] = {}
        self.mailboxes: dict[str, DirectoryMailbox] = {}
        self.aliases: dict[str, DirectoryAlias] = {}
        self.app_passwords: dict[tuple[str, str], DirectoryAppPassword] = {}
        self.tls_destinations: dict[str, DirectoryTlsDestination] = {}
        self.changes: list[DirectoryChange] = []
        self.broken: NotPossible | None = None

    def create(self) -> None: ...

    def read_all(self) -> Content:
        tables = (self.domains, self.mailboxes, self.aliases, self.app_passwords, self.tls_destinations)
        return Content(tuple(row for table in tables for _, row in sorted(table.items())))

    def apply(self, change: DirectoryChange) -> None:
        if self.broken is not None:
            raise self.broken
        self.changes.append(change)
        for table, keys in (
            (self.aliases, change.remove_aliases),
            (self.mailboxes, change.remove_mailboxes),
            (self.domains, change.remove_domains),
            (self.tls_destinations, change.remove_tls_destinations),
        ):
            for key in keys:
                table.pop(key, None)
        for address, selector in list(self.app_passwords):
            if address in (*change.forget_app_passwords, *change.remove_mailboxes):
                del self.app_passwords[address, selector]
        for row in change.put:
            if isinstance(row, DirectoryDomain):
                self.domains[row.name] = row
            elif isinstance(row, DirectoryMailbox):
                self.mailboxes[row.address] = row
            elif isinstance(row, DirectoryAppPassword):
                self.app_passwords[row.address, row.selector] = row
            elif isinstance(row, DirectoryTlsDestination):
                self.tls_destinations[row.name] = row
            else:
                self.aliases[row.address] = row
