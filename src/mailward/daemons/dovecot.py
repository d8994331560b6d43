"""Dovecot: mailboxes by IMAP and POP3, delivery by LMTP, filters by ManageSieve, and the log-in for Postfix.

nginx is its TLS door: Dovecot itself listens on loopback and learns the client's address by PROXY protocol. Its own
STARTTLS doors (143, 110, 4190) are closed unless mailward.toml opens them; only then does it hold certificates, one
``local_name`` block for each (docs/decisions). Who has a mailbox stands in the directory, so a new one reloads nothing.
"""

from pathlib import Path

from mailward.daemons.daemon import Checker, Daemon, Directory, Program, always
from mailward.daemons.limits import MESSAGE_BYTES
from mailward.daemons.nginx import CIPHERS
from mailward.daemons.rendering import render_file
from mailward.daemons.users import MAIL
from mailward.model.desired import DesiredState
from mailward.model.doors import Door, Role
from mailward.model.generations import File
from mailward.model.layout import Layout

NAME = "dovecot"
STARTTLS_DOORS = (Door.IMAP, Door.POP3, Door.SIEVE)


def lmtp_socket(layout: Layout) -> Path:
    """Where Postfix delivers."""
    return layout.run / NAME / "lmtp"


def auth_socket(layout: Layout) -> Path:
    """Where Postfix asks whether a log-in is right (SASL)."""
    return layout.run / NAME / "auth-smtp"


def _render(desired: DesiredState, layout: Layout) -> tuple[File, ...]:
    settings = desired.settings
    values: dict[str, object] = {
        "settings": settings,
        "layout": layout,
        "here": layout.current / NAME,
        "base": layout.run / NAME,
        "open_doors": {door.value: settings.ports[door] for door in STARTTLS_DOORS if door in settings.ports},
        "default_certificate": layout.tls_default(Role.MAIL),
        "local_names": [(entry.names, layout.tls_version(entry.lineage, entry.version)) for entry in desired.local_names],
        "ciphers": CIPHERS,
        "mail_user": MAIL,
        "message_kib": MESSAGE_BYTES // 1024,
    }
    return tuple(render_file(f"{NAME}/{name}", values) for name in ("dovecot.conf", "directory.conf"))


def _config(directory: Path) -> str:
    return str(directory / NAME / "dovecot.conf")


def _directories(layout: Layout) -> tuple[Directory, ...]:
    return (
        Directory(layout.run / NAME),
        Directory(layout.state / NAME, 0o755),
        Directory(layout.mail, 0o750, MAIL, MAIL),
        Directory(layout.log),
    )


DOVECOT = Daemon(
    name=NAME,
    wanted=always,
    render=_render,
    program=lambda _desired, layout: Program(("/usr/sbin/dovecot", "-F", "-c", _config(layout.current))),
    checkers=lambda _desired, _layout, staged: (
        Checker(("/usr/bin/doveconf", "-c", _config(staged), "-n"), words=("error:", "fatal:", "warning:", "panic:")),
    ),
    reload=lambda layout: ("/usr/bin/doveadm", "-c", _config(layout.current), "reload"),
    doors=STARTTLS_DOORS,
    directories=_directories,
    reopen=lambda layout: ("/usr/bin/doveadm", "-c", _config(layout.current), "log", "reopen"),
)
