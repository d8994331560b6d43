"""The system users that the daemons run as. Debian's packages bring postfix, dovecot, dovenull and knot; these are ours.

No user may log in, none has a home directory of its own, and each owns only what its daemon must write.
"""

from dataclasses import dataclass

WEB = "mailward-web"
MAIL = "mailward-mail"
WEBMAIL = "mailward-webmail"
PANEL = "mailward-panel"
MAILPATH = "mailward-mailpath"
CA = "mailward-ca"
TLS_POLICY = "mailward-tls"
REPORTS = "mailward-reports"


@dataclass(frozen=True)
class SystemUser:
    """A user without a password, with a group of the same name. ``purpose`` is its comment in the system's list."""

    name: str
    daemon: str
    purpose: str
    demo_only: bool = False
    home: str = "/nonexistent"
    shell: str = "/usr/sbin/nologin"


USERS: tuple[SystemUser, ...] = (
    SystemUser(WEB, "nginx", "Mailward web server and TLS for mail readers"),
    SystemUser(MAIL, "dovecot", "Mailward owner of all mailboxes"),
    SystemUser(WEBMAIL, "webmail", "Mailward webmail"),
    SystemUser(PANEL, "panel", "Mailward panel"),
    SystemUser(REPORTS, "postfix", "Mailward keeper of reports that other servers sent"),
    SystemUser(MAILPATH, "mailpath", "Mailward signing of mail that leaves"),
    SystemUser(TLS_POLICY, "tls-policy", "Mailward TLS with other mail servers"),
    SystemUser(CA, "pebble", "Mailward certificate authority of the demo", demo_only=True),
)
