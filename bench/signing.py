#!/usr/bin/env python3
"""Messages per second through a demo's own Postfix: signed with two keys by the mail path, seen by it and not signed, and
on the port where it isn't asked."""

import argparse
import socket
import sys
import threading
import time
from collections.abc import Sequence

from _dkim import messages
from _figures import Report, run, version
from _host import demo_host
from _usage import cpu_seconds

from mailward.bootstrap import Mailward
from mailward.host import proc
from mailward.model.doors import Door

CONNECTIONS = 8
SIZE = 6000


def bench(asked: argparse.Namespace, report: Report) -> None:
    seconds = 0.5 if asked.quick else asked.seconds
    with demo_host() as mailward:
        report.say("a demo host runs")
        table = report.table(
            f"Letters of 6 KB taken by Postfix on {CONNECTIONS} connections", "how", "per second", "ratio", "failed",
            "ms of the mail path's CPU for each",
        )  # fmt: skip
        settings = mailward.settings
        inside = ("127.0.0.2", settings.internal.smtp_local)
        ways = (
            ("no milter (port 25)", ("127.0.0.1", settings.ports[Door.SMTP]), b"elsewhere.test"),
            ("seen, not signed", inside, b"elsewhere.test"),
            ("signed with RSA and Ed25519", inside, b"alpha.localhost"),
        )
        base = 0.0
        for how, at, domain in ways:
            mails = [mail.split(b"\r\n", 2)[2].replace(b"alpha.test", domain) for mail in _letters()]
            _storm(at, mails, (domain.decode(), settings.hostname), 0.3)
            before = _cpu(mailward)
            sent, failed, took = _storm(at, mails, (domain.decode(), settings.hostname), seconds)
            signed = _signed(mailward)
            if (signed > 0) is not (domain == b"alpha.localhost"):
                raise RuntimeError(f"{how}: {signed} letters were signed")
            rate = sent / took
            base = base or rate
            table.rows.append((how, rate, rate / base, failed, 1000 * (_cpu(mailward) - before) / max(sent, 1)))
            report.say(how)
        report.figure("letters_per_second_without", table.rows[0][1])
        report.figure("letters_per_second_signed", table.rows[2][1])
        report.figure("signed_ratio", table.rows[2][2])
        report.figure("failed", sum(int(row[3] or 0) for row in table.rows))
        table.notes += [
            "what is taken is thrown away behind the queue; clients, Postfix and mail path share the machine's processors",
            version("postfix"),
        ]


def _letters() -> list[bytes]:
    import random  # noqa: PLC0415

    return messages(random.Random(6376), 50, SIZE)


def _cpu(mailward: Mailward) -> float:
    name = str(mailward.layout.root).encode()
    mine = [one for one in proc.processes() if b"mailpath" in (line := _line(one.pid)) and name in line]
    return cpu_seconds(mine)


def _signed(mailward: Mailward) -> int:
    """How many letters the mail path says it has signed."""
    logs = mailward.layout.log.glob("mailpath.out.log*")
    return sum(line.count("] signed ") for log in logs for line in log.read_text().splitlines())


def _line(pid: int) -> bytes:
    try:
        return (proc.PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return b""


def _storm(at: tuple[str, int], mails: Sequence[bytes], domains: tuple[str, str], seconds: float) -> tuple[int, int, float]:
    """How many were taken, how many not, and in how many seconds."""
    counts: list[tuple[int, int]] = []
    end = time.monotonic() + seconds
    began = time.monotonic()
    senders = [
        threading.Thread(target=lambda: counts.append(_send(at, mails, domains, end)), daemon=True)
        for _ in range(CONNECTIONS)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(seconds + 60)
    return sum(sent for sent, _ in counts), sum(failed for _, failed in counts), time.monotonic() - began


def _send(at: tuple[str, int], mails: Sequence[bytes], domains: tuple[str, str], end: float) -> tuple[int, int]:
    sent = failed = 0
    begin = f"MAIL FROM:<anna@{domains[0]}>\r\nRCPT TO:<postmaster@{domains[1]}>\r\nDATA\r\n".encode()
    with socket.create_connection(at, 30) as connection, connection.makefile("rb") as answers:
        _read(answers)
        connection.sendall(b"EHLO client.elsewhere.test\r\n")
        _read(answers)
        while time.monotonic() < end:
            mail = mails[(sent + failed) % len(mails)]
            connection.sendall(begin)
            if [_read(answers) for _ in range(3)][2] != b"354":
                raise RuntimeError("Postfix takes no mail from the bench")
            connection.sendall(mail + b".\r\n")
            taken = _read(answers) == b"250"
            sent, failed = sent + taken, failed + (not taken)
    return sent, failed


def _read(answers: socket.SocketIO) -> bytes:
    while True:
        line = answers.readline()
        if line[3:4] != b"-":
            return line[:3]


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=8.0, help="of sending in each way (default: 8)")


if __name__ == "__main__":
    sys.exit(run("signing", __doc__ or "", bench, _arguments))
