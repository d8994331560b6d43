"""What changes without a new generation: names -> certificates, and the directory of mailboxes."""

from dataclasses import dataclass

from mailward.model.certificates import KeyedChain
from mailward.model.doors import Role


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
    """A domain for which mail is delivered here."""

    name: str
    active: bool = True


@dataclass(frozen=True)
class DirectoryMailbox:
    """A mailbox as Postfix and Dovecot look it up. ``password`` is a Dovecot password scheme string ({ARGON2ID}...)."""

    address: str
    domain: str
    password: str
    quota_bytes: int = 0  # 0: no limit
    active: bool = True

    def __repr__(self) -> str:
        return f"DirectoryMailbox({self.address})"


@dataclass(frozen=True)
class DirectoryAlias:
    """Mail for ``address`` goes to ``targets`` (comma-separated for Postfix when published)."""

    address: str
    domain: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class DirectoryChange:
    """One transaction on the directory: rows to put (by their key) and keys to remove."""

    put: tuple[DirectoryDomain | DirectoryMailbox | DirectoryAlias, ...] = ()
    remove_domains: tuple[str, ...] = ()
    remove_mailboxes: tuple[str, ...] = ()
    remove_aliases: tuple[str, ...] = ()
