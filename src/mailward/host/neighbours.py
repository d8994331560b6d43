"""Other mail software on this host, as ``doctor`` needs to see it: installed packages, well-known places, running programs.

Only facts are gathered; what they mean (qmail and Courier can't show a certificate per domain, and what to do instead) is
judged elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailward.host import proc
from mailward.model.outside import Processes


@dataclass(frozen=True)
class Neighbour:
    """One other mail program: by which signs it was recognised. ``running`` are pids outside every instance."""

    name: str  # exim, sendmail, qmail, courier, cyrus, postfix, dovecot …
    packages: tuple[str, ...]
    places: tuple[str, ...]
    running: tuple[int, ...]

    @property
    def is_installed(self) -> bool:
        return bool(self.packages or self.places)


@dataclass(frozen=True)
class Signs:
    """How a program is recognised: packages, places that only it has, and names of processes."""

    packages: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()


KNOWN: Mapping[str, Signs] = {
    "qmail": Signs(
        ("qmail", "netqmail", "notqmail", "qmail-run"),
        ("/var/qmail/control", "/var/qmail/bin/qmail-smtpd"),
        ("qmail-send", "qmail-smtpd", "qmail-lspawn", "qmail-rspawn"),
    ),
    "courier": Signs(
        ("courier-base", "courier-mta", "courier-imap", "courier-pop", "courier-authdaemon"),
        ("/etc/courier", "/usr/lib/courier-imap", "/usr/lib/courier"),
        ("couriertcpd", "imapd-ssl", "courierd", "authdaemond"),
    ),
    "exim": Signs(
        ("exim4-base", "exim4-daemon-light", "exim4-daemon-heavy"), ("/etc/exim4/exim4.conf.template",), ("exim4", "exim")
    ),
    "sendmail": Signs(("sendmail-bin",), ("/etc/mail/sendmail.cf",), ("sendmail-mta",)),
    "opensmtpd": Signs(("opensmtpd",), ("/etc/smtpd.conf",), ("smtpd: control",)),
    "cyrus": Signs(("cyrus-imapd", "cyrus-common"), ("/etc/cyrus.conf",), ("cyrmaster",)),
    "postfix": Signs(("postfix",), ("/etc/postfix/main.cf",), ("master",)),
    "dovecot": Signs(("dovecot-core",), (), ("dovecot",)),
}


def neighbours(processes: Processes, *, root: Path = Path("/"), outside: Path | None = None) -> tuple[Neighbour, ...]:
    """What is there of KNOWN. Processes whose command line or directory lies in ``outside`` (this instance) don't count;
    neither do bare packages of Postfix and Dovecot, which Mailward itself installs."""
    installed = _installed([name for signs in KNOWN.values() for name in signs.packages], processes)
    running = [process for process in proc.processes() if outside is None or not _belongs_to(process, outside)]
    found: list[Neighbour] = []
    for name, signs in KNOWN.items():
        neighbour = Neighbour(
            name,
            tuple(package for package in signs.packages if package in installed),
            tuple(place for place in signs.places if (root / place.lstrip("/")).exists()),
            tuple(process.pid for process in running if process.name in _cut(signs.processes)),
        )
        used = neighbour.places or neighbour.running
        if used or (neighbour.packages and name not in ("postfix", "dovecot")):
            found.append(neighbour)
    return tuple(found)


def _installed(names: Sequence[str], processes: Processes) -> frozenset[str]:
    ended = processes.run(("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n", "--", *names))
    return frozenset(line.split()[0] for line in ended.stdout.splitlines() if line.endswith(" installed"))


def _belongs_to(process: proc.Process, instance: Path) -> bool:
    inside = f"{instance}/"
    return inside in " ".join(proc.command_line(process.pid)) or f"{proc.working_directory(process.pid)}/".startswith(
        inside
    )


def _cut(names: Sequence[str]) -> frozenset[str]:
    """The kernel keeps 15 characters of a process's name."""
    return frozenset(name[:15] for name in names)
