"""Everything an order needs, in memory: a scripted CA (or several), a told DNS, a clock that stands still."""

from dataclasses import dataclass, field
from pathlib import Path

from fakes.memory_files import MemoryFiles
from fakes.scripted_ca import ScriptedCa
from fakes.still_clock import StillClock
from fakes.told_resolver import MemoryDnsUpdates, ToldResolver
from mailward.certificates.accounts import Account, Accounts
from mailward.certificates.orders import Limits, OrderOutside, OrderRecord, plan_order
from mailward.certificates.solvers.dns_01 import Dns01
from mailward.certificates.solvers.http_01 import Http01
from mailward.model.certificates import Challenge, KeyedChain
from mailward.model.layout import Layout
from mailward.model.outside import Clock
from mailward.model.settings import CaSettings

CHALLENGES = Layout(Path("/instance")).acme_challenges


class PlainSeal:
    """No secret at all: reversed bytes behind a mark, so that a forgotten seal shows."""

    def seal(self, secret: bytes) -> bytes:
        return b"sealed:" + secret[::-1]

    def unseal(self, sealed: bytes) -> bytes:
        assert sealed.startswith(b"sealed:")
        return sealed[7:][::-1]


@dataclass
class MemoryJournal:
    """Records in memory, as a store would keep them."""

    records: dict[int, OrderRecord] = field(default_factory=dict)
    states: list[tuple[int, str]] = field(default_factory=list)

    def save(self, record: OrderRecord) -> None:
        self.records[record.id] = record
        self.states.append((record.id, record.state.value))

    def knows(self, ca: str, order_url: str) -> bool:
        return any(one.ca == ca and one.journal.order_url == order_url for one in self.records.values())


@dataclass
class MemoryBook:
    accounts: dict[str, Account] = field(default_factory=dict)

    def load(self, ca: str) -> Account | None:
        return self.accounts.get(ca)

    def save(self, account: Account) -> None:
        self.accounts[account.ca] = account


@dataclass
class Delivered:
    """Takes certificates over, once each."""

    found: dict[str, KeyedChain] = field(default_factory=dict)
    times: int = 0

    def __call__(self, record: OrderRecord, material: KeyedChain) -> None:
        self.times += 1
        self.found[material.certificate.sha256] = material

    @property
    def only(self) -> KeyedChain:
        (material,) = self.found.values()
        return material


class World:
    """``cas`` by name; ``outside()`` makes an OrderOutside over what is remembered here, as a new process would."""

    def __init__(self, *names: str, clock: Clock | None = None, **ca: object) -> None:
        self.clock = clock or StillClock()
        self.resolver = ToldResolver({("a.test", "SOA"): ["ns.a.test. root.a.test. 1 60 60 60 30"]})
        self.updates = MemoryDnsUpdates(self.resolver)
        self.files = MemoryFiles()
        self.files.make_directory(CHALLENGES)
        self.cas = {name: ScriptedCa(self.clock.now, **ca) for name in names or ("first",)}
        self.journal = MemoryJournal()
        self.book = MemoryBook()
        self.delivered = Delivered()

    @property
    def ca(self) -> ScriptedCa:
        return next(iter(self.cas.values()))

    def outside(self, **changes: object) -> OrderOutside:
        settings = {name: CaSettings(name, f"https://{name}.test/dir") for name in self.cas}
        parts: dict[str, object] = {
            "journal": self.journal,
            "accounts": Accounts(
                settings, lambda ca, key, uri: self.cas[ca.name].connect(ca, key, uri), self.book, PlainSeal(), PlainSeal()
            ),
            "solvers": {
                Challenge.DNS_01: Dns01(self.updates, self.resolver, lambda _zone: (self.resolver,), self.clock),
                Challenge.HTTP_01: Http01(self.files, CHALLENGES, self.clock),
            },
            "clock": self.clock,
            "seal": PlainSeal(),
            "unseal": PlainSeal(),
            "deliver": self.delivered,
            "limits": Limits(),
        }
        return OrderOutside(**(parts | changes))

    def plan(self, *names: str, number: int = 1, **more: object) -> OrderRecord:
        names = names or ("a.test", "*.a.test")
        return plan_order(number, f"lineage-{number}", names, tuple(self.cas), self.clock.now(), **more)

    @property
    def published(self) -> list[str]:
        """What is still published for challenges anywhere."""
        values = [value for held in self.updates.records.values() for value in held]
        return values + self.files.names(CHALLENGES)
