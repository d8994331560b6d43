"""Where everything lies inside an instance directory. Pure paths: nothing is read or made here."""

import re
from dataclasses import dataclass
from pathlib import Path

from mailward.model.doors import Role
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence

SYSTEM_ROOTS = Path("/etc/ssl/certs/ca-certificates.crt")
_LINEAGE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Layout:
    """The paths of one instance. Nothing outside ``root`` is written, but packages, system users and a systemd unit."""

    root: Path

    @property
    def settings(self) -> Path:
        return self.root / "mailward.toml"

    @property
    def store(self) -> Path:
        """In a directory of its own that nobody but root can write; the file itself the panel's user writes, too."""
        return self.root / "store" / "store.sqlite"

    @property
    def store_elsewhere(self) -> Path:
        """Where the tables are, when they are not in ``store``."""
        return self.store.with_name("elsewhere")

    @property
    def store_files(self) -> tuple[Path, ...]:
        """The store with the two files that SQLite keeps beside it."""
        return tuple(self.store.with_name(self.store.name + suffix) for suffix in ("", "-wal", "-shm"))

    @property
    def secrets(self) -> Path:
        """Root only: the steward's key, TSIG secrets, one-time passwords not yet read."""
        return self.root / "secrets"

    @property
    def generations(self) -> Path:
        return self.root / "generations"

    @property
    def current(self) -> Path:
        """A symbolic link to ``generations/N``: the configuration that the daemons read."""
        return self.root / "current"

    @property
    def tls(self) -> Path:
        return self.root / "tls"

    @property
    def tls_versions(self) -> Path:
        """``<lineage>.<version>.pem``: chain and key in one file, never changed once written (0640 root:mailward-web).

        A version that has an RSA companion has it beside it (``….rsa.pem``), and both in a third file (``….all.pem``).
        """
        return self.tls / "versions"

    def tls_version(self, lineage: str, version: int) -> Path:
        return self.tls_versions / f"{_stem(lineage, version)}.pem"

    def tls_companion(self, lineage: str, version: int) -> Path:
        """Where nginx and Dovecot find the RSA companion; there is no such file where there is no companion."""
        return self.tls_versions / f"{_stem(lineage, version)}.rsa.pem"

    def tls_all(self, lineage: str, version: int) -> Path:
        """Both one after the other, for Postfix, which refuses a list in which one certificate stands twice."""
        return self.tls_versions / f"{_stem(lineage, version)}.all.pem"

    def tls_names(self, role: Role) -> Path:
        """A directory of symbolic links, one per name asked for by SNI: ``alpha.test``, ``_.alpha.test`` for ``*.``."""
        return self.tls / role.value

    def tls_default(self, role: Role) -> Path:
        """A symbolic link to the server-wide certificate (MAIL) or the panel's one (WEB): for no name or unknown names."""
        return self.tls / f"default-{role.value}.pem"

    @property
    def tls_default_all(self) -> Path:
        """The server-wide certificate with its companion, or what ``tls_default(MAIL)`` is where it has none: Postfix'."""
        return self.tls / f"default-{Role.MAIL.value}.all.pem"

    @property
    def tls_default_companion(self) -> Path:
        """The server-wide certificate's RSA companion; no such link where it has none."""
        return self.tls / f"default-{Role.MAIL.value}.rsa.pem"

    @property
    def sni_map(self) -> Path:
        """Postfix's table of certificates by name, without the ``.lmdb`` it adds. Holds private keys: 0600 root."""
        return self.tls / "sni"

    @property
    def directory(self) -> Path:
        """What Postfix and Dovecot look up, in a directory of its own so that its WAL files can lie beside it."""
        return self.root / "directory" / "directory.sqlite"

    @property
    def web(self) -> Path:
        """Published static files (autoconfig, autodiscover, profiles), so that discovery works with the panel dead."""
        return self.root / "web"

    @property
    def dkim(self) -> Path:
        """What the mail path signs with: ``<domain>/signing.json`` and the keys it names (0640 root:mailward-mailpath)."""
        return self.root / "dkim"

    @property
    def reports(self) -> Path:
        """A maildir of reports that other servers sent, until the steward has read them; ``aside/`` is what it couldn't."""
        return self.root / "reports"

    @property
    def acme_challenges(self) -> Path:
        """HTTP-01 answers, served by nginx under ``/.well-known/acme-challenge/`` (RFC 8555 section 8.3)."""
        return self.root / "acme-challenges"

    @property
    def mail(self) -> Path:
        return self.root / "mail"

    @property
    def zones(self) -> Path:
        return self.root / "zones"

    @property
    def queue(self) -> Path:
        return self.root / "queue"

    @property
    def state(self) -> Path:
        """Daemons' own state (Postfix' data directory, Knot's journal and keys, Roundcube's database, pid files' kin)."""
        return self.root / "state"

    @property
    def anchors(self) -> Path:
        """What root has seen of the chain of events (store/anchors.py): the steward adds, the panel's user reads."""
        return self.state / "anchors.jsonl"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def lock(self) -> Path:
        """Whoever holds this lock is the steward; nobody else changes the host."""
        return self.root / "run" / "steward.lock"

    def trust_file(self, trust: str) -> Path:
        """The PEM file of the roots that ``Settings.trust`` means: the system's, or a file of the instance."""
        return SYSTEM_ROOTS if trust == "system" else self.root / trust


def _stem(lineage: str, version: int) -> str:
    """How a version's files begin. Both come out of the store, which the panel's process can write: what would lead out of
    the directory (into one that nginx publishes, for instance) is refused, whatever the column's type says."""
    if not _LINEAGE.fullmatch(lineage) or not isinstance(version, int):
        value = ascii(f"{lineage}.{version}")
        raise BadInput("certificate", Sentence("{value} is not a name", value=value), code="bad-name")
    return f"{lineage}.{version}"
