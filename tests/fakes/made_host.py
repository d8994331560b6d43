"""A whole mail host in memory (steward.host.Host): files, doors that serve what the files say, a name server, a CA."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import count
from pathlib import Path

from fakes.linked_doors import LinkedDoors
from fakes.memory_directory import MemoryDirectory
from fakes.memory_files import MemoryFiles
from fakes.memory_sni import MemorySni
from fakes.memory_supervisor import MemorySupervisor
from fakes.memory_zone import MemoryZoneHome
from fakes.scripted_ca import _AUTHORITY, ScriptedCa
from fakes.scripted_processes import ScriptedProcesses, completed
from fakes.still_clock import StillClock
from fakes.sudden_death import Countdown, Mortal
from fakes.told_http import ToldHttp
from fakes.told_resolver import MemoryDnsUpdates, ToldResolver
from mailward.actions import runs
from mailward.actions.choices import secure
from mailward.actions.domains import add_domain
from mailward.actions.office import Asked, Office
from mailward.actions.rows import RunRow
from mailward.daemons import knot, wanted
from mailward.flow.ground import Ground
from mailward.host.seals import Opener, Sealer, make_keys
from mailward.model.desired import DesiredState
from mailward.model.layout import Layout
from mailward.model.outside import Completed, HttpAnswer
from mailward.model.people import Actor
from mailward.model.progress import Quiet
from mailward.model.runs import RunKind, RunState
from mailward.model.settings import Settings
from mailward.steward import birth
from mailward.steward.host import Host
from mailward.steward.new_instance import demo
from mailward.steward.steward import Steward
from mailward.store import records
from mailward.store.models import Run

LAYOUT = Layout(Path("/instance"))
ANNA = Actor("anna")
KEYS = make_keys()  # libsodium's own sealed boxes: what they hold is found by no search
ROOT = _AUTHORITY.root.pem  # what the demo's CA issues under


@dataclass
class Locks:
    """Named locks of one instance. ``held`` are those that are held now, ``taken`` all that ever were."""

    held: set[str] = field(default_factory=set)
    taken: list[str] = field(default_factory=list)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        with self._guard:
            mine = self._locks.setdefault(name, threading.Lock())
        assert mine.acquire(timeout=30), f"nobody let go of {name}"
        self.held.add(name)
        self.taken.append(name)
        try:
            yield
        finally:
            self.held.discard(name)
            mine.release()


def hash_password(password: str) -> str:
    return "{TEST}" + sha256(password.encode()).hexdigest()


class MadeHost:
    """``host`` and ``office`` are what the code is handed; the rest is how a test tells the world what to do."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or replace(demo(ipv6=False), addresses=("127.0.0.1",))
        self.clock = StillClock()
        self.files = MemoryFiles(LAYOUT.root)
        self.files.users |= {"mailward-web", "mailward-mail", "mailward-webmail", "mailward-panel", "mailward-ca", "knot"}
        self.files.users |= {
            "postfix",
            "dovecot",
            "dovenull",
            "www-data",
            "unbound",
            "_mta-sts",
            "mailward-tls",
            "mailward-reports",
            "mailward-mailpath",
        }
        self.files.groups |= self.files.users | {"postdrop"}
        self.sni = MemorySni(self.files)
        self.doors = LinkedDoors(LAYOUT, self.files, self.sni)
        self.desired = DesiredState(self.settings, python="python3")
        self.supervisor = MemorySupervisor([daemon.name for daemon in wanted(self.desired)])
        self.processes = ScriptedProcesses()
        self.resolver = ToldResolver()
        self.dns = MemoryDnsUpdates(self.resolver)
        self.directory = MemoryDirectory()
        self.ca = ScriptedCa(self.clock.now)
        self.management = ToldHttp()
        self.locks = Locks()
        self.passwords = count(1)
        self.breached: set[str] = set()
        self._programs()
        demo_ca = self.settings.demo
        if demo_ca is not None:
            url = f"https://localhost:{demo_ca.pebble_management_port}/roots/0"
            self.management.answers[url] = HttpAnswer(url, 200, "application/x-pem-file", ROOT)

    @property
    def host(self) -> Host:
        return Host(
            settings=self.settings,
            ground=Ground(LAYOUT, self.files, self.processes, self.supervisor, self.sni, self.clock),
            directory=self.directory,
            seal=Sealer(KEYS.public),
            unseal=Opener(KEYS.private),
            dialer=self.doors,
            resolver=self.resolver,
            authoritative=lambda _zone: [self.resolver],
            dns=self.dns,
            homes=lambda _home, _secret: MemoryZoneHome(self.dns),
            own_dns=lambda: [self.resolver],
            http=ToldHttp(),
            management=self.management,
            connect=self.ca.connect,
            lock=self.locks.lock,
        )

    @property
    def office(self) -> Office:
        return Office(
            layout=LAYOUT,
            settings=self.settings,
            clock=self.clock,
            seal=Sealer(KEYS.public),
            hash_password=hash_password,
            make_password=lambda: f"Made-Here-Once-{next(self.passwords):04}",
            hash_app_password=hash_password,
            is_breached=lambda password: password in self.breached,
            trust_roots=lambda: ROOT,
        )

    def born(self) -> "MadeHost":
        """The first minute: directories, self-signed certificates, every name where it belongs. Needs a store."""
        birth.make_directories(LAYOUT, self.files)
        birth.make_daemon_directories(self.desired, LAYOUT, self.files)
        birth.make_own_certificates(self.settings, Sealer(KEYS.public), self.clock)
        birth.put_tables_right(self.host)
        self.files.write(LAYOUT.trust_file(self.settings.trust), ROOT)
        self.doors.postfix_reads()
        self.doors.dovecot_reads()
        return self

    def mortal(self, countdown: Countdown) -> Host:
        """The host as a process has it that is killed at a chosen change of the world."""
        host = self.host
        parts = {
            name: Mortal(getattr(host.ground, name), countdown) for name in ("files", "processes", "supervisor", "sni")
        }
        return replace(
            host,
            ground=replace(host.ground, **parts),
            directory=Mortal(self.directory, countdown),
            dns=Mortal(self.dns, countdown),
            homes=lambda _home, _secret: Mortal(MemoryZoneHome(self.dns), countdown),
            connect=lambda ca, key, uri: Mortal(self.ca.connect(ca, key, uri), countdown),
        )

    def carry_out(self, asked: Asked | None = None) -> RunRow | None:
        """Take up everything that waits, oldest first, as the steward would; the row of the run that was asked for."""
        taken: set[int] = set()
        while left := [run.pk for run in records.unfinished() if run.pk not in taken]:  # some ask for others
            Steward(self.host).take(left[0], Quiet())
            taken.add(left[0])
        return runs.show_run(self.office, ANNA, asked.run_id) if asked is not None else None

    def take_oldest(self) -> None:
        """Take up the run that waits longest, and none that it asks for."""
        Steward(self.host).take(records.unfinished()[0].pk, Quiet())

    def holding(self, *domains: str, dns: bool = True) -> "MadeHost":
        """These domains are held, each by a customer of its name, and published. Without ``dns``: their DNS runs, which
        cost a key pair each, are left out."""
        for domain in domains:
            add_domain(self.office, ANNA, domain)
            if not dns:
                self.take_oldest()
                Run.objects.filter(kind=RunKind.DNS).delete()
        self.carry_out()
        return self

    def secured(self, *domains: str) -> "MadeHost":
        """These domains (or "server") have their certificate from the CA, served and proven."""
        for domain in domains:
            row = self.carry_out(secure(self.office, ANNA, domain))
            assert row is not None
            assert row.state is RunState.DONE, str(row.what)
        return self

    def knows_user(self, address: str) -> bool:
        """What Dovecot says: it looks into the directory at every question."""
        box = self.directory.mailboxes.get(address)
        return box is not None and box.active

    def _programs(self) -> None:
        """Every checker and reload says yes; Dovecot and Knot answer out of the directory and the catalog."""
        for daemon in wanted(self.desired):
            for checker in daemon.checkers(self.desired, LAYOUT, LAYOUT.generations / "1"):
                self.processes.answers[checker.argv[:1]] = completed()
            if daemon.reload is not None:
                self.processes.answers[tuple(daemon.reload(LAYOUT))] = self._reloaded
        dovecot = ("doveadm", "-c", str(LAYOUT.current / "dovecot" / "dovecot.conf"))
        self.processes.answers[dovecot] = self._doveadm
        self.processes.answers[knot.knotc(LAYOUT, "zone-read")] = self._knotc

    def _reloaded(self, argv: Sequence[str], _stdin: bytes | None) -> Completed:
        if "postfix" in argv[0]:
            self.doors.postfix_reads()
        if any("dovecot-starttls" in word for word in argv):
            self.doors.dovecot_reads()
        return completed()

    def _doveadm(self, argv: Sequence[str], _stdin: bytes | None) -> Completed:
        if "user" in argv:
            return completed(0 if self.knows_user(argv[-1]) else 67)
        return completed()

    def _knotc(self, argv: Sequence[str], _stdin: bytes | None) -> Completed:
        domain = argv[argv.index("zone-read") + 1]
        member = knot.membership(domain)
        served = (member.name, member.rdtype) in self.dns.records
        if served:
            self.resolver.answers[(domain, "SOA")] = [f"{domain}. hostmaster.{domain}. 1 60 60 60 30"]
        return completed(0 if served else 1)
