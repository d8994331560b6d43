#!/usr/bin/env python3
"""Certificates by name at every door, for 10 to 50,000 domains: how long one change takes, what the doors use, how many
connections they take, and what Dovecot with a block per domain does in the same run."""

import argparse
import sys
import time
from collections.abc import Sequence

from _certificates import Ca
from _dovecot import PeerFigures, measure
from _figures import Report, median, run, version
from _host import BENCH, carried_out, demo_host, directory, steps
from _load import Held, load, name
from _storm import storm
from _usage import DOORS, cpu_seconds, families, memory

from mailward.actions import certificates, choices, domains, mailboxes
from mailward.bootstrap import Mailward
from mailward.model.doors import Door
from mailward.model.verdict import Verdict
from mailward.store import records

SIZES, QUICK_SIZES = (10, 1_000, 10_000, 50_000), (3, 6)
PEER_SIZES, QUICK_PEER_SIZES = (1_000, 5_000), (4,)
OPEN_DOORS = tuple(door for door in Door if door.kind.always_open)
OWNERS = {Door.HTTPS: ("nginx",), Door.IMAPS: ("nginx", "dovecot"), Door.POP3S: ("nginx", "dovecot")}


def bench(asked: argparse.Namespace, report: Report) -> None:
    sizes = asked.sizes or (QUICK_SIZES if asked.quick else SIZES)
    ca = Ca()
    with demo_host() as mailward:
        report.say("a demo host runs")
        _trust(mailward, ca)
        held: list[Held] = []
        tables = _Tables(report, asked.quick)
        _Probe(mailward, ca, "warm").choose()
        for size in sizes:
            more, seconds = load(mailward, ca, len(held), size)
            held += more
            tables.loading.rows.append((size, seconds.certificates, seconds.rows, seconds.tables, seconds.directory))
            report.say(f"{size:,} domains are filled in")
            _change(mailward, ca, size, asked, tables)
            report.say("changes measured")
            if size == sizes[-1] or (size == sizes[0] and not asked.quick):
                _connections(mailward, held, size, 0.2 if asked.quick else asked.seconds, tables)
                report.say("connections measured")
            _memory(mailward, size, tables)
        tables.conclude(sizes)
    _peer(report, ca, asked, tables)


class _Tables:
    def __init__(self, report: Report, quick: bool) -> None:
        self.report = report
        step_names = ("order", "stage", "check", "apply", "verify")
        self.steps = step_names
        self.change = report.table(
            "Seconds until one domain is served and proven (medians)",
            "domains", "choose", *step_names[1:], "slowest", "secure (ACME)", "add mailbox", "add domain",
        )  # fmt: skip
        self.memory = report.table(
            "Memory of the door daemons, MiB of PSS (in brackets what can't be dropped)",
            "domains", *DOORS, "together", "processes",
        )  # fmt: skip
        self.rates = report.table(
            "Connections per second, each a full handshake by a random name, its leaf compared, greeting and QUIT",
            "door", "domains", "per second", "failed", "connections", "ms of door CPU", "client's share of CPU",
        )  # fmt: skip
        self.loading = report.table(
            "Filling in (seconds for those that were added; not what is measured)",
            "domains", "certificates", "rows", "links and SNI table", "directory",
        )  # fmt: skip
        self.choose: dict[int, float] = {}
        self.together: dict[int, float] = {}

    def conclude(self, sizes: Sequence[int]) -> None:
        few, many = sizes[0], sizes[-1]
        ratio = self.choose[many] / self.choose[few]
        self.report.figure("choose_seconds_few", self.choose[few])
        self.report.figure("choose_seconds_many", self.choose[many])
        self.report.figure("choose_ratio_many_to_few", ratio)
        self.report.figure("memory_mib_many", self.together[many])
        self.change.notes += [
            f"{many:,} domains take {ratio:.2f} x what {few:,} take (aim: 2 or less, and about a second)",
            "choose: webmail and mail together, from the action to the run's end: every name of the domain asked for at "
            "all six doors over IPv4 and IPv6, fsyncs included, in one process (Python's start is not counted)",
            "secure: the same with a wildcard ordered from Pebble (DNS-01 through Knot) first",
        ]
        self.memory.notes.append(f"with the certificates in use; {version('nginx', 'postfix', 'dovecot-core')}")
        self.rates.notes += [
            "clients and doors share the machine's processors: where the client's share is high, it is the bottleneck, "
            "and the door alone could do about (processors x 1000 / ms of door CPU)",
            "no session is taken up again; a STARTTLS connection has three more round trips",
        ]
        failed = sum(int(row[3] or 0) for row in self.rates.rows)
        self.report.figure("failed_handshakes", failed)


def _trust(mailward: Mailward, ca: Ca) -> None:
    """The bench's CA becomes one that this instance's clients trust."""
    path = mailward.layout.trust_file(mailward.settings.trust)
    mailward.host.files.write(path, mailward.host.files.read(path) + ca.root_pem)


class _Probe:
    """One more domain, taken through what people do."""

    def __init__(self, mailward: Mailward, ca: Ca, label: str) -> None:
        self._mailward, self._office = mailward, mailward.office
        self.domain = f"{label}.probe.test"
        issued = ca.wildcard(self.domain)
        began = time.monotonic()
        carried_out(mailward, domains.add_domain(self._office, BENCH, self.domain, "probes").run_id)
        self.added = time.monotonic() - began
        self._lineage = certificates.upload(self._office, BENCH, self.domain, issued.pem)[0].id
        self.steps: dict[str, float] = {}

    def choose(self) -> float:
        began = time.monotonic()
        asked = choices.choose(self._office, BENCH, self.domain, webmail=self._lineage, mail=self._lineage)
        carried_out(self._mailward, asked.run_id)
        seconds = time.monotonic() - began
        self.steps = steps(asked.run_id)
        self._require_proof()
        return seconds

    def secure(self) -> float:
        began = time.monotonic()
        carried_out(self._mailward, choices.secure(self._office, BENCH, self.domain).run_id)
        seconds = time.monotonic() - began
        self._require_proof()
        return seconds

    def add_mailbox(self) -> float:
        box = f"somebody@{self.domain}"
        began = time.monotonic()
        carried_out(self._mailward, mailboxes.add_mailbox(self._office, BENCH, box).run_id)
        return time.monotonic() - began

    def _require_proof(self) -> None:
        findings = records.known_findings([self.domain])
        doors = {finding.door for finding in findings}
        bad = [finding for finding in findings if finding.verdict is not Verdict.PASS]
        if doors != set(OPEN_DOORS) or bad:
            raise RuntimeError(f"{self.domain} is not proven: {sorted(doors)}, {[(f.name, f.code) for f in bad]}")


def _change(mailward: Mailward, ca: Ca, size: int, asked: argparse.Namespace, tables: _Tables) -> None:
    times = 1 if asked.quick else asked.times
    probes = [_Probe(mailward, ca, f"n{size}-{number}") for number in range(times)]
    chosen = [probe.choose() for probe in probes]
    secured = [probe.secure() for probe in probes]
    boxes = [probe.add_mailbox() for probe in probes]
    each = [median([probe.steps.get(step, 0.0) for probe in probes]) for step in tables.steps[1:]]
    tables.choose[size] = median(chosen)
    added = median([probe.added for probe in probes])
    tables.change.rows.append(
        (size, median(chosen), *each, max(chosen), median(secured), median(boxes), added),
    )


def _memory(mailward: Mailward, size: int, tables: _Tables) -> None:
    used = {name: memory(family) for name, family in families(mailward).items()}
    tables.together[size] = sum(one.pss for one in used.values())
    own = sum(one.own for one in used.values())
    tables.memory.rows.append(
        (
            size,
            *(f"{used[name].pss:,.1f} ({used[name].own:,.1f})" for name in DOORS),
            f"{tables.together[size]:,.1f} ({own:,.1f})",
            sum(one.processes for one in used.values()),
        )
    )


def _connections(mailward: Mailward, held: Sequence[Held], size: int, seconds: float, tables: _Tables) -> None:
    for door in OPEN_DOORS:
        port = mailward.settings.ports[door]
        storm(door, port, held, min(0.5, seconds / 2))  # so that workers and smtpd processes are there
        before = _door_cpu(mailward, door)
        found = storm(door, port, held, seconds)
        used = _door_cpu(mailward, door) - before
        share = found.client_cpu / max(found.client_cpu + used, 0.001)
        each = 1000 * used / max(found.connections, 1)
        row = (door.value, size, found.rate, found.failures, found.connections, each, f"{share:.0%}")
        tables.rates.rows.append(row)
        tables.rates.notes += [f"{door} with {size:,}: {reason}" for reason in found.failed]


def _door_cpu(mailward: Mailward, door: Door) -> float:
    found = families(mailward, OWNERS.get(door, ("postfix",)))
    return sum(cpu_seconds(family) for family in found.values())


def _peer(report: Report, ca: Ca, asked: argparse.Namespace, tables: _Tables) -> None:
    table = report.table(
        "The peer: Dovecot with a local_name block per domain, on one IMAPS door",
        "domains", "start", "changed file and reload to served", "slowest", "MiB of PSS", "Mailward's change", "ratio",
        "Mailward's MiB", "ratio of memory",
    )  # fmt: skip
    for size in asked.peer_sizes or (QUICK_PEER_SIZES if asked.quick else PEER_SIZES):
        figures = _peer_figures(ca, size, 1 if asked.quick else 3)
        ours = min((n for n in tables.choose if n >= size), default=max(tables.choose))
        change, used = median(figures.served_after), tables.together[ours]
        ratio = change / tables.choose[ours]
        table.rows.append(
            (
                size, figures.start, change, max(figures.served_after), figures.memory.pss, tables.choose[ours], ratio,
                used, figures.memory.pss / used,
            )
        )  # fmt: skip
        report.figure(f"peer_dovecot_{size}_seconds", change)
        report.figure(f"peer_dovecot_{size}_ratio", ratio)
        report.say(f"the peer with {size:,} domains is measured")
    table.notes += [
        "start: from the program's start to the first domain served. Mailward's columns are those with as many domains or "
        "more; its change is all six doors proven, the peer's is one handshake at one door",
        "its config process runs without its default memory limit (256 MB), under which it ends at about 1,700 domains",
    ]


def _peer_figures(ca: Ca, size: int, times: int) -> PeerFigures:
    with directory() as path:
        names = [name(number) for number in range(size)]
        return measure(path, ca, names, [ca.wildcard(one) for one in names], times)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sizes", type=int, nargs="+", help=f"numbers of domains (default: {SIZES})")
    parser.add_argument("--peer-sizes", type=int, nargs="+", help=f"the same for the peer (default: {PEER_SIZES})")
    parser.add_argument("--times", type=int, default=7, help="changes measured at each size (default: 7)")
    parser.add_argument("--seconds", type=float, default=8.0, help="of connections at each door (default: 8)")


if __name__ == "__main__":
    sys.exit(run("doors", __doc__ or "", bench, _arguments))
