"""Dovecot: mailboxes by IMAP and POP3, delivery by LMTP, filters by ManageSieve, and the log-in for Postfix.

nginx is its TLS door: Dovecot listens on loopback only, learns the client's address by PROXY protocol, and holds no key.
Who has a mailbox stands in the directory, so a new one reloads nothing.

Its own STARTTLS doors (143, 110, 4190) are a second Dovecot beside the first, over the same mailboxes, that runs only
when mailward.toml opens one of them. It has a ``local_name`` block per certificate, and what that costs (memory, a stall
of log-ins after each reload) stays on those doors. It can't be the first: one Dovecot can't demand TLS of direct clients
and take nginx' word for the others, since with PROXY protocol both have the same addresses (docs/decisions).
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
STARTTLS_NAME = "dovecot-starttls"
FILES = ("dovecot.conf", "directory.conf", "app-passwords.conf")
STARTTLS_DOORS = (Door.IMAP, Door.POP3, Door.SIEVE)


def lmtp_socket(layout: Layout) -> Path:
    """Where Postfix delivers."""
    return layout.run / NAME / "lmtp"


def auth_socket(layout: Layout) -> Path:
    """Where Postfix asks whether a log-in is right (SASL)."""
    return layout.run / NAME / "auth-smtp"


def _values(name: str, desired: DesiredState, layout: Layout) -> dict[str, object]:
    return {
        "daemon": name,
        "settings": desired.settings,
        "layout": layout,
        "here": layout.current / NAME,
        "base": layout.run / name,
        "mail_user": MAIL,
        "message_kib": MESSAGE_BYTES // 1024,
    }


def _render(desired: DesiredState, layout: Layout) -> tuple[File, ...]:
    values = _values(NAME, desired, layout)
    return tuple(render_file(f"{NAME}/{name}", values) for name in FILES)


def _open_doors(desired: DesiredState) -> dict[str, int]:
    ports = desired.settings.ports
    return {door.value: ports[door] for door in STARTTLS_DOORS if door in ports}


def _render_starttls(desired: DesiredState, layout: Layout) -> tuple[File, ...]:
    values = _values(STARTTLS_NAME, desired, layout) | {
        "open_doors": _open_doors(desired),
        "default_certificate": layout.tls_default(Role.MAIL),
        "default_companion": layout.tls_default_companion if desired.default_companion else None,
        "local_names": [
            (
                entry.names,
                layout.tls_version(entry.lineage, entry.version),
                layout.tls_companion(entry.lineage, entry.version) if entry.companion else None,
            )
            for entry in desired.local_names
        ],
        "ciphers": CIPHERS,
    }
    return (render_file(f"{STARTTLS_NAME}/dovecot.conf", values),)


def _config(directory: Path, name: str) -> str:
    return str(directory / name / "dovecot.conf")


def doveadm(layout: Layout, *words: str, name: str = NAME) -> tuple[str, ...]:
    """A command to the running server."""
    return ("/usr/bin/doveadm", "-c", _config(layout.current, name), *words)


def _program(layout: Layout, name: str) -> Program:
    # Left alone, its idle children (anvil, log, stats, auth) outlive the master by a minute.
    return Program(("/usr/sbin/dovecot", "-F", "-c", _config(layout.current, name)), group_signals=True)


def _checkers(staged: Path, name: str) -> tuple[Checker, ...]:
    words = ("error:", "fatal:", "warning:", "panic:")
    return (Checker(("/usr/bin/doveconf", "-c", _config(staged, name), "-n"), words),)


def _directories(layout: Layout, name: str) -> tuple[Directory, ...]:
    return (
        Directory(layout.run / name),
        Directory(layout.state / name),
        Directory(layout.mail, 0o750, MAIL, MAIL),
        Directory(layout.log),
    )


DOVECOT = Daemon(
    name=NAME,
    wanted=always,
    render=_render,
    program=lambda _desired, layout: _program(layout, NAME),
    checkers=lambda _desired, _layout, staged: _checkers(staged, NAME),
    reload=lambda layout: doveadm(layout, "reload"),
    directories=lambda layout: _directories(layout, NAME),
    reopen=lambda layout: doveadm(layout, "log", "reopen"),
)

DOVECOT_STARTTLS = Daemon(
    name=STARTTLS_NAME,
    wanted=lambda desired: bool(_open_doors(desired)),
    render=_render_starttls,
    program=lambda _desired, layout: _program(layout, STARTTLS_NAME),
    checkers=lambda _desired, _layout, staged: _checkers(staged, STARTTLS_NAME),
    reload=lambda layout: doveadm(layout, "reload", name=STARTTLS_NAME),
    doors=STARTTLS_DOORS,
    directories=lambda layout: _directories(layout, STARTTLS_NAME),
    reopen=lambda layout: doveadm(layout, "log", "reopen", name=STARTTLS_NAME),
)
