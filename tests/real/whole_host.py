"""A whole mail host in a throw-away directory: every daemon for real, in the foreground, on free loopback ports.

For tests until ``mailward up`` is there, and for those that need the daemons without the steward. It writes what the
steward would write (files, directories, secrets, certificates, the directory of mailboxes, zones) by the same modules.

    with WholeHost.started() as host:
        host.add_mailbox("anna@alpha.localhost", "secret")
        ...
"""

import base64
import contextlib
import grp
import ipaddress
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mailward import daemons
from mailward.daemons import knot, unbound, webmail, zone
from mailward.daemons.daemon import Checker, Daemon
from mailward.daemons.secrets import SecretKind, pebble_certificate, secret_files, tsig_file
from mailward.daemons.users import USERS
from mailward.host.directory import Directory as PublishedDirectory
from mailward.host.passwords import hash_password
from mailward.host.processes import RealProcesses
from mailward.host.sni_map import SniMap
from mailward.model.desired import DesiredState
from mailward.model.dns import DnsWish, HomeKind
from mailward.model.doors import Role
from mailward.model.generations import Generation
from mailward.model.layout import Layout
from mailward.model.settings import Settings
from mailward.model.tables import DirectoryAlias, DirectoryChange, DirectoryDomain, DirectoryMailbox
from mailward.publishing import wanted
from mailward.publishing.wanted import HostFacts
from mailward.steward.new_instance import demo

MAIL_DAEMONS = ("knot", "dovecot", "postfix", "webmail", "nginx")


def ensure_users() -> None:
    """The system users that the daemons run as; those that are there already are left alone."""
    for user in USERS:
        if not _exists(user.name):
            argv = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", user.home]
            subprocess.run([*argv, "--shell", user.shell, user.name], capture_output=True, check=False)
            assert _exists(user.name), f"{user.name} could not be made"


def _exists(name: str) -> bool:
    with contextlib.suppress(KeyError):
        return bool(pwd.getpwnam(name))
    return False


def free_demo(*, ipv6: bool = True) -> Settings:
    """The demo's settings on a block of ports of which every one is free now."""
    for _ in range(200):
        settings = demo(random.randrange(10000, 26000), ipv6=ipv6)
        if all(_is_free(port) for port in every_port(settings)):
            return settings
    raise AssertionError("no free block of ports")


def every_port(settings: Settings) -> tuple[int, ...]:
    inside = settings.internal
    ca = (settings.demo.pebble_port, settings.demo.pebble_management_port) if settings.demo else ()
    between = (inside.imap_proxied, inside.pop3_proxied, inside.imap_local, inside.sieve_local, inside.smtp_local)
    between += (inside.resolver,)
    return (*settings.ports.values(), settings.http_port, settings.dns_port, *between, *ca)


def _is_free(port: int) -> bool:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tcp.bind(("127.0.0.1", port))
            udp.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def until(true: Callable[[], object], what: str, seconds: float = 15) -> None:
    """Wait until ``true()`` is so; an OSError means not yet."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError):
            if true():
                return
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.03)


def self_signed(names: Sequence[str], *, address: str | None = None) -> bytes:
    """A key and a self-signed certificate in one PEM, key first."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0][:64])])
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    if address:
        alternatives.append(x509.IPAddress(ipaddress.ip_address(address)))
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private + certificate.public_bytes(serialization.Encoding.PEM)


class WholeHost:
    """One host. ``write`` makes the instance, ``start`` and ``stop`` the daemons; nothing else is needed."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.layout = Layout(root)
        self.settings = settings
        self.desired = DesiredState(settings)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.processes = RealProcesses()
        self.sni = SniMap(self.layout.sni_map, self.processes)
        self.directory = PublishedDirectory(self.layout.directory)
        self.tsig_secret = secrets.token_bytes(32)
        self._generation = 0

    @classmethod
    @contextlib.contextmanager
    def started(
        cls,
        settings: Settings | None = None,
        *,
        names: Sequence[str] = MAIL_DAEMONS,
        domains: Sequence[str] = ("alpha.localhost", "beta.localhost"),
    ) -> Iterator["WholeHost"]:
        """A written host with its daemons running and answering; stopped and removed at the end."""
        root = Path(tempfile.mkdtemp(prefix="mailward-test-"))
        root.chmod(0o755)
        host = cls(root, settings or free_demo())
        try:
            host.write()
            for domain in domains:
                host.add_domain(domain)
            host.start(names)
            yield host
        finally:
            host.stop()
            host.directory.close()
            shutil.rmtree(root, ignore_errors=True)

    # ---- writing

    def write(self) -> None:
        """Everything that must be there before the first start."""
        ensure_users()
        for directory in daemons.directories(self.desired, self.layout):
            directory.path.mkdir(parents=True, exist_ok=True)
            _own(directory.path, directory.owner, directory.group, directory.mode)
        self._write_secrets()
        self.put_default(self.put_version("server", 1, (self.settings.hostname,)))
        self.sni.create()
        self.directory.create()
        self._put(knot.catalog_path(self.layout), knot.catalog_file().encode(), "knot", "knot", 0o640)
        self._put(unbound.demo_anchors(self.layout), b"")
        first = webmail.first_start(self.layout)
        with contextlib.closing(sqlite3.connect(first.path)) as database:
            database.executescript(first.schema.read_text())
        _own(first.path, first.owner, first.group, first.mode)
        self.switch(daemons.render(self.desired, self.layout))

    def switch(self, generation: Generation) -> Path:
        """Write a generation and let ``current`` point to it. The daemons are not told."""
        self._generation += 1
        directory = self.layout.generations / str(self._generation)
        for file in generation.files.values():
            self._put(directory / file.path, file.content, file.owner, file.group, file.mode)
        new = self.layout.root / ".current"
        new.symlink_to(f"generations/{self._generation}")
        new.rename(self.layout.current)
        return directory

    def _write_secrets(self) -> None:
        pair = self_signed(["localhost"], address="127.0.0.1")
        key, _, certificate = pair.partition(b"-----BEGIN CERTIFICATE")
        contents = {
            SecretKind.TEXT_KEY: secrets.token_hex(16).encode(),
            SecretKind.SIGNING_KEY: secrets.token_hex(32).encode(),
            SecretKind.TSIG: tsig_file(base64.b64encode(self.tsig_secret).decode()).encode(),
            SecretKind.CERTIFICATE: b"-----BEGIN CERTIFICATE" + certificate,
            SecretKind.PRIVATE_KEY: key,
        }
        for file in secret_files(self.desired, self.layout):
            self._put(file.path, contents[file.kind], file.owner, file.group, file.mode)

    def _put(self, path: Path, content: bytes, owner: str = "root", group: str = "root", mode: int = 0o644) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        _own(path, owner, group, mode)

    # ---- certificates

    def put_version(self, lineage: str, version: int, names: Sequence[str]) -> Path:
        """A new self-signed certificate as a version on disk, served nowhere yet."""
        path = self.layout.tls_version(lineage, version)
        self._put(path, self_signed(names), "root", "mailward-web", 0o640)
        return path

    def put_default(self, path: Path, roles: Sequence[Role] = tuple(Role)) -> None:
        for role in roles:
            _relink(self.layout.tls_default(role), f"versions/{path.name}")
        if Role.MAIL in roles:
            _relink(self.layout.tls_default_all, f"versions/{path.name}")

    def serve(self, name: str, path: Path, roles: Sequence[Role] = tuple(Role)) -> None:
        """Serve a version for a name (``*.`` for a wildcard) at all doors of the roles, as the steward does."""
        for role in roles:
            link = self.layout.tls_names(role) / ("_" + name[1:] if name.startswith("*.") else name)
            _relink(link, f"../versions/{path.name}")
        if Role.MAIL in roles:
            self.sni.put({name: path})

    # ---- domains and mailboxes

    def add_domain(self, domain: str) -> None:
        """Publish a domain; its zone file is put in place (a running Knot must be told: ``knot.membership``)."""
        self.directory.apply(DirectoryChange(put=(DirectoryDomain(domain),)))
        wish = DnsWish(domain, domain, HomeKind.HERE, own_certificate=True)
        text = zone.zone_file(domain, wanted.records(wish, HostFacts(self.settings)), (self.settings.hostname,))
        self._put(knot.zone_path(self.layout, domain), text.encode(), "knot", "knot", 0o640)

    def add_mailbox(self, address: str, password: str, quota: int = 0) -> None:
        domain = address.partition("@")[2]
        box = DirectoryMailbox(address, domain, hash_password(password), quota)
        self.directory.apply(DirectoryChange(put=(box,)))

    def add_alias(self, address: str, *targets: str) -> None:
        alias = DirectoryAlias(address, address.partition("@")[2], targets)
        self.directory.apply(DirectoryChange(put=(alias,)))

    # ---- daemons

    def start(self, names: Sequence[str] = MAIL_DAEMONS) -> None:
        """Start these daemons in their order, and wait until each one answers."""
        for daemon in daemons.wanted(self.desired):
            if daemon.name in names:
                self.start_one(daemon)
        for daemon in daemons.wanted(self.desired):
            if daemon.name in names:
                self.wait(daemon.name)

    def start_one(self, daemon: Daemon) -> None:
        program = daemon.program(self.desired, self.layout)
        user = pwd.getpwnam(program.user)
        with (self.layout.log / f"{daemon.name}.out.log").open("ab") as log:
            self.running[daemon.name] = subprocess.Popen(
                program.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.layout.root,
                user=user.pw_uid,
                group=user.pw_gid,
                extra_groups=[],
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **dict(program.environment)},
            )

    def wait(self, name: str) -> None:
        """Until the daemon speaks its protocol."""
        inside, said = self.settings.internal, self.settings.ports
        ready: dict[str, list[Callable[[], object]]] = {
            "knot": [lambda: self.call(*knot.knotc(self.layout, "status"))[0] == 0],
            "unbound": [lambda: self.call(*unbound.control(self.layout, "status"))[0] == 0],
            "pebble": [lambda: self.settings.demo and _opens(self.settings.demo.pebble_port)],
            "dovecot": [lambda: _greets(inside.imap_local, b"* OK"), lambda: _greets(inside.sieve_local, b'"IMPL')],
            "postfix": [lambda: _greets(inside.smtp_local, b"220 ")],
            "mailpath": [lambda: _listens(self.layout.run / "mailpath" / "milter.sock")],
            "webmail": [(self.layout.run / "webmail" / "php.sock").exists],
            "nginx": [lambda: all(_opens(port) for port in (self.settings.http_port, next(iter(said.values()))))],
        }
        for look in ready.get(name, []):
            assert self.running[name].poll() is None, f"{name} ended: {self.log(name)}"
            try:
                until(look, name)
            except AssertionError as slow:
                raise AssertionError(f"{slow}\n{self.log(name)}") from None

    def stop_one(self, name: str, number: int | None = None) -> None:
        """Stop a daemon as the supervisor would; ``number`` is another signal (SIGKILL reaches all its processes)."""
        process = self.running.pop(name)
        daemon = next(one for one in daemons.ALL if one.name == name)
        program = daemon.program(self.desired, self.layout)
        wanted = number or getattr(signal, f"SIG{program.stop_signal}")
        with contextlib.suppress(ProcessLookupError):
            if program.group_signals or wanted == signal.SIGKILL:
                os.killpg(process.pid, wanted)
            else:
                process.send_signal(wanted)
        try:
            process.wait(program.stop_seconds)
        except subprocess.TimeoutExpired:
            pass
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)

    def stop(self) -> None:
        for name in reversed(list(self.running)):
            self.stop_one(name)

    def reload(self, name: str) -> None:
        daemon = next(one for one in daemons.ALL if one.name == name)
        assert daemon.reload is not None
        code, said = self.call(*daemon.reload(self.layout))
        assert code == 0, said

    def checkers(self, directory: Path) -> list[tuple[str, Checker]]:
        return [
            (daemon.name, checker)
            for daemon in daemons.wanted(self.desired)
            for checker in daemon.checkers(self.desired, self.layout, directory)
        ]

    def call(self, *argv: str, stdin: bytes | None = None) -> tuple[int, str]:
        done = subprocess.run(argv, input=stdin, capture_output=True, timeout=60, check=False)
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")

    def log(self, name: str) -> str:
        """The end of what a daemon wrote."""
        files = [*self.layout.log.glob(f"{name}*.log"), *(self.layout.log / name).glob("*")]
        return "\n".join(f"== {file.name}\n{file.read_text(errors='replace')[-3000:]}" for file in files)


def _own(path: Path, owner: str, group: str, mode: int) -> None:
    os.chown(path, pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid)
    path.chmod(mode)


def _relink(link: Path, target: str) -> None:
    new = link.with_name(f".{link.name}.new")
    new.symlink_to(target)
    new.rename(link)


def _opens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), 2):
        return True


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        return True


def _greets(port: int, start: bytes) -> bool:
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        return connection.recv(200).startswith(start)


__all__ = ["MAIL_DAEMONS", "WholeHost", "ensure_users", "free_demo", "pebble_certificate", "self_signed", "until"]
