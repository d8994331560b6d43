"""What ought to be served under each name, and the Switch that a certificate run stands for."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from mailward.certificates import inspect
from mailward.model.certificates import KeyedChain
from mailward.model.doors import Role
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER
from mailward.model.sentence import Sentence
from mailward.model.tables import Served, Switch
from mailward.steward.host import Host
from mailward.store import declared
from mailward.store.models import Domain, Lineage, ServerChoice, Version

Wanted = Callable[[Role, str | None], str | None]


def wanted_by(served: Iterable[Served]) -> Wanted:
    """A look-up as the doors do it: the exact name, then the wildcard above it, then the server-wide choice.

    The answer is the leaf's SHA-256, or None when nothing is known, or when not all doors answer the same.
    """
    return _wanted_by(served, "sha256")


def companions_by(served: Iterable[Served]) -> Wanted:
    """The same for clients that know no ECDSA: None where what is served to the name has no RSA companion."""
    return _wanted_by(served, "companion_sha256")


def _wanted_by(served: Iterable[Served], column: str) -> Wanted:
    by_name: dict[tuple[Role, str], str | None] = {}
    default: dict[Role, str | None] = {}
    served = list(served)
    leaves = _leaves({(one.lineage, one.version) for one in served}, column)
    for one in served:
        sha256 = leaves[one.lineage, one.version]
        by_name.update({(one.role, name): sha256 for name in one.names})
        if one.default:
            default[one.role] = sha256

    def look_up(role: Role, name: str | None) -> str | None:
        if name:
            for key in ((role, name), (role, f"*.{name.partition('.')[2]}")):
                if key in by_name:
                    return by_name[key]
            if role is Role.MAIL and any((role, f"*.{higher}") in by_name for higher in _and_above(name)[2:]):
                return None  # Postfix takes a wildcard for all names below it, nginx for one label: doors differ
        return default.get(role)

    return look_up


def _leaves(versions: Collection[tuple[str, int]], column: str) -> dict[tuple[str, int], str | None]:
    """The leaf's SHA-256 of each of these versions (``column``: its own, or its companion's), asked for a thousand at a
    time."""
    lineages, found = sorted({lineage for lineage, _ in versions}), {}
    for start in range(0, len(lineages), 1000):
        rows = Version.objects.filter(lineage_id__in=lineages[start : start + 1000])
        found.update({(row[0], row[1]): row[2] for row in rows.values_list("lineage_id", "number", column)})
    return found


def now_served(host: Host, scopes: Iterable[str]) -> list[Served]:
    """What these domains (and always the server) serve, as last proven; and the domains above them, whose wildcards answer
    for names of theirs. Who lies lower has the last word."""
    names = {above for scope in scopes for above in _and_above(scope)}
    rows = Domain.objects.filter(name__in=names).select_related("webmail_lineage", "mail_lineage")
    domains = sorted(rows, key=lambda domain: domain.name.count("."))
    hostname = host.settings.hostname
    return declared.served_by_server(hostname) + declared.served_by_domains(domains, hostname)


def _and_above(name: str) -> list[str]:
    labels = name.split(".")
    return [".".join(labels[start:]) for start in range(max(1, len(labels) - 1))]


def everything_served(host: Host) -> list[Served]:
    """The whole table of names, for a first start or after it was lost."""
    domains = Domain.objects.exclude(webmail_lineage=None, mail_lineage=None)
    hostname = host.settings.hostname
    return declared.served_by_server(hostname) + declared.served_by_domains(
        domains.select_related("webmail_lineage", "mail_lineage"), hostname, declared.all_names()
    )


def switch_for(host: Host, request: Mapping[str, Any]) -> tuple[Switch, tuple[str, ...]]:
    """The switch that a run's request stands for, and the scopes (domains, "server") that it touches.

    ``choices``: [{scope, role, lineage or None}]; ``versions``: {lineage: number} brings a new version to every place
    where that lineage is chosen. Done again after a crash, it is the same switch.
    """
    versions: dict[str, int] = dict(request.get("versions", {}))
    choices = [(c["scope"], Role(c["role"]), c["lineage"]) for c in request.get("choices", [])]
    named = {(scope, role) for scope, role, _ in choices}
    for lineage in versions:
        choices += [(scope, role, lineage) for scope, role in places(lineage) if (scope, role) not in named]
    scopes = tuple(dict.fromkeys(scope for scope, _, _ in choices))
    held = {SERVER, *Domain.objects.filter(name__in=scopes).values_list("name", flat=True)}
    for scope in scopes:
        if scope not in held:  # removed while this waited: nothing of it may be served any more
            raise not_held(scope)
    wanted: list[Served] = []
    previous: list[Served] = []
    for scope, role, lineage in choices:
        before = [s for s in _before(host, scope) if s.role is role]
        previous += before
        if lineage is not None:
            wanted.append(_served(host, scope, role, lineage, versions.get(lineage)))
    kept = {(s.role, name) for s in wanted for name in s.names}
    dropped = tuple((s.role, name) for s in previous for name in s.names if (s.role, name) not in kept)
    material = dict.fromkeys((s.lineage, s.version) for s in wanted)
    switch = Switch(
        wanted=tuple(wanted),
        material=tuple((lineage, number, stored_chain(host, lineage, number)) for lineage, number in material),
        previous=tuple(previous),
        dropped=dropped,
    )
    return switch, scopes


def not_held(domain: str) -> BadInput:
    said = Sentence("{domain} is not held here", domain=domain)
    return BadInput("domain", said, Sentence("See: mailward domain list"), code="unknown")


def places(lineage: str) -> list[tuple[str, Role]]:
    """Where a lineage is chosen: (domain or "server", role)."""
    places = [(d.name, Role.WEB) for d in Domain.objects.filter(webmail_lineage=lineage)]
    places += [(d.name, Role.MAIL) for d in Domain.objects.filter(mail_lineage=lineage)]
    choice = ServerChoice.objects.first()
    if choice is not None and choice.panel_lineage_id == lineage:
        places.append((SERVER, Role.WEB))
    if choice is not None and choice.mail_lineage_id == lineage:
        places.append((SERVER, Role.MAIL))
    return places


def _before(host: Host, scope: str) -> list[Served]:
    if scope == SERVER:
        return declared.served_by_server(host.settings.hostname)
    return declared.served_by_domains(Domain.objects.filter(name=scope), host.settings.hostname)


def _served(host: Host, scope: str, role: Role, lineage: str, version: int | None) -> Served:
    row = Lineage.objects.get(pk=lineage)
    if scope == SERVER:
        number = version if version is not None else row.current
        assert number is not None, f"{lineage} has no version to serve"
        return Served(role, (host.settings.hostname,), lineage, number, default=True)
    return declared.served(role, scope, row, version, hostname=host.settings.hostname)


def stored_chain(host: Host, lineage: str, number: int, *, as_issued: bool = False) -> KeyedChain:
    """A version's chain with its key, opened. Raises BadInput when it can't be served any more (expired), unless it is to
    be shown as it was issued."""
    version = Version.objects.get(lineage_id=lineage, number=number)
    pem = host.unseal.unseal(bytes(version.sealed_key)).rstrip() + b"\n" + bytes(version.chain_pem)
    if version.companion_chain_pem is not None and version.companion_sealed_key is not None:
        key = host.unseal.unseal(bytes(version.companion_sealed_key))
        pem = pem.rstrip() + b"\n" + key.rstrip() + b"\n" + bytes(version.companion_chain_pem)
    return read_as_issued(pem) if as_issued else inspect.keyed_chain(pem, expected=inspect.expect(host.clock.now()))


def read_as_issued(pem: bytes) -> KeyedChain:
    """Read without regard to today's date. What was served goes on being served after a restart, expired or not: that it
    expired is for verify to say, and one domain's neglect must not keep the whole host from starting."""
    began = max((one.not_valid_before_utc for one in inspect.read(pem).certificates), default=datetime.now(UTC))
    return inspect.keyed_chain(pem, expected=inspect.expect(began))
