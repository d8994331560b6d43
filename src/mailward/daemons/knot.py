"""Knot: the DNS of the hosted domains, and where ACME's DNS-01 answers are put.

A zone is a member of a catalog zone (RFC 9432): a new domain is a zone file and one dynamic update (RFC 2136) to the
catalog, and no new generation. Zones change by dynamic updates signed with the key in ``secrets/`` (RFC 8945), from
loopback only; Knot writes each change back into the zone's file, so nothing is lost at a restart. Once a zone is
there, nobody else may write its file. Zones are signed (RFC 4033 to 4035) with keys that Knot makes, keeps and rolls over;
secondaries copy them, told which there are by the catalog.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from mailward.daemons.daemon import Checker, Daemon, Directory, Program, always
from mailward.daemons.quoting import name as checked_name
from mailward.daemons.rendering import render_file
from mailward.daemons.secrets import TSIG_NAME, knot_tsig
from mailward.model.desired import DesiredState
from mailward.model.dns_settings import split_address
from mailward.model.generations import File, Renewal
from mailward.model.layout import Layout
from mailward.model.settings import OWN_TOP_LEVEL

NAME = "knot"
CATALOG = f"catalog.{OWN_TOP_LEVEL}"


@dataclass(frozen=True)
class Membership:
    """The one record of the catalog that makes a zone served: hand it to DnsUpdates.add or .remove."""

    zone: str
    name: str
    rdtype: str
    value: str
    ttl: int = 0


def membership(domain: str) -> Membership:
    """The catalog's record for ``domain``. Put the zone's file in place before it is added."""
    label = hashlib.sha256(checked_name(domain).lower().encode()).hexdigest()[:32]
    return Membership(CATALOG, f"{label}.zones.{CATALOG}", "PTR", f"{domain.lower()}.")


def zone_path(layout: Layout, domain: str) -> Path:
    """Where a zone's file is put before it becomes a member: owner and group knot, mode 0640."""
    return layout.zones / f"{checked_name(domain).lower()}.zone"


def catalog_path(layout: Layout) -> Path:
    return layout.zones / f"{CATALOG}.zone"


def catalog_file() -> str:
    """An empty catalog (RFC 9432 section 4.1), put in place once, before Knot's first start."""
    return (
        f"{CATALOG}. 0 SOA invalid. invalid. 1 3600 600 2147483646 0\n"
        f"{CATALOG}. 0 NS invalid.\n"
        f'version.{CATALOG}. 0 TXT "2"\n'
    )


def control_socket(layout: Layout) -> Path:
    return layout.run / NAME / "knot.sock"


def listening(desired: DesiredState) -> tuple[str, ...]:
    """Loopback for ourselves, and the addresses of the doors for the world."""
    addresses = desired.settings.addresses
    loopback = () if "0.0.0.0" in addresses else ("127.0.0.1",)  # noqa: S104 - compared with, not listened on
    return tuple(dict.fromkeys((*loopback, *addresses)))


def _render(desired: DesiredState, layout: Layout) -> tuple[File, ...]:
    values: dict[str, object] = {
        "listen": listening(desired),
        "port": desired.settings.dns_port,
        "run": layout.run / NAME,
        "socket": control_socket(layout),
        "tsig": knot_tsig(layout),
        "tsig_name": TSIG_NAME,
        "log": layout.log / NAME / "knot.log",
        "database": layout.state / NAME,
        "zones": layout.zones,
        "catalog": CATALOG,
        "catalog_file": catalog_path(layout).name,
        "hostname": desired.settings.hostname,
        "resolver": (desired.settings.resolver_address, desired.settings.internal.resolver),
        "secondaries": [split_address(one.address) for one in desired.settings.dns.secondaries],
    }
    return (render_file(f"{NAME}/knot.conf", values),)


def _config(directory: Path) -> str:
    return str(directory / NAME / "knot.conf")


def knotc(layout: Layout, *words: str) -> tuple[str, ...]:
    """A command to the running server."""
    return ("/usr/sbin/knotc", "-s", str(control_socket(layout)), *words)


KNOT = Daemon(
    name=NAME,
    wanted=always,
    render=_render,
    program=lambda _desired, layout: Program(("/usr/sbin/knotd", "-c", _config(layout.current))),
    checkers=lambda _desired, _layout, staged: (
        Checker(("/usr/sbin/knotc", "-c", _config(staged), "conf-check"), words=("error", "warning")),
    ),
    reload=lambda layout: knotc(layout, "reload"),
    renewal=lambda _file: Renewal.RESTART,
    directories=lambda layout: (
        Directory(layout.secrets, 0o711),
        Directory(layout.run / NAME, 0o750, "knot", "knot"),
        Directory(layout.state / NAME, 0o750, "knot", "knot"),
        Directory(layout.zones, 0o750, "knot", "knot"),
        Directory(layout.log / NAME, 0o750, "knot", "knot"),
    ),
    reopen=lambda layout: knotc(layout, "reload"),
)
