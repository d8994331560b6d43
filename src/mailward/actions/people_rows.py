"""What the actions about people answer. ``secret`` is shown once, and never printed by ``repr`` or as JSON."""

from dataclasses import dataclass, field
from datetime import datetime

from mailward.model.rights import Grant, PersonRole, Reach


@dataclass(frozen=True)
class GrantRow:
    """A role that somebody holds. ``group``: through which group; "": by a grant of their own."""

    id: int
    role: PersonRole
    customer: str | None
    domain: str | None
    mailbox: str | None
    group: str = ""

    @property
    def grant(self) -> Grant:
        return Grant(self.role, self.customer, self.domain, self.mailbox)


@dataclass(frozen=True)
class PersonRow:
    """``invited_until``: their link can be used until then; None: no link is under way. ``has_password``: they can sign in.
    ``second_factors``: how many they have set up."""

    id: int
    email: str
    name: str
    language: str
    active: bool
    has_password: bool
    invited_until: datetime | None
    created_at: datetime
    last_login: datetime | None
    second_factors: int
    grants: tuple[GrantRow, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Invited:
    """``secret`` is the last part of the link ``/invitation/<secret>/``; only its SHA-256 is kept."""

    person: PersonRow
    expires_at: datetime
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Invitee:
    """Whom an invitation is for, as the page that takes it up shows it."""

    email: str
    name: str
    language: str
    invited_by: str
    expires_at: datetime


@dataclass(frozen=True)
class MemberRow:
    id: int
    email: str


@dataclass(frozen=True)
class GroupRow:
    """``customer`` None: the provider's own people."""

    id: int
    name: str
    customer: str | None
    members: tuple[MemberRow, ...]
    grants: tuple[GrantRow, ...]


@dataclass(frozen=True)
class RoleOffer:
    """A role that may be given, and what it may be tied to."""

    role: PersonRole
    reaches: tuple[Reach, ...]


@dataclass(frozen=True)
class TokenRow:
    """``acts`` and ``domains`` None: not narrowed."""

    id: int
    owner: str
    label: str
    acts: tuple[str, ...] | None
    domains: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    is_usable: bool


@dataclass(frozen=True)
class TokenMade:
    """``secret`` is the whole token, ``mw_<id>_<43 characters>``."""

    token: TokenRow
    secret: str = field(repr=False)
