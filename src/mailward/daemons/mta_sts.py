"""postfix-mta-sts-resolver: fetches and keeps other domains' MTA-STS policies (RFC 8461), on a unix socket.

Its policies survive a restart (``state/mta-sts``): who keeps us from fetching one must not undo it. Postfix doesn't
ask it but ``daemons/tls_policy.py``, which knows when DANE comes first. It finds hosts by the instance's own resolver.
"""

from pathlib import Path

from mailward.daemons import unbound
from mailward.daemons.daemon import Daemon, Directory, Program
from mailward.daemons.rendering import render_file
from mailward.daemons.users import TLS_POLICY
from mailward.model.desired import DesiredState
from mailward.model.generations import File, Renewal
from mailward.model.layout import Layout

NAME = "mta-sts"
USER = "_mta-sts"  # Debian's


def socket(layout: Layout) -> Path:
    return layout.run / NAME / "mta-sts.sock"


def _render(_desired: DesiredState, layout: Layout) -> tuple[File, ...]:
    values: dict[str, object] = {"socket": socket(layout), "cache": layout.state / NAME / "cache.sqlite"}
    return (render_file(f"{NAME}/mta-sts.yml", values),)


def _program(desired: DesiredState, layout: Layout) -> Program:
    config = str(layout.current / NAME / "mta-sts.yml")
    trust = () if desired.settings.trust == "system" else (f"SSL_CERT_FILE={layout.trust_file(desired.settings.trust)}",)
    argv = (
        *("/usr/bin/setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--"),
        *("/usr/bin/env", *trust, "/usr/bin/mta-sts-daemon", "-c", config, "-v", "warn"),
    )
    return Program(unbound.asking_here(desired, layout, argv), start_seconds=2)


MTA_STS = Daemon(
    name=NAME,
    wanted=lambda desired: desired.settings.outbound,
    render=_render,
    program=_program,
    checkers=lambda _desired, _layout, _staged: (),
    reload=None,
    renewal=lambda _file: Renewal.RESTART,
    directories=lambda layout: (
        Directory(layout.run / NAME, 0o750, USER, TLS_POLICY),
        Directory(layout.state / NAME, 0o700, USER, USER),
    ),
)
