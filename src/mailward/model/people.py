"""Who asks for something."""

from dataclasses import dataclass, replace

from mailward.model.rights import HOST, Act, Grant, PersonRole, Place

WHOLE_HOST = (Grant(PersonRole.PROVIDER),)


@dataclass(frozen=True)
class Limits:
    """What a token was narrowed to. None: not narrowed. A token that is narrowed to domains reaches nothing else."""

    acts: frozenset[Act] | None = None
    domains: frozenset[str] | None = None


@dataclass(frozen=True)
class Actor:
    """A person or program that acts. ``name`` is written into every run and event.

    A person of the panel is named by the address that signs in; ``account`` is its row. Root at the command line, and the
    steward, hold the whole host. ``is_fresh``: a second factor was shown lately, as dangerous acts demand.
    """

    name: str
    grants: tuple[Grant, ...] = WHOLE_HOST
    account: int | None = None
    came_from: str = ""  # an IP address; "" for the machine itself
    limits: Limits = Limits()
    is_fresh: bool = True

    def may(self, act: Act, place: Place = HOST) -> bool:
        """Whether some grant allows ``act`` at ``place``, and no limit forbids it. Freshness is asked elsewhere."""
        if self.limits.acts is not None and act not in self.limits.acts:
            return False
        if self.limits.domains is not None and place.domain not in self.limits.domains:
            return False
        return any(grant.allows(act) and grant.covers(place) for grant in self.grants)

    def may_somewhere(self, act: Act) -> bool:
        """Whether ``act`` is allowed anywhere: what menus ask."""
        if self.limits.acts is not None and act not in self.limits.acts:
            return False
        return any(grant.allows(act) for grant in self.grants)

    @property
    def holds_host(self) -> bool:
        """Whether this is a provider, who sees commands and the whole host."""
        return self.may(Act.SERVER_CHANGE)

    def fresh(self) -> "Actor":
        return replace(self, is_fresh=True)


STEWARD = Actor("steward")
