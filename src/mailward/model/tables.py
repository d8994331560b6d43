"""What changes without a new generation: names -> certificates, and the directory of mailboxes."""

from dataclasses import dataclass, field

from mailward.model.certificates import KeyedChain
from mailward.model.doors import Role
from mailward.model.findings import DoorFinding
from mailward.model.sentence import Sentence


@dataclass(frozen=True)
class Served:
    """Which version of which lineage answers to which names, in which role.

    ``names`` are exact names and ``*.`` wildcards. The empty tuple with ``default`` set is the server-wide choice.
    """

    role: Role
    names: tuple[str, ...]
    lineage: str
    version: int
    default: bool = False


@dataclass(frozen=True)
class Switch:
    """A certificate switch: what shall be served, the material for it, and what was served before (None: nothing).

    ``dropped`` names had an own certificate until now and fall back to the server-wide one.
    """

    wanted: tuple[Served, ...]
    material: tuple[tuple[str, int, KeyedChain], ...]  # lineage, version, and what is to be served
    previous: tuple[Served, ...]
    dropped: tuple[tuple[Role, str], ...] = ()


@dataclass(frozen=True)
class DirectoryDomain:
    """A domain for which mail is delivered here. ``tls_in`` and ``tls_out``: its mail is taken, or leaves, by TLS alone."""

    name: str
    active: bool = True
    tls_in: bool = False
    tls_out: bool = False


@dataclass(frozen=True)
class DirectoryTlsDestination:
    """Another domain, to and from which mail goes by TLS alone. ``level``: what it is to prove (TLS_LEVELS)."""

    name: str
    level: str


@dataclass(frozen=True)
class DirectoryMailbox:
    """A mailbox as Postfix and Dovecot look it up. ``password`` is a Dovecot password scheme string ({ARGON2ID}...).

    ``mark`` is the SHA-256 of the sealed form from which the password was opened: what was published already needs not be
    opened again to be compared. ``active``: may log in; mail is taken for it all the same.
    """

    address: str
    domain: str
    password: str = field(repr=False)
    quota_bytes: int = 0  # 0: no limit
    active: bool = True
    mark: str = field(default="", repr=False)


@dataclass(frozen=True)
class DirectoryAppPassword:
    """A password for programs: it opens ``protocols`` of one mailbox. Found by ``selector``, its first eight characters."""

    address: str
    selector: str
    password: str = field(repr=False)  # a Dovecot password scheme string, {SSHA512}…
    protocols: tuple[str, ...]
    mark: str = field(default="", repr=False)


@dataclass(frozen=True)
class DirectoryAlias:
    """Mail for ``address`` goes to ``targets`` (comma-separated for Postfix when published)."""

    address: str
    domain: str
    targets: tuple[str, ...]


DirectoryRow = DirectoryDomain | DirectoryMailbox | DirectoryAlias | DirectoryAppPassword | DirectoryTlsDestination


@dataclass(frozen=True)
class DirectoryChange:
    """One transaction on the directory: rows to put (by their key) and keys to remove."""

    put: tuple[DirectoryRow, ...] = ()
    remove_domains: tuple[str, ...] = ()
    remove_mailboxes: tuple[str, ...] = ()
    remove_aliases: tuple[str, ...] = ()
    remove_tls_destinations: tuple[str, ...] = ()
    forget_app_passwords: tuple[str, ...] = ()  # addresses: of their app passwords, only those that are put remain


@dataclass(frozen=True)
class SwitchStaged:
    """The versions lie in ``tls/versions``; no name points at them yet."""

    switch: Switch


@dataclass(frozen=True)
class SwitchChecked:
    """What was written was read back, parsed, and is what was meant: key, leaf and chain belong together."""

    switch: Switch


@dataclass(frozen=True)
class SwitchApplied:
    """Every name points at its new version; nothing is proven yet."""

    switch: Switch


@dataclass(frozen=True)
class SwitchVerified:
    """Every name was asked for at every door that follows its role, and got the wanted certificate."""

    switch: Switch
    findings: tuple[DoorFinding, ...]


@dataclass(frozen=True)
class SwitchFailed:
    """At least one door did not serve what was chosen: apply(previous) follows."""

    switch: Switch
    findings: tuple[DoorFinding, ...]
    what: Sentence
