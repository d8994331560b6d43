"""Two mail hosts and the DNS between them, each in a network namespace of its own, with the real ports 25, 53 and 443.

    with lab() as between:                       # tests/real/test_between_servers.py has it as a fixture
        between.mailward("domain", "add", …)     # a Mailward host in production mode, mx.alpha.example, 198.18.0.10
        between.send_from_mailward("anna@alpha.example", "x@beta.example", "subject")
        between.dns.set("beta.example", "_25._tcp.mx.beta.example", "TLSA", ["3 1 1 …"])

The DNS is a Knot with a signed root of its own (``.``, ``example.``, ``alpha.example.``, ``beta.example.``; the others are
unsigned), which unbound of both hosts begins at: the root's key and hints of dns-root-data are covered by others in each
host's mount namespace, and nothing outside of it changes. The other host (mx.beta.example) is Debian's Postfix with unbound
and postfix-mta-sts-resolver, as anybody would set them up:

    198.18.0.20  mx.beta.example    DANE and MTA-STS; here lie the policies, too (``policy``)
    198.18.0.21  mx.gamma.example   a certificate of the laboratory's CA, MTA-STS, no DNSSEC
    198.18.0.22  (nobody's MX)      a certificate of another name
    198.18.0.23  mx.plain.example   knows no STARTTLS

omega.example is delivered at Mailward, its DNS unsigned, with an MTA-STS policy.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SECRET = "Harbour-Lantern-42-Violin"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
NAME_SERVER, MAILWARD, OTHER = "198.18.0.53", "198.18.0.10", "198.18.0.20"
SIGNED = (".", "example.", "alpha.example.", "beta.example.")
ZONES: dict[str, list[str]] = {
    ".": ["ns.lab. A 198.18.0.53"],
    "example.": [],
    "alpha.example.": [
        "alpha.example. A 198.18.0.10",
        "alpha.example. MX 10 mx.alpha.example.",
        "mx.alpha.example. A 198.18.0.10",
    ],
    "beta.example.": [
        "beta.example. MX 10 mx.beta.example.",
        "mx.beta.example. A 198.18.0.20",
        "mta-sts.beta.example. A 198.18.0.20",
        '_mta-sts.beta.example. TXT "v=STSv1; id=1;"',
    ],
    "gamma.example.": [
        "gamma.example. MX 10 mx.gamma.example.",
        "mx.gamma.example. A 198.18.0.21",
        "mta-sts.gamma.example. A 198.18.0.20",
        '_mta-sts.gamma.example. TXT "v=STSv1; id=1;"',
    ],
    "omega.example.": [
        "omega.example. MX 10 mx.alpha.example.",
        "mta-sts.omega.example. A 198.18.0.20",
        '_mta-sts.omega.example. TXT "v=STSv1; id=1;"',
    ],
    "plain.example.": [
        "plain.example. MX 10 mx.plain.example.",
        "mx.plain.example. A 198.18.0.23",
    ],
}


def until(true: Callable[[], Any], what: str, seconds: float = 15) -> Any:
    """Wait until it is so; what it then was."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError):
            found = true()
            if found:
                return found
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)


@dataclass
class Namespace:
    """A network and a mount namespace, kept by a process that sleeps. ``kept``: what was started in it."""

    holder: "subprocess.Popen[str]"
    kept: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @classmethod
    def made(cls, covered: Sequence[tuple[Path, str]] = ()) -> "Namespace":
        script = "".join(f"mount --bind {here} {there}\n" for here, there in covered)
        script = f"set -e\n{script}ip link set lo up\necho ready\nexec sleep 1000000\n"
        argv = ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", script]
        holder = subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        assert holder.stdout is not None and holder.stdout.readline() == "ready\n"
        return cls(holder)

    def inside(self, *argv: str) -> list[str]:
        return ["nsenter", "--target", str(self.holder.pid), "--net", "--mount", "--", *argv]

    def run(self, *argv: str, check: bool = True, stdin: str = "") -> str:
        environment = {"PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": "/"}
        done = subprocess.run(
            self.inside(*argv), input=stdin, capture_output=True, text=True, timeout=120, check=False, env=environment
        )
        assert not check or done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def keep(self, log: Path, *argv: str) -> None:
        """Start a daemon that stays in the foreground."""
        with log.open("ab") as opened:
            environment = {"PATH": PATH, "LC_ALL": "C.UTF-8"}
            started = subprocess.Popen(
                self.inside(*argv), stdout=opened, stderr=opened, stdin=subprocess.DEVNULL, env=environment,
                start_new_session=True,
            )  # fmt: skip
        self.kept.append(started)

    def end(self) -> None:
        for process in reversed(self.kept):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)
        self.holder.kill()
        self.holder.wait(5)


class Authority:
    """The laboratory's CA."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._signed(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lab")]), self._key, ())
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, *names: str) -> tuple[bytes, bytes]:
        """(the key's PEM, the chain's PEM)."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return private, self._signed(subject, key, names).public_bytes(serialization.Encoding.PEM) + self.pem

    def _signed(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, names: Sequence[str]) -> x509.Certificate:
        now = datetime.now(UTC)
        issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lab")])
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number())
        made = made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=60))
        made = made.add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        made = made.add_extension(own, critical=False).add_extension(above, critical=False)
        if names:
            made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            made = made.add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        return made.sign(self._key, hashes.SHA256())


def tlsa(pem: bytes) -> str:
    """``3 1 1`` of the first certificate."""
    key = x509.load_pem_x509_certificate(pem).public_key()
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"3 1 1 {sha256(spki).hexdigest()}"


class Dns:
    """The root and everything below it, on one Knot. Records live for no time."""

    def __init__(self, work: Path, place: Namespace) -> None:
        self._work, self._place = work / "dns", place
        (self._work / "db").mkdir(parents=True)
        self._conf = self._work / "knot.conf"
        zones = "".join(
            f"  - domain: {zone}\n    file: {self._work}/{_file(zone)}\n"
            + ("    dnssec-signing: on\n    dnssec-policy: lab\n" if zone in SIGNED else "")
            for zone in ZONES
        )
        self._conf.write_text(
            f"server:\n    rundir: {self._work}\n    listen: {NAME_SERVER}@53\n    user: root:root\n"
            f"control:\n    listen: {self._work}/knot.sock\n"
            f"log:\n  - target: {self._work}/knot.log\n    any: info\n"
            f"database:\n    storage: {self._work}/db\n"
            "policy:\n  - id: lab\n    manual: on\n    single-type-signing: on\n    algorithm: ecdsap256sha256\n"
            "template:\n  - id: default\n    zonefile-sync: -1\n    zonefile-load: difference-no-serial\n"
            f"    journal-content: all\n    storage: {self._work}\nzone:\n{zones}"
        )
        digests = {zone: self._key(zone) for zone in SIGNED}
        for zone, records in ZONES.items():
            text = f"{zone} 0 SOA ns.lab. hostmaster.lab. 1 60 60 600 0\n{zone} 60 NS ns.lab.\n"
            below = [one for one in ZONES if one != zone and _parent(one) == zone]
            text += "".join(f"{one} 60 NS ns.lab.\n" for one in below)
            text += "".join(f"{one} 60 DS {digests[one]}\n" for one in below if one in digests)
            text += "".join("{} 0 {} {}\n".format(*record.split(" ", 2)) for record in records)
            (self._work / _file(zone)).write_text(text)
        self.anchor = f". IN DS {digests['.']}\n"
        place.keep(self._work / "out", "knotd", "-c", str(self._conf))
        until(
            lambda: "serial" in place.run("knotc", "-s", f"{self._work}/knot.sock", "zone-status", ".", check=False),
            "Knot",
            20,
        )

    def set(self, zone: str, name: str, rdtype: str, values: Sequence[str]) -> None:
        """Let this be the whole set, and be signed. When it returns nobody remembers the old one: its time to live is 0,
        but Postfix keeps TLSA records for two seconds at least."""
        self._knotc("zone-begin", f"{zone}.")
        self._knotc("zone-unset", f"{zone}.", f"{name}.", rdtype, check=False)
        for value in values:
            self._knotc("zone-set", f"{zone}.", f"{name}.", "0", rdtype, value)
        self._knotc("zone-commit", f"{zone}.")
        time.sleep(3.1 if rdtype == "TLSA" else 0.2)

    @contextlib.contextmanager
    def instead(self, zone: str, name: str, rdtype: str, values: Sequence[str]) -> Iterator[None]:
        """``set`` for the time of the block; then what was there before."""
        before = self.held(zone, name, rdtype)
        self.set(zone, name, rdtype, values)
        try:
            yield
        finally:
            self.set(zone, name, rdtype, before)

    def held(self, zone: str, name: str, rdtype: str) -> list[str]:
        """What is published now."""
        said = self._place.run("knotc", "-s", f"{self._work}/knot.sock", "zone-read", f"{zone}.", f"{name}.", rdtype)
        return [line.split(rdtype, 1)[1].strip() for line in said.splitlines() if rdtype in line]

    def _knotc(self, *words: str, check: bool = True) -> None:
        self._place.run("knotc", "-s", f"{self._work}/knot.sock", *words, check=check)

    def _key(self, zone: str) -> str:
        keymgr = ("keymgr", "-c", str(self._conf), zone)
        self._place.run(*keymgr, "generate", "algorithm=ECDSAP256SHA256", "ksk=yes", "zsk=yes")
        (digest, *_) = re.findall(r"DS (\d+ 13 2 [0-9a-f]+)", self._place.run(*keymgr, "ds"))
        return str(digest)


def _parent(zone: str) -> str:
    above = zone.partition(".")[2]
    return above or "."


def _file(zone: str) -> str:
    return f"{zone.rstrip('.') or 'root'}.zone"


OTHER_MAIN = """compatibility_level = 3.6
queue_directory = {work}/queue
data_directory = {work}/data
maillog_file = {work}/mail.log
maillog_file_prefixes = {work}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.beta.example
mydestination =
alias_maps =
local_recipient_maps =
inet_interfaces = all
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
virtual_mailbox_domains = beta.example, gamma.example, plain.example
virtual_mailbox_base = {work}/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 100
smtpd_tls_security_level = may
smtpd_tls_chain_files = {work}/good.pem
smtpd_tls_received_header = yes
smtp_host_lookup = dns
smtp_dns_support_level = dnssec
smtp_tls_security_level = dane
smtp_tls_policy_maps = socketmap:unix:{work}/sts/sts.sock:postfix
smtp_tls_CAfile = {work}/ca.pem
smtp_tls_loglevel = 1
smtp_connection_cache_on_demand = no
"""
OTHER_MASTER = """127.0.0.1:25 inet n - n - - smtpd
198.18.0.20:25 inet n - n - - smtpd
198.18.0.21:25 inet n - n - - smtpd
198.18.0.22:25 inet n - n - - smtpd
    -o smtpd_tls_chain_files={work}/wrong.pem
198.18.0.23:25 inet n - n - - smtpd
    -o smtpd_tls_security_level=none
pickup     unix  n - n 60 1 pickup
cleanup    unix  n - n - 0 cleanup
qmgr       unix  n - n 300 1 qmgr
tlsmgr     unix  - - n 1000? 1 tlsmgr
rewrite    unix  - - n - - trivial-rewrite
bounce     unix  - - n - 0 bounce
defer      unix  - - n - 0 bounce
trace      unix  - - n - 0 bounce
verify     unix  - - n - 1 verify
flush      unix  n - n 1000? 0 flush
proxymap   unix  - - n - - proxymap
smtp       unix  - - n - - smtp
relay      unix  - - n - - smtp
showq      unix  n - n - - showq
error      unix  - - n - - error
retry      unix  - - n - - error
discard    unix  - - n - - discard
virtual    unix  - n n - - virtual
anvil      unix  - - n - 1 anvil
scache     unix  - - n - 1 scache
postlog    unix-dgram n - n - 1 postlogd
"""
UNBOUND = """server:
    chroot: ""
    username: ""
    directory: {work}
    pidfile: ""
    use-syslog: no
    logfile: {work}/unbound.log
    interface: 127.0.53.53@53
    access-control: 127.0.0.0/8 allow
    trust-anchor-file: /usr/share/dns/root.key
    root-hints: /usr/share/dns/root.hints
    cache-max-negative-ttl: 1
"""
HTTPS = """
import http.server, pathlib, ssl, sys
work = pathlib.Path(sys.argv[1])
class Policies(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        host = (self.headers["Host"] or "").partition(":")[0]
        body = (work / "policies" / pathlib.Path(host).name).read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(work / "https.pem")
server = http.server.ThreadingHTTPServer(("198.18.0.20", 443), Policies)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""
SEND = """
import smtplib, ssl, sys
host, port, sender, recipient, subject, password = sys.argv[1:7]
with smtplib.SMTP(host, int(port), "client.example", timeout=20) as smtp:
    if password:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        smtp.starttls(context=context)
        smtp.login(sender, password)
    lines = (f"From: {sender}", f"To: {recipient}", f"Subject: {subject}", "", "Hello.", "")
    smtp.sendmail(sender, [recipient], "\\r\\n".join(lines))
"""


# Many commands in one process: to start one takes a second each.
IN_A_ROW = """
import io, json, os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailward.django_settings")
import django
django.setup()
from mailward.cli.app import run
for words in json.loads(sys.argv[3]):
    if words[0] == "by-hand":  # its DNS isn't here: the laboratory's people publish it
        from mailward.store.models import Zone
        Zone.objects.update_or_create(name=words[1], defaults={"home": "by-hand"})
        continue
    sys.stdin = io.StringIO(sys.argv[1] + chr(10))
    if code := run([*words, "--instance", sys.argv[2]], {}):
        sys.exit(code)
"""


@dataclass
class Lab:
    """``here`` is the Mailward host, ``there`` the other one."""

    work: Path
    authority: Authority
    here: Namespace
    there: Namespace
    dns: Dns
    mailward_tlsa: str = ""
    python: str = sys.executable

    @property
    def instance(self) -> Path:
        return self.work / "instance"

    def mailward(self, *words: str, check: bool = True, stdin: str = "") -> str:
        argv = (sys.executable, "-m", "mailward", *words, "--instance", str(self.instance))
        return self.here.run(*argv, check=check, stdin=stdin)

    def policy(self, domain: str, *names: str, mode: str = "enforce") -> None:
        """What ``https://mta-sts.<domain>/.well-known/mta-sts.txt`` says. The TXT record's id is the caller's."""
        lines = ["version: STSv1", f"mode: {mode}", *(f"mx: {name}" for name in names), "max_age: 86400"]
        (self.work / "other" / "policies" / f"mta-sts.{domain}").write_text("\r\n".join(lines) + "\r\n")

    def send_from_mailward(self, sender: str, recipient: str, subject: str) -> None:
        self.here.run(sys.executable, "-c", SEND, MAILWARD, "587", sender, recipient, subject, SECRET)

    def send_from_other(self, sender: str, recipient: str, subject: str) -> None:
        self.there.run(sys.executable, "-c", SEND, "127.0.0.1", "25", sender, recipient, subject, "")

    def mailward_says(self, recipient: str) -> str:
        """The last line of Mailward's log about a delivery to ``recipient`` (made unique by its caller)."""
        return _delivery(self.instance / "log" / "postfix.log", recipient)

    def other_says(self, recipient: str) -> str:
        return _delivery(self.work / "other" / "mail.log", recipient)

    def arrived(self, address: str, subject: str) -> str:
        """The message, as it lies in the mailbox."""

        def found() -> str:
            files = (self.instance / "mail").rglob("*")
            texts = (one.read_text(errors="replace") for one in files if one.parent.name in ("new", "cur"))
            return next((text for text in texts if f"Subject: {subject}" in text and address in text), "")

        return str(until(found, f"mail for {address}"))

    def flush_mailward(self) -> None:
        self.here.run("postqueue", "-c", str(self.instance / "current" / "postfix"), "-f")

    def flush_other(self) -> None:
        self.there.run("postqueue", "-c", str(self.work / "other"), "-f")


def _delivery(log: Path, recipient: str) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if f"to=<{recipient}>" in line]
    return lines[-1] if lines else ""


@contextlib.contextmanager
def lab() -> Iterator[Lab]:
    """Everything up, with a domain and the mailbox anna@alpha.example (and anna@omega.example); destroyed in the end."""
    work = Path(tempfile.mkdtemp(prefix="mailward-test-"))
    work.chmod(0o755)
    for name in ("root.key", "root.hints"):
        (work / name).write_text("")
    covered = [(work / name, f"/usr/share/dns/{name}") for name in ("root.key", "root.hints")]
    places: list[Namespace] = []
    made: Lab | None = None
    try:
        for _ in range(3):
            places.append(Namespace.made(covered))
        middle, here, there = places
        _connect(middle, here, there)
        dns = Dns(work, middle)
        (work / "root.key").write_text(dns.anchor)
        (work / "root.hints").write_text(f". 3600000 NS ns.lab.\nns.lab. 3600000 A {NAME_SERVER}\n")
        made = Lab(work, Authority(), here, there, dns)
        (work / "trust.pem").write_bytes(made.authority.pem)
        _start_other(made)
        _start_mailward(made)
        yield made
    finally:
        if made is not None and made.instance.exists():
            made.mailward("destroy", "--yes", check=False)
        if made is not None:  # its master leads a session of its own
            made.there.run("postfix", "-c", str(work / "other"), "stop", check=False)
        for place in reversed(places):
            place.end()
        shutil.rmtree(work, ignore_errors=True)


def _connect(middle: Namespace, here: Namespace, there: Namespace) -> None:
    """A bridge in the middle, with an address of its own for the name server."""
    middle.run("ip", "link", "add", "br0", "type", "bridge")
    middle.run("ip", "addr", "add", f"{NAME_SERVER}/24", "dev", "br0")
    middle.run("ip", "link", "set", "br0", "up")
    own = ((here, (MAILWARD,)), (there, (OTHER, "198.18.0.21", "198.18.0.22", "198.18.0.23")))
    for number, (place, addresses) in enumerate(own):
        far = str(place.holder.pid)
        middle.run("ip", "link", "add", f"v{number}", "type", "veth", "peer", "name", "eth0", "netns", far)
        middle.run("ip", "link", "set", f"v{number}", "master", "br0", "up")
        for address in addresses:
            place.run("ip", "addr", "add", f"{address}/24", "dev", "eth0")
        place.run("ip", "link", "set", "eth0", "up")
        place.run("ip", "route", "add", "default", "via", NAME_SERVER)


def _start_other(made: Lab) -> None:
    work = made.work / "other"
    for path in (work, work / "queue", work / "data", work / "mail", work / "sts", work / "policies"):
        path.mkdir(exist_ok=True)
    made.there.run("chown", "postfix", str(work / "data"))
    made.there.run("chown", "nobody", str(work / "mail"))
    good = made.authority.issue("mx.beta.example", "mx.gamma.example")
    wrong = made.authority.issue("mx.other.example")
    policies = made.authority.issue("mta-sts.beta.example", "mta-sts.gamma.example", "mta-sts.omega.example")
    for name, pair in (("good", good), ("wrong", wrong), ("https", policies)):
        (work / f"{name}.pem").write_bytes(b"".join(pair))
    (work / "ca.pem").write_bytes(made.authority.pem)
    (work / "resolv.conf").write_text("nameserver 127.0.53.53\noptions trust-ad edns0\n")
    (work / "unbound.conf").write_text(UNBOUND.format(work=work))
    (work / "sts.yml").write_text(f"path: {work}/sts/sts.sock\nmode: 438\ncache_grace: 1\nshutdown_timeout: 1\n")
    (work / "main.cf").write_text(OTHER_MAIN.format(work=work))
    (work / "master.cf").write_text(OTHER_MASTER.format(work=work))
    made.policy("beta.example", "mx.beta.example")
    made.policy("gamma.example", "mx.gamma.example")
    made.policy("omega.example", "mx.alpha.example")
    there, log = made.there, work / "out"
    there.keep(log, "unbound", "-d", "-c", str(work / "unbound.conf"))
    named = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', str(work / "resolv.conf"))
    trust = ("env", f"SSL_CERT_FILE={work}/ca.pem")
    there.keep(log, *named, *trust, "mta-sts-daemon", "-c", str(work / "sts.yml"))
    there.keep(log, sys.executable, "-c", HTTPS, str(work))
    there.keep(log, *named, "postfix", "-c", str(work), "start-fg")
    made.dns.set("beta.example", "_25._tcp.mx.beta.example", "TLSA", [tlsa(good[1])])


def _start_mailward(made: Lab) -> None:
    """As docs/production.md says, with certificates of the laboratory's CA."""
    trust = made.work / "trust.pem"
    acme = "https://127.0.0.1:1/dir"
    made.mailward("up", "--hostname", "mx.alpha.example", "--acme", acme, "--trust", str(trust), "--no-install")
    key, chain = made.authority.issue("mx.alpha.example")
    (made.work / "server.pem").write_bytes(key + chain)
    commands = [
        *(["domain", "add", domain] for domain in ("alpha.example", "omega.example")),
        *(["by-hand", domain] for domain in ("alpha.example", "omega.example")),
        *(["mailbox", "add", f"anna@{domain}", "--password-stdin"] for domain in ("alpha.example", "omega.example")),
        ["certificate", "upload", "server", str(made.work / "server.pem")],
        ["secure", "server", "--mail", "server-upload"],
    ]
    made.here.run(sys.executable, "-c", IN_A_ROW, SECRET, str(made.instance), json.dumps(commands))
    made.mailward_tlsa = tlsa(chain)
    made.dns.set("alpha.example", "_25._tcp.mx.alpha.example", "TLSA", [made.mailward_tlsa])
