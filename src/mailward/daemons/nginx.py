"""nginx: the door for browsers (HTTPS and the plain port 80) and the TLS door for IMAPS and POP3S (stream).

It finds the certificate by the name asked for at every handshake (``tls.js``), so a new certificate is a renamed link
and no reload. What it serves to clients that discover their settings, and to ACME CAs, are published files: all of it
works with the panel, the store and the steward dead.
"""

from pathlib import Path

from mailward.daemons.daemon import Checker, Daemon, Directory, Program, always
from mailward.daemons.limits import UPLOAD_BYTES
from mailward.daemons.rendering import render_file
from mailward.daemons.users import PANEL, WEB
from mailward.model.desired import DesiredState
from mailward.model.doors import Door, Role
from mailward.model.generations import File
from mailward.model.layout import Layout

NAME = "nginx"
MODULES = ("ngx_stream_module", "ngx_http_js_module", "ngx_stream_js_module")
CIPHERS = (  # Mozilla's intermediate profile, guidelines 5.7, without the DHE suites
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)


def panel_socket(layout: Layout) -> Path:
    """Where the panel answers: its directory is the panel's, and nginx' workers may enter it."""
    return layout.run / "panel" / "panel.sock"


def php_socket(layout: Layout) -> Path:
    return layout.run / "webmail" / "php.sock"


def _render(desired: DesiredState, layout: Layout) -> tuple[File, ...]:
    settings = desired.settings
    mail_doors = ((Door.IMAPS, settings.internal.imap_proxied), (Door.POP3S, settings.internal.pop3_proxied))
    values: dict[str, object] = {
        "settings": settings,
        "layout": layout,
        "https": settings.ports[Door.HTTPS],
        "mail_doors": [(door.value, settings.ports[door], back) for door, back in mail_doors if door in settings.ports],
        "modules": MODULES,
        "ciphers": CIPHERS,
        "rsa": settings.rsa,
        "web_user": WEB,
        "temporary": layout.state / "nginx",
        "here": layout.current / NAME,
        "panel_socket": panel_socket(layout),
        "php_socket": php_socket(layout),
        "roundcube": "/var/lib/roundcube/public_html",
        "upload_bytes": UPLOAD_BYTES + 1024 * 1024,
        "roles": {
            "web": (layout.tls_names(Role.WEB), layout.tls_default(Role.WEB)),
            "mail": (layout.tls_names(Role.MAIL), layout.tls_default(Role.MAIL)),
        },
    }
    names = ("nginx.conf", "http.conf", "stream.conf", "tls.js", "pages/not-found.html", "pages/panel-down.html")
    return tuple(render_file(f"{NAME}/{name}", values) for name in names)


def _argv(layout: Layout, directory: Path) -> tuple[str, ...]:
    error_log, config = layout.log / "nginx.log", directory / NAME / "nginx.conf"
    return ("/usr/sbin/nginx", "-p", str(layout.state / "nginx"), "-e", str(error_log), "-c", str(config))


def _directories(layout: Layout) -> tuple[Directory, ...]:
    return (
        Directory(layout.log),
        Directory(layout.run),
        Directory(layout.state),
        Directory(layout.state / "nginx"),
        Directory(layout.run / "panel", 0o750, PANEL, WEB),
        Directory(layout.tls),
        Directory(layout.tls_versions, 0o750, "root", WEB),
        Directory(layout.tls_names(Role.WEB), 0o755),
        Directory(layout.tls_names(Role.MAIL), 0o755),
        *(Directory(layout.web / kind) for kind in ("", "autoconfig", "autodiscover", "mobileconfig", "mta-sts")),
        Directory(layout.acme_challenges),
    )


NGINX = Daemon(
    name=NAME,
    wanted=always,
    render=_render,
    program=lambda _desired, layout: Program(_argv(layout, layout.current), umask="027"),  # its logs are nobody else's
    checkers=lambda _desired, layout, staged: (Checker((*_argv(layout, staged), "-t"), words=("[emerg]", "[warn]")),),
    reload=lambda layout: (*_argv(layout, layout.current), "-s", "reload"),
    doors=(Door.HTTPS, Door.IMAPS, Door.POP3S),
    directories=_directories,
    reopen=lambda layout: (*_argv(layout, layout.current), "-s", "reopen"),
)
