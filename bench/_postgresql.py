"""A PostgreSQL server of one's own, of Debian's package: in a temporary directory, on a unix socket alone, as a
user without rights, ended by its process id. ``durable=False`` is for tests."""

import contextlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

USER = "postgres"  # made by the package
DATABASE = "mailward"
PATIENCE = 30  # seconds


def programs() -> Path:
    """The newest version's programs. RuntimeError when there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1].parent


@contextlib.contextmanager
def server(*, durable: bool = True) -> Iterator[str]:
    """Its address, with an empty database, until the end of the block."""
    account = pwd.getpwnam(USER)
    rights = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": "/"}
    directory = Path(tempfile.mkdtemp(prefix="mailward-postgresql-"))
    shutil.chown(directory, USER, USER)
    directory.chmod(0o755)  # whoever may connect is PostgreSQL's business
    try:
        data, log = directory / "data", directory / "log"
        made = [programs() / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(made, check=True, capture_output=True, timeout=PATIENCE, **rights)  # type: ignore[call-overload]
        told = ["-c", "listen_addresses=", "-k", directory, "-c", f"fsync={'on' if durable else 'off'}"]
        told += [] if durable else ["-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
        with log.open("wb") as file:
            argv = [programs() / "postgres", "-D", data, *told]
            process = subprocess.Popen(argv, stdout=file, stderr=file, **rights)  # type: ignore[call-overload]
        try:
            _make_database(directory, process, log)
            yield f"postgresql://{USER}@/{DATABASE}?host={directory}"
        finally:
            process.send_signal(signal.SIGINT)  # "fast": it ends its sessions
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)
                process.wait(PATIENCE)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _make_database(directory: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    argv = [str(programs() / "createdb"), "-h", str(directory), "-U", USER, DATABASE]
    while subprocess.run(argv, capture_output=True, check=False, timeout=PATIENCE).returncode != 0:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-1000:]}")
        time.sleep(0.1)
