"""Postfix: the door for other mail servers (25) and for sending (587, 465), and what carries mail to the mailboxes.

Certificates are found by name in a table that changes without a reload; domains, mailboxes and aliases in the directory.
No client is trusted for its address: only a log-in may send to other hosts. The one exception is a loopback port on which
Dovecot hands over what a mailbox's filters redirect or answer.

Mail to other hosts goes by DANE (RFC 7672) and MTA-STS (RFC 8461), as ``daemons/tls_policy.py`` says for each, else by
whatever TLS they offer. What must not go in clear (of a domain that demands it, or to one of whom it is demanded) goes by
a transport of its own that waits rather than send without TLS. DANE needs a resolver that can be believed: Postfix runs
with an /etc/resolv.conf of its own that names the instance's (``daemons/unbound.py``).
"""

from pathlib import Path

from mailward.daemons import mailpath, tls_policy, unbound
from mailward.daemons.daemon import Checker, Daemon, Directory, Program, always
from mailward.daemons.dovecot import auth_socket, lmtp_socket
from mailward.daemons.limits import MESSAGE_BYTES, REPORT_BYTES, REPORTS_KILOBYTES, REPORTS_WAITING
from mailward.daemons.rendering import render_file
from mailward.daemons.users import REPORTS
from mailward.model.desired import DesiredState
from mailward.model.doors import Door, Role
from mailward.model.generations import File, Renewal
from mailward.model.layout import Layout
from mailward.model.settings import Settings

NAME = "postfix"
MANDATORY_TRANSPORT = "smtptls"  # by which leaves what must not go in clear
TLS_LEVELS = frozenset(("none", "may", "encrypt", "dane", "dane-only", "fingerprint", "verify", "secure"))
_MAPS = ("domains.cf", "mailboxes.cf", "aliases.cf", "senders.cf", "tls-in.cf", "tls-partners.cf")
_OUTBOUND_MAPS = ("tls-levels.cf", "tls-transports.cf", "tls-senders.cf")


def _render(desired: DesiredState, layout: Layout) -> tuple[File, ...]:
    settings = desired.settings
    values: dict[str, object] = {
        "settings": settings,
        "layout": layout,
        "here": layout.current / NAME,
        "ipv6": any(":" in address for address in settings.addresses),
        "ipv4": any(":" not in address for address in settings.addresses),
        "lmtp": lmtp_socket(layout),
        "auth": auth_socket(layout),
        "milter": mailpath.socket(layout),
        "submitted": mailpath.SUBMITTED,
        "filtered": mailpath.FILTERED,
        "default_certificate": layout.tls_default_all if settings.rsa else layout.tls_default(Role.MAIL),
        "dane": unbound.can_be_named(settings),
        "tls_policy": tls_policy.socket(layout),
        "trust": layout.trust_file(settings.trust),
        "mandatory": MANDATORY_TRANSPORT,
        "message_bytes": MESSAGE_BYTES,
        "contact": "" if (settings.contact or "").endswith(f"@{settings.hostname}") else settings.contact or "",
        "reports": settings.reports_address if receives_reports(settings) else "",
        "reports_user": REPORTS,
        "report_bytes": REPORT_BYTES,
        "reports_waiting": REPORTS_WAITING,
        "reports_kilobytes": REPORTS_KILOBYTES,
        "ports": {door.value: settings.ports[door] for door in POSTFIX.doors if door in settings.ports},
    }
    maps = (*_MAPS, *_OUTBOUND_MAPS) if settings.outbound else _MAPS
    names = ("main.cf", "master.cf", "keep.sh", *maps, *(["keep-report.sh"] if values["reports"] else []))
    return tuple(render_file(f"{NAME}/{name}", values) for name in names)


def receives_reports(settings: Settings) -> bool:
    """Whether the reports' address is this host's: one of its own name. Any other is a mailbox, here or elsewhere."""
    return settings.reports_address.rpartition("@")[2] == settings.hostname


def _config(directory: Path) -> str:
    return str(directory / NAME)


def _program(desired: DesiredState, layout: Layout) -> Program:
    keep = ("/bin/sh", f"{_config(layout.current)}/keep.sh", _config(layout.current))
    return Program(unbound.asking_here(desired, layout, keep), start_seconds=2)


def _checkers(_desired: DesiredState, _layout: Layout, staged: Path) -> tuple[Checker, ...]:
    words = ("postconf: warning:", "postconf: fatal:", "postconf: error:", "unused parameter")
    return (
        Checker(("/usr/sbin/postconf", "-c", _config(staged), "-n"), words),
        Checker(("/usr/sbin/postconf", "-c", _config(staged), "-M"), words),
        Checker(("/usr/sbin/postconf", "-c", _config(staged), "-P"), words),
        Checker(("/usr/sbin/postfix", "-c", _config(staged), "check"), ("fatal:", "error:", "panic:", "unused parameter")),
    )


def wrong_tls_levels(main_cf: str, master_cf: str) -> list[str]:
    """The TLS levels that Postfix does not know, in either file: its own check takes any word, and then TLS is off.

    Our own check over a staged generation, beside the program's.
    """
    levels = []
    for line in (*main_cf.splitlines(), *master_cf.replace("-o ", "\n").splitlines()):
        key, separator, value = line.partition("=")
        if separator and key.strip().endswith("_tls_security_level") and not key.lstrip().startswith("#"):
            levels.append(value.strip())
    return [level for level in levels if level not in TLS_LEVELS]


def _renewal(file: File) -> Renewal:
    """New listeners and limits of master.cf are taken by a reload too; nothing of ours needs more (master(8))."""
    return Renewal.RELOAD if file.path.parts[0] == NAME else Renewal.NOTHING


POSTFIX = Daemon(
    name=NAME,
    wanted=always,
    render=_render,
    program=_program,
    checkers=_checkers,
    reload=lambda layout: ("/usr/sbin/postfix", "-c", _config(layout.current), "reload"),
    doors=(Door.SMTP, Door.SUBMISSION, Door.SUBMISSIONS),
    renewal=_renewal,
    directories=lambda layout: (
        Directory(layout.queue, 0o755),
        Directory(layout.state / NAME, 0o700, "postfix", "postfix"),
        Directory(layout.directory.parent, 0o750, "root", "postfix"),
        Directory(layout.log),
        Directory(layout.reports),
        *(Directory(layout.reports / name, 0o700, REPORTS, REPORTS) for name in ("new", "tmp")),
        Directory(layout.reports / "aside", 0o700),
    ),
    reopen=lambda layout: ("/usr/sbin/postfix", "-c", _config(layout.current), "reload"),
)
