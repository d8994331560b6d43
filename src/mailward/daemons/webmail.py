"""Webmail: Roundcube, run by a PHP-FPM of its own behind nginx.

It needs Dovecot and Postfix over loopback, its own SQLite database, and nothing of the control plane. Its configuration
directory is private: Debian's /etc/roundcube is read only for the defaults of the installed version.
"""

from dataclasses import dataclass
from pathlib import Path

from mailward.daemons.daemon import Checker, Daemon, Directory, Program, always
from mailward.daemons.limits import UPLOAD_BYTES
from mailward.daemons.nginx import php_socket
from mailward.daemons.rendering import render_file
from mailward.daemons.secrets import roundcube_key
from mailward.daemons.users import WEB, WEBMAIL
from mailward.model.desired import DesiredState
from mailward.model.generations import File, Renewal
from mailward.model.layout import Layout

NAME = "webmail"
PHP = "8.2"
_CONFIG = ("config.inc.php", "defaults.inc.php", "mimetypes.php")


@dataclass(frozen=True)
class FirstStart:
    """What must be made once before webmail starts: a SQLite database at ``path`` from the SQL of ``schema``.

    It is there already: nothing is done. Owner and mode count for the database file.
    """

    path: Path
    schema: Path
    owner: str = WEBMAIL
    group: str = WEBMAIL
    mode: int = 0o600


def database(layout: Layout) -> Path:
    return layout.state / NAME / "roundcube.sqlite"


def first_start(layout: Layout) -> FirstStart:
    """The database of sessions, contacts and preferences, as the installed Roundcube wants it."""
    return FirstStart(database(layout), Path("/usr/share/roundcube/SQL/sqlite.initial.sql"))


def _render(desired: DesiredState, layout: Layout) -> tuple[File, ...]:
    values: dict[str, object] = {
        "settings": desired.settings,
        "layout": layout,
        "config_directory": layout.current / NAME,
        "socket": php_socket(layout),
        "user": WEBMAIL,
        "web_user": WEB,
        "temporary": layout.state / NAME / "temp",
        "log_directory": layout.log / NAME,
        "database": database(layout),
        "key": roundcube_key(layout),
        "upload_mib": UPLOAD_BYTES // 1024**2,
        "upload_bytes": UPLOAD_BYTES,
        "php": PHP,
    }
    return tuple(render_file(f"{NAME}/{name}", values) for name in ("php-fpm.conf", *_CONFIG))


def _argv(directory: Path) -> tuple[str, ...]:
    return (f"/usr/sbin/php-fpm{PHP}", "--fpm-config", str(directory / NAME / "php-fpm.conf"))


def _checkers(_desired: DesiredState, _layout: Layout, staged: Path) -> tuple[Checker, ...]:
    lint = (Checker((f"/usr/bin/php{PHP}", "-l", str(staged / NAME / name))) for name in _CONFIG)
    return (Checker((*_argv(staged), "-t"), words=("error:", "alert:", "warning:")), *lint)


def _directories(layout: Layout) -> tuple[Directory, ...]:
    return (
        Directory(layout.secrets, 0o711),
        Directory(layout.run / NAME),
        Directory(layout.state / NAME, 0o700, WEBMAIL, WEBMAIL),
        Directory(layout.state / NAME / "temp", 0o700, WEBMAIL, WEBMAIL),
        Directory(layout.log),
        Directory(layout.log / NAME, 0o750, WEBMAIL, WEBMAIL),
    )


def _renewal(file: File) -> Renewal:
    """Roundcube's own files are read at every request; OPcache notices a change within two seconds."""
    return Renewal.RELOAD if file.path.name == "php-fpm.conf" else Renewal.NOTHING


WEBMAIL_DAEMON = Daemon(
    name=NAME,
    wanted=always,
    render=_render,
    program=lambda _desired, layout: Program((*_argv(layout.current), "--nodaemonize"), stop_signal="QUIT"),
    checkers=_checkers,
    reload=None,
    renewal=_renewal,
    directories=_directories,
)
