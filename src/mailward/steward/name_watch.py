"""Looking for registered look-alikes of hosted and partners' names: slowly, a few questions a minute, round and round.

dnstwist makes the variants that squatters register. It runs as a program of its own: imported, it would set a time limit
for every socket of the process. Each variant is asked for by its NS records; whoever is registered is asked where mail for
it goes. No answer means unknown: the variant is neither noted nor forgotten.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from mailward.certificates.suffixes import Suffixes
from mailward.daemons.quoting import name as checked_name
from mailward.model.names import LikenessKind
from mailward.standards.look_alikes import Guarded
from mailward.store.models import Domain, NameWatch, PartnerName, WatchedName

if TYPE_CHECKING:
    from mailward.steward.host import Host

log = structlog.get_logger()

ASKED_A_MINUTE = 60
MOST_VARIANTS = 400  # of one name, those that look most like it
MOST_SHOWN = 10  # name servers, mail hosts
PATIENCE = 20.0  # seconds for the program that makes the variants
_ORDER = (LikenessKind.HOMOGRAPH, LikenessKind.HYPHEN, LikenessKind.TYPO, LikenessKind.WORD, LikenessKind.ENDING)


@dataclass(frozen=True)
class Variant:
    name: str
    kind: LikenessKind


class Watch:
    """Remembers the variants of the name that it is at; where it is stands in the store."""

    def __init__(self) -> None:
        self._of = ""
        self._variants: tuple[Variant, ...] = ()

    def go_on(self, host: "Host", most: int = ASKED_A_MINUTE) -> int:
        """Ask for the next variants, ``most`` at once; how many were asked."""
        row, _ = NameWatch.objects.get_or_create(pk=1)
        if not row.guarded and not self._next(host, row):
            return 0
        if row.guarded != self._of:
            self._of, self._variants = row.guarded, self._made(host, row.guarded)
        part = self._variants[row.position : row.position + most]
        for variant in part:
            if not _ask(host, variant, row.guarded):
                row.unanswered += 1
        row.position += len(part)
        row.asked += len(part)
        if row.position >= len(self._variants):
            self._next(host, row)
        row.save()
        return len(part)

    def _next(self, host: "Host", row: NameWatch) -> bool:
        """The next guarded name by the alphabet; after the last one, the round has ended. False: nothing is guarded."""
        names, now = guarded_names(host.suffixes()), host.clock.now()
        after = [name for name in names if name > row.guarded]
        if not row.guarded or not after:
            row.round_ended_at = now if row.guarded else row.round_ended_at
            row.round_began_at = now
        row.guarded, row.position = (after or names or [""])[0], 0
        row.save()
        return bool(row.guarded)

    def _made(self, host: "Host", guarded: str) -> tuple[Variant, ...]:
        """The variants of this name that look most like it, in a fixed order."""
        argv = (sys.executable, "-m", "dnstwist", "--format", "list", checked_name(guarded))
        said = host.processes.run(argv, timeout=PATIENCE)
        if said.code:
            log.warning("no variants were made", name=guarded, code=said.code)  # the next name is asked about
        lines = said.stdout.splitlines()[:-1] if len(said.stdout) >= 65536 else said.stdout.splitlines()
        index = Guarded([guarded], host.suffixes().registered, closely=True)
        held = set(Domain.objects.filter(name__in=lines[:5000]).values_list("name", flat=True))
        found = {}
        for line in lines:
            likeness = index.find(line) if line not in held and line.isascii() else None
            if likeness is not None:
                found[line] = Variant(line, likeness.kind)
        ordered = sorted(found.values(), key=lambda one: (_ORDER.index(one.kind), one.name.startswith("xn--"), one.name))
        return tuple(ordered[:MOST_VARIANTS])


def guarded_names(suffixes: Suffixes) -> list[str]:
    """Partners' names, and what hosted domains are registered as."""
    hosted = Domain.objects.order_by().values_list("name", flat=True)
    return sorted({*PartnerName.objects.values_list("name", flat=True), *(suffixes.registered(name) for name in hosted)})


def _ask(host: "Host", variant: Variant, of: str) -> bool:
    """Whether there was an answer; what is registered is noted, and what is so no more is forgotten."""
    servers = host.resolver.query(variant.name, "NS")
    if servers.rcode not in ("NOERROR", "NXDOMAIN"):
        return False
    if not servers.records:
        WatchedName.objects.filter(name=variant.name, of=of).delete()
        return True
    now = host.clock.now()
    mail = host.resolver.query(variant.name, "MX").records
    kept = {
        "kind": variant.kind.value,
        "name_servers": _hosts(servers.records),
        "mail_hosts": _hosts([record.rpartition(" ")[2] for record in mail]),
        "last_seen": now,
    }
    WatchedName.objects.update_or_create(
        name=variant.name, of=of, defaults=kept, create_defaults={**kept, "first_seen": now}
    )
    return True


def _hosts(found: Sequence[str]) -> list[str]:
    """Null MX (RFC 7505) is no host."""
    return sorted({record.rstrip(".").lower()[:253] for record in found} - {""})[:MOST_SHOWN]
