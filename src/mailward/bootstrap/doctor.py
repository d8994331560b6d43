"""``doctor``: looks at the machine and the instance, and says what stands in the way and what ends it."""

from pathlib import Path

from django.db import DatabaseError

from mailward.audit import other_servers
from mailward.bootstrap import joining
from mailward.bootstrap.check_row import CheckRow
from mailward.bootstrap.doctor_dns import dns_rows
from mailward.bootstrap.mailward import open_instance
from mailward.daemons import packages as needed
from mailward.host import breached_passwords, machine
from mailward.host.packages import DebianPackages
from mailward.host.processes import RealProcesses
from mailward.host.programs import other_mail_servers
from mailward.model.errors import MailwardError
from mailward.model.layout import Layout
from mailward.model.sentence import Sentence
from mailward.model.verdict import SPOKEN, Verdict

LOW_DISK = 1 << 30  # bytes


def doctor(root: Path) -> tuple[CheckRow, ...]:
    """Every check, whatever the others said. Changes nothing."""
    layout = Layout(root.resolve())
    return (
        _root(),
        _release(),
        _packages(),
        _disk(layout),
        *_other_servers(layout),
        *_instance(layout),
    )


def _root() -> CheckRow:
    if machine.is_root():
        return CheckRow("root", Verdict.PASS, Sentence("runs as root"))
    return CheckRow("root", Verdict.FAIL, Sentence("doesn't run as root"), Sentence("Run it as root, or with sudo."))


def _release() -> CheckRow:
    release = machine.release()
    if release.id == "debian" and release.version.startswith("12"):
        return CheckRow("system", Verdict.PASS, Sentence("Debian {release}", release=release.version))
    said = Sentence("this is not Debian 12 ({release})", release=f"{release.id} {release.version}".strip() or "-")
    return CheckRow("system", Verdict.WARN, said, Sentence("Mailward is tested on Debian 12 only."))


def _packages() -> CheckRow:
    missing = DebianPackages(RealProcesses()).missing(needed.RUNTIME)
    if not missing:
        return CheckRow("packages", Verdict.PASS, Sentence("everything is installed"))
    said = Sentence("missing: {names}", names=", ".join(missing))
    return CheckRow("packages", Verdict.WARN, said, Sentence("mailward up installs them."))


def _disk(layout: Layout) -> CheckRow:
    free = machine.free_disk_bytes(layout.root)
    said = Sentence("{free} GiB are free", free=f"{free / (1 << 30):.1f}")
    if free >= LOW_DISK:
        return CheckRow("disk", Verdict.PASS, said)
    return CheckRow("disk", Verdict.FAIL, said, Sentence("Make room: mail can't be taken in when the disk is full."))


def _other_servers(layout: Layout) -> list[CheckRow]:
    seen = other_mail_servers()
    return [CheckRow(one.name, one.verdict, one.reason, one.remedy) for one in other_servers.explain(seen)]


def _store(layout: Layout, trouble: DatabaseError) -> Sentence:
    return Sentence("{path} could not be used: {reason}", path=layout.store, reason=trouble)


def _breached_list(path: Path) -> CheckRow:
    """Read as the search does: a list that can't be read refuses nobody's password."""
    try:
        beginning = breached_passwords.begins(path)
    except OSError as trouble:
        said = Sentence("{path} could not be read: {reason}", path=path, reason=trouble.strerror or trouble)
        remedy = Sentence("Correct breached_passwords in mailward.toml; until then, only the most common ones are refused.")
        return CheckRow("breached passwords", Verdict.WARN, said, remedy)
    if beginning:
        return CheckRow("breached passwords", Verdict.PASS, Sentence("{path} is looked through", path=path))
    said = Sentence("{path} is not a list of SHA-1 hashes, ordered by hash", path=path)
    return CheckRow("breached passwords", Verdict.WARN, said, Sentence("Get it anew from haveibeenpwned.com/Passwords."))


def _instance(layout: Layout) -> list[CheckRow]:
    try:
        settings = joining.read_settings(layout)
    except MailwardError as trouble:
        return [CheckRow("instance", Verdict.WARN, trouble.what, trouble.remedy)]
    rows = [
        CheckRow("instance", Verdict.PASS, Sentence("{hostname} in {path}", hostname=settings.hostname, path=layout.root))
    ]
    if settings.breached_passwords:
        rows.append(_breached_list(layout.root / settings.breached_passwords))
    try:
        status = open_instance(layout.root).status()
    except (MailwardError, DatabaseError) as trouble:  # its first minute was cut short, or a part of it was lost
        said = trouble.what if isinstance(trouble, MailwardError) else _store(layout, trouble)
        return [*rows, CheckRow("daemons", Verdict.UNKNOWN, said, Sentence("Start it: mailward up"))]
    down = [row.name for row in status.daemons if row.state != "RUNNING"]
    if not status.daemons:
        rows.append(CheckRow("daemons", Verdict.FAIL, Sentence("nothing runs"), Sentence("Start it: mailward up")))
    elif down:
        said = Sentence("not running: {names}", names=", ".join(down))
        rows.append(CheckRow("daemons", Verdict.FAIL, said, Sentence("See: mailward logs")))
    else:
        rows.append(CheckRow("daemons", Verdict.PASS, Sentence("all {count} run", count=len(status.daemons))))
        rows += dns_rows(layout, settings, RealProcesses())
    doors = Sentence("the worst of the last look at the doors: {verdict}", verdict=SPOKEN[status.worst])
    rows.append(CheckRow("doors", status.worst, doors, Sentence("See: mailward verify")))
    return rows
