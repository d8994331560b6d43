"""unbound: the instance's own validating resolver (RFC 4033 to 4035), on loopback.

In production it begins at the root and trusts the root's key of Debian's dns-root-data; it listens on port 53 of an address
of its own, so that a resolv.conf can name it. Postfix trusts what this resolver vouches for (DANE, RFC 7672), and so do our
own looks. In a demo it asks the demo's Knot alone and trusts the keys in ``demo_anchors``, which the steward writes (DS or
DNSKEY records, one a line; an empty file means that nothing is signed) before it says ``reload``.

It never answers anybody but this host, and never changes the system's own /etc/resolv.conf.
"""

from ipaddress import ip_address
from pathlib import Path, PurePosixPath

from mailward.daemons.daemon import Checker, Daemon, Directory, Program, always
from mailward.daemons.rendering import render_file
from mailward.model.desired import DesiredState
from mailward.model.generations import File, Renewal
from mailward.model.layout import Layout
from mailward.model.settings import DNS_PORT, Settings

NAME = "unbound"
USER = "unbound"


def demo_anchors(layout: Layout) -> Path:
    """The keys that a demo's resolver trusts (root:root, 0644). Empty at first."""
    return layout.state / NAME / "demo-anchors"


def control_socket(layout: Layout) -> Path:
    return layout.run / NAME / "control.sock"


def control(layout: Layout, *words: str) -> tuple[str, ...]:
    """A command to the running resolver: ``reload`` reads the anchors anew, ``flush_zone NAME`` forgets a zone."""
    return ("/usr/sbin/unbound-control", "-c", _config(layout.current), *words)


def can_be_named(settings: Settings) -> bool:
    """Whether a resolv.conf can name it: no port can be written there."""
    return settings.internal.resolver == DNS_PORT


def resolv_conf(settings: Settings) -> str:
    """What programs read that are to ask it. ``trust-ad``: what it vouches for may be believed (resolv.conf(5))."""
    return f"nameserver {settings.resolver_address}\noptions trust-ad edns0\n"


def resolv_path(layout: Layout) -> Path:
    return layout.current / NAME / "resolv.conf"


def asking_here(desired: DesiredState, layout: Layout, argv: tuple[str, ...]) -> tuple[str, ...]:
    """``argv`` (run as root) as a command that asks this resolver and no other."""
    if not can_be_named(desired.settings):
        return argv
    return ("/bin/sh", str(layout.current / NAME / "ask-here.sh"), str(resolv_path(layout)), *argv)


def _render(desired: DesiredState, layout: Layout) -> tuple[File, ...]:
    settings = desired.settings
    values: dict[str, object] = {
        "state": layout.state / NAME,
        "log": layout.log / NAME / "unbound.log",
        "socket": control_socket(layout),
        "address": settings.resolver_address,
        "port": settings.internal.resolver,
        "demo": settings.demo is not None,
        "dns_port": settings.dns_port,
        "anchors": demo_anchors(layout),
        "own_zones": ("localhost", "test", "127.in-addr.arpa", ip_address("::1").reverse_pointer),
    }
    files = render_file(f"{NAME}/unbound.conf", values), render_file(f"{NAME}/run.sh", values)
    if not can_be_named(settings):
        return files
    named = File(PurePosixPath(NAME, "resolv.conf"), resolv_conf(settings).encode())
    return (*files, named, render_file(f"{NAME}/ask-here.sh", values))


def _config(directory: Path) -> str:
    return str(directory / NAME / "unbound.conf")


UNBOUND = Daemon(
    name=NAME,
    wanted=always,
    render=_render,
    program=lambda _desired, layout: Program(("/bin/sh", str(layout.current / NAME / "run.sh"), _config(layout.current))),
    checkers=lambda _desired, _layout, staged: (
        Checker(("/usr/sbin/unbound-checkconf", _config(staged)), words=("error:", "warning:", "fatal")),
    ),
    reload=lambda layout: control(layout, "reload"),
    renewal=lambda file: Renewal.RESTART if file.path.name in ("unbound.conf", "run.sh") else Renewal.NOTHING,
    directories=lambda layout: (
        Directory(layout.state / NAME),
        Directory(layout.run / NAME, 0o750, USER, USER),
        Directory(layout.log / NAME, 0o750, USER, USER),
    ),
    reopen=lambda layout: control(layout, "log_reopen"),
)
