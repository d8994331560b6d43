"""One module per real program: what it reads, who checks it, how it takes a change, what proves it. No I/O here.

``ALL`` is the whole host, in the order in which its daemons start: what others ask comes before who asks (Postfix' ports
for sending need Dovecot's log-in; the CA needs the DNS).
"""

from pathlib import PurePosixPath

from mailward.daemons import supervisor
from mailward.daemons.daemon import Checker, Daemon, Directory, Program
from mailward.daemons.dovecot import DOVECOT, DOVECOT_STARTTLS
from mailward.daemons.knot import KNOT
from mailward.daemons.limits import check_root
from mailward.daemons.mailpath import MAILPATH_DAEMON
from mailward.daemons.mta_sts import MTA_STS
from mailward.daemons.nginx import NGINX
from mailward.daemons.panel import PANEL_DAEMON
from mailward.daemons.pebble import PEBBLE
from mailward.daemons.postfix import POSTFIX
from mailward.daemons.steward import STEWARD
from mailward.daemons.tls_policy import TLS_POLICY_DAEMON
from mailward.daemons.unbound import UNBOUND
from mailward.daemons.webmail import WEBMAIL_DAEMON
from mailward.model.desired import DesiredState
from mailward.model.generations import File, Generation
from mailward.model.layout import Layout

__all__ = ["ALL", "Checker", "Daemon", "Directory", "Program", "directories", "render", "wanted"]

ALL: tuple[Daemon, ...] = (
    KNOT,
    UNBOUND,
    PEBBLE,
    DOVECOT,
    DOVECOT_STARTTLS,
    MTA_STS,
    TLS_POLICY_DAEMON,
    MAILPATH_DAEMON,
    POSTFIX,
    WEBMAIL_DAEMON,
    NGINX,
    PANEL_DAEMON,
    STEWARD,
)


def wanted(desired: DesiredState) -> tuple[Daemon, ...]:
    """The daemons that this host runs, in start order."""
    return tuple(daemon for daemon in ALL if daemon.wanted(desired))


def render(desired: DesiredState, layout: Layout) -> Generation:
    """Every file of every wanted daemon, and the supervisor's. Raises BadInput for what no syntax can hold.

    Equal settings give equal bytes, whatever the generation's number.
    """
    check_root(layout.root)
    files: dict[PurePosixPath, File] = {}
    for daemon in wanted(desired):
        files.update((file.path, file) for file in daemon.render(desired, layout))
    files.update((file.path, file) for file in supervisor.render(desired, layout, ALL))
    return Generation(dict(sorted(files.items())))


def directories(desired: DesiredState, layout: Layout) -> tuple[Directory, ...]:
    """What must exist before the first check, without doubles, parents first."""
    found = {directory.path: directory for daemon in wanted(desired) for directory in daemon.directories(layout)}
    return tuple(found[path] for path in sorted(found))
