"""``up``: from a bare Debian to a host whose every door is proven. Each stage looks first whether it is needed, so that
the whole can be repeated, and goes on where a killed one stopped."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mailward.actions import configuration
from mailward.bootstrap import demo, first_people, joining
from mailward.bootstrap.first_people import FirstPerson
from mailward.bootstrap.mailward import Mailward, has_failed, open_instance
from mailward.daemons import packages as needed
from mailward.daemons.limits import check_root
from mailward.daemons.quoting import supervisor_value
from mailward.daemons.users import USERS
from mailward.host import apt, log_files, machine, ports, reach
from mailward.host.clock import RealClock
from mailward.host.files import RealFiles
from mailward.host.packages import DebianPackages
from mailward.host.processes import RealProcesses
from mailward.host.users import WantedUser, ensure_users
from mailward.model.checks import CheckFinding
from mailward.model.doors import Door
from mailward.model.errors import BadInput, NotPossible
from mailward.model.findings import SERVER, DoorFinding
from mailward.model.layout import Layout
from mailward.model.people import Actor
from mailward.model.progress import Progress
from mailward.model.runs import RunState
from mailward.model.sentence import Sentence
from mailward.model.settings import KNOWN_CAS, CaSettings, Settings
from mailward.standards.hostname import parse_host_name
from mailward.steward import birth, discovery, new_instance, old_hashes
from mailward.steward.settings_file import format_settings, parse_settings
from mailward.store import declared
from mailward.store.models import Domain

UP = Actor("mailward up")
MOST_DOMAINS = 50  # that ``up`` itself looks at
# Made before their writers, or their checkers, would make them readable by everybody.
_LOGS = ("postfix.log", "steward.log", "supervisor.log", "nginx.log", "nginx-web.log", "nginx-mail.log")


@dataclass(frozen=True)
class UpWish:
    """What was asked for on the command line. Without a host name a demo is made."""

    hostname: str | None = None
    acme: str | None = None
    contact: str | None = None
    base_port: int | None = None
    trust: Path | None = None  # PEM roots of a CA of one's own: for its HTTPS, and for verify
    store: str | None = None  # postgresql://…; None: SQLite in the instance
    install: bool = True


@dataclass(frozen=True)
class UpReport:
    """How it ended. ``passwords`` (of mailboxes) and ``people`` (of the panel) are shown, and never in JSON."""

    changed: bool
    findings: tuple[DoorFinding, ...]
    addresses: tuple[tuple[Sentence, str], ...]
    passwords: tuple[tuple[str, str], ...]
    seconds: float
    people: tuple[FirstPerson, ...] = ()
    checks: tuple[CheckFinding, ...] = ()  # what DNS says

    def __repr__(self) -> str:
        return f"UpReport(changed={self.changed}, {len(self.findings)} findings)"


def bring_up(root: Path, wish: UpWish, progress: Progress) -> UpReport:
    """Install, make, start, secure, prove. Raises NotPossible or BadInput; what was done until then stays good."""
    began = time.monotonic()
    _require_root()
    layout = Layout(root.resolve())
    is_new = not layout.settings.exists()
    settings = _settings(layout, wish)
    check_root(layout.root)
    _require_reachable(layout.root)
    if wish.install:
        install_packages(progress, demo=settings.demo is not None)
    else:
        _require_packages(settings)
    with progress.stage(Sentence("Making the instance in {path}", path=layout.root)):
        _make(layout, settings)
    mailward = open_instance(layout.root)
    changed = is_new
    with progress.stage(Sentence("Starting the daemons")), mailward.host.lock("host"):
        start(mailward)
    asked = configuration.apply(mailward.office, UP)
    row = mailward.carry_out(asked.run_id, progress)
    if has_failed(row):
        raise NotPossible(row.what, row.remedy, code="not-applied")
    changed = changed or row.state is not RunState.UNCHANGED
    if settings.demo is not None:
        changed = demo.furnish(mailward, progress) or changed
    looked_at = _to_look_at(progress)
    findings = mailward.verify(looked_at, progress)
    checks = mailward.check(looked_at, progress)  # after the doors: boards show their state, too
    somebody_new, people = first_people.make(mailward)  # last: a password that is shown once must not be lost on the way
    return UpReport(
        changed=changed or somebody_new,
        findings=findings,
        addresses=_addresses(settings),
        passwords=demo.first_passwords(mailward),
        seconds=time.monotonic() - began,
        people=people,
        checks=checks,
    )


def _to_look_at(progress: Progress) -> tuple[str, ...]:
    """Everything (); on a large host the server and the first domains, since each has 28 doors and names."""
    names = tuple(Domain.objects.order_by("name").values_list("name", flat=True)[: MOST_DOMAINS + 1])
    if len(names) <= MOST_DOMAINS:
        return ()
    progress.note(Sentence("only {most} domains are looked at here; the steward looks at all of them", most=MOST_DOMAINS))
    return (SERVER, *names[:MOST_DOMAINS])


def install_packages(progress: Progress, *, with_tests: bool = False, demo: bool = True) -> tuple[str, ...]:
    """Install what is missing, after a simulation; the packages that were installed."""
    wanted: Sequence[str] = needed.RUNTIME
    if demo or with_tests:
        wanted = (*wanted, *needed.DEMO)
    if with_tests:
        wanted = (*wanted, *needed.TEST)
    processes = RealProcesses()
    packages = DebianPackages(processes)
    with progress.stage(Sentence("Looking which packages are there")):
        missing = packages.missing(wanted)
    if missing:
        with progress.stage(Sentence("Installing {count} packages from Debian", count=len(missing))):
            packages.install(missing, _telling(progress))
    with progress.stage(Sentence("Making the system users")):
        ensure_users(tuple(WantedUser(user.name, user.purpose) for user in USERS), processes)
    return tuple(missing)


def _telling(progress: Progress) -> Callable[[apt.Progress], None]:
    """apt speaks of each package several times; people want to see that it goes on."""
    told: set[tuple[str, int]] = set()

    def tell(step: apt.Progress) -> None:
        mark = (step.phase, int(step.percent) // 10)
        if mark in told:
            return
        told.add(mark)
        percent = round(step.percent)
        if step.phase == "download":
            progress.note(Sentence("downloading, {percent} %", percent=percent))
        else:
            progress.note(Sentence("installing, {percent} %: {package}", percent=percent, package=step.package))

    return tell


def _require_root() -> None:
    if not machine.is_root():
        said = Sentence("Mailward sets up a mail host, and that takes root's rights")
        raise NotPossible(said, Sentence("Run it as root, or with sudo."), code="not-root")


def _require_reachable(root: Path) -> None:
    """The daemons run as users of their own; they must be able to enter the instance."""
    closed = reach.closed_ancestor(root)
    if closed is not None:
        said = Sentence("the daemons' users can't enter {closed}, in which this instance lies", closed=closed)
        remedy = Sentence("Use another directory, for example: mailward up --instance /srv/mailward")
        raise NotPossible(said, remedy, code="not-reachable")


def _require_packages(settings: Settings) -> None:
    missing = DebianPackages(RealProcesses()).missing((*needed.RUNTIME, *(needed.DEMO if settings.demo else ())))
    if missing:
        said = Sentence("these packages are missing: {names}", names=", ".join(missing))
        raise NotPossible(said, Sentence("Run it again without --no-install."), code="packages-missing")


def _settings(layout: Layout, wish: UpWish) -> Settings:
    """What mailward.toml says; for a new instance, what was wished for."""
    if layout.settings.exists():
        settings = joining.read_settings(layout)
        if wish.hostname and parse_host_name(wish.hostname, "hostname") != settings.hostname:
            said = Sentence("this instance is {hostname} already", hostname=settings.hostname)
            remedy = Sentence("Change {path}, or name another directory with --instance.", path=layout.settings)
            raise BadInput("hostname", said, remedy, code="already-made")
        refuse_other(wish, settings, layout)
        return settings
    settings = replace(_new_settings(wish), store=wish.store)
    parse_settings(format_settings(settings))  # what can't be read again is refused before anything is made
    return settings


def _new_settings(wish: UpWish) -> Settings:
    if wish.hostname is None:
        return new_instance.demo(wish.base_port or new_instance.DEMO_BASE_PORT, ipv6=machine.has_ipv6_loopback())
    hostname = parse_host_name(wish.hostname, "hostname")
    acme = wish.acme or "letsencrypt"
    directory = KNOWN_CAS.get(acme, acme)
    if not directory.startswith("https://"):
        said = Sentence("{acme} is neither a known CA nor the https address of an ACME directory", acme=acme)
        raise BadInput("acme", said, Sentence("Known are: {names}.", names=", ".join(KNOWN_CAS)))
    name = acme if acme in KNOWN_CAS else "acme"
    addresses = reach.global_addresses(RealProcesses()) or ("127.0.0.1",)
    trust = str(_existing(wish.trust)) if wish.trust else None
    ca = CaSettings(name, directory, trust=trust, contact=wish.contact)
    return new_instance.production(hostname, addresses, ca, wish.contact, wish.base_port, trust)


def refuse_other(wish: UpWish, settings: Settings, layout: Layout) -> None:
    """An instance keeps what its mailward.toml says: a wish for something else is refused, not passed over in silence."""
    directory = KNOWN_CAS.get(wish.acme or "", wish.acme)
    base = wish.base_port or 0
    kept = {
        "--base-port": wish.base_port is None
        or all(settings.ports.get(door) == base + door.kind.demo_offset for door in Door if door.kind.always_open),
        "--acme": wish.acme is None or any(ca.directory == directory for ca in settings.cas),
        "--contact": wish.contact is None or wish.contact in (settings.contact, *(ca.contact for ca in settings.cas)),
        "--trust": wish.trust is None or str(wish.trust.resolve()) == settings.trust,
        "--store": wish.store in (None, settings.store),
    }
    for option, is_kept in kept.items():
        if not is_kept:
            said = Sentence("{option}: this instance was made with another value", option=option)
            remedy = Sentence("Change {path}, or name another directory with --instance.", path=layout.settings)
            raise BadInput(option.strip("-"), said, remedy, code="already-made")


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise BadInput("trust", Sentence("{path} can't be read: {why}", path=path, why=Sentence("there is no such file")))
    return path.resolve()


def _make(layout: Layout, settings: Settings) -> None:
    """Everything but the daemons. mailward.toml is written once the rest can be made: it is what makes an instance.

    Under the host's lock: a switch that is under way has moved names that aren't declared yet, and two that make the
    same instance would each make its secrets.
    """
    files, clock = RealFiles(layout.root), RealClock()
    layout.root.mkdir(parents=True, exist_ok=True)
    birth.make_directories(layout, files)
    with joining.locks(layout)("host"):
        joining.make_seal_keys(layout, files)
        if not layout.settings.exists():
            files.write(layout.settings, format_settings(settings).encode())
        joining.use_store(layout, settings)
        birth.make_store()
        joining.remember_store(layout, settings, files)
        if settings.store is None:
            birth.open_store_to_panel(layout, files)
        host = joining.make_host(layout, settings)
        old_hashes.seal_old(host.seal)
        birth.make_own_certificates(settings, host.seal, clock)
        desired = declared.desired_state(settings)
        birth.make_daemon_directories(desired, layout, files)
        log_files.keep_private(layout.log, _LOGS)
        birth.make_secrets(desired, layout, files, clock)
        birth.make_first_files(desired, layout, files)
        host.directory.create()
        host.ground.sni.create()
        birth.put_tables_right(host)
        birth.put_directory_right(host)
        discovery.put_right(host)


def start(mailward: Mailward) -> None:
    """Daemons that were stopped come back with the configuration they had. On a new instance there is none yet; one whose
    directory was moved or restored elsewhere has none that fits, and gets a new one."""
    supervisor = mailward.host.ground.supervisor
    if supervisor.states():
        return
    supervisor.end_leftovers()  # a killed supervisor's: they would hold our own ports
    wanted = [(address, port) for port in declared_ports(mailward.settings) for address in mailward.settings.addresses]
    wanted.append((mailward.settings.resolver_address, mailward.settings.internal.resolver))
    for taken in ports.taken(wanted):
        holder = f"{taken.holder.program} (pid {taken.holder.pid})" if taken.holder else taken.reason
        said = Sentence(
            "port {port} on {address} is taken by {holder}", port=taken.port, address=taken.address, holder=holder
        )
        remedy = Sentence("Stop it, or give a new instance other ports: mailward up --base-port N")
        raise NotPossible(said, remedy, code="port-taken")
    if mailward.host.files.target(mailward.layout.current) is None:
        return
    if _is_of_this_place(mailward):
        supervisor.update()
    else:
        _forget_generations(mailward)


def _is_of_this_place(mailward: Mailward) -> bool:
    """Whether the current generation names this directory: every path in it is absolute, and those of another place would
    start the daemons over another instance's mail."""
    config = mailward.layout.current / "supervisor" / "supervisord.conf"
    socket = f"file = {supervisor_value(mailward.layout.run / 'supervisor.sock')}"
    files = mailward.host.files
    return files.exists(config) and socket in files.read(config).decode().splitlines()


def _forget_generations(mailward: Mailward) -> None:
    """No way leads back to a generation of another place."""
    files, layout = mailward.host.files, mailward.layout
    files.remove(layout.current)
    for name in files.names(layout.generations):
        files.remove_tree(layout.generations / name)


def declared_ports(settings: Settings) -> tuple[int, ...]:
    """Every TCP port that this instance listens on."""
    internal = settings.internal
    own = (internal.imap_proxied, internal.pop3_proxied, internal.imap_local, internal.sieve_local, internal.smtp_local)
    pebble = (settings.demo.pebble_port, settings.demo.pebble_management_port) if settings.demo else ()
    return (*settings.ports.values(), settings.http_port, settings.dns_port, *own, *pebble)


def _addresses(settings: Settings) -> tuple[tuple[Sentence, str], ...]:
    port = settings.ports[Door.HTTPS]
    suffix = "" if port == 443 else f":{port}"
    found = [(Sentence("The panel"), f"https://{settings.hostname}{suffix}/")]
    if settings.demo is not None:
        found.append((Sentence("Webmail, secured"), f"https://webmail.{demo.SECURED}{suffix}/"))
        found.append((Sentence("Webmail, not secured yet"), f"https://webmail.{demo.UNSECURED}{suffix}/"))
    return tuple(found)
