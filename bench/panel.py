#!/usr/bin/env python3
"""The panel with 10,000 domains, 50,000 mailboxes and 50,000 certificates: how long its pages take while 20 people read
them, and how many questions each asks of the store, with 10 domains and with 10,000."""

import argparse
import sys
from pathlib import Path

from _figures import Report, run
from _host import directory
from _panel_load import PAGES, Measured, Panel, read, served
from _panel_store import EACH, fill, make_instance, sessions
from _postgresql import server
from _usage import memory
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mailward.bootstrap import joining
from mailward.host import proc
from mailward.model.layout import Layout
from mailward.web import office

FEW, MANY, QUICK_MANY = 10, 10_000, 20
USERS = 20
PAUSE = 1.0  # seconds that a reader looks at a page, on average: an impatient one
AIM = 150  # milliseconds, for 95 of 100 pages


def bench(asked: argparse.Namespace, report: Report) -> None:
    many = QUICK_MANY if asked.quick else asked.domains
    tables = _Tables(report, asked, many)
    _measured(report, tables, many, "SQLite", None)
    with server() as address:
        _measured(report, tables, many, "PostgreSQL", address)
    tables.conclude()


def _measured(report: Report, tables: "_Tables", domains: int, store: str, address: str | None) -> None:
    with directory() as parent:
        few = _counted(*_filled(report, parent / "i", address, FEW, 1), FEW)
        if address is not None:
            call_command("flush", interactive=False, verbosity=0)
        connection.close()
    with directory() as parent:
        layout, cookies = _filled(report, parent / "i", address, domains, USERS)
        tables.count(store, few, _counted(layout, cookies, domains))
        connection.close()
        with served(layout) as panel:
            tables.measure(store, panel, cookies)


def _filled(report: Report, root: Path, store: str | None, domains: int, users: int) -> tuple[Layout, list[str]]:
    layout = make_instance(root, store)
    joining.use_store(layout, joining.read_settings(layout))
    seconds = fill(layout, domains)
    report.say(f"{domains:,} domains are filled in, in {seconds:.1f} s")
    return layout, sessions(users)


def _counted(layout: Layout, cookies: list[str], domains: int) -> dict[str, int]:
    """Questions to the store for each page, when the process has answered it once before."""
    office.use(joining.make_office(layout, joining.read_settings(layout)))
    client = Client(HTTP_X_FORWARDED_PROTO="https", HTTP_X_FORWARDED_FOR="192.0.2.7")
    client.cookies["__Host-mailward"] = cookies[0]
    found = {}
    for page, address in PAGES.items():
        client.get(address(domains - 5))
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(address(domains - 5))
        if answer.status_code != 200:
            raise RuntimeError(f"{page} is answered with {answer.status_code}")
        found[page] = len(asked)
    return found


class _Tables:
    def __init__(self, report: Report, asked: argparse.Namespace, domains: int) -> None:
        self.report, self.domains = report, domains
        self.seconds: float = 1.0 if asked.quick else asked.seconds
        self.pause = 0.1 if asked.quick else PAUSE
        self.questions = report.table(
            "Questions to the store for one page", "page", f"{FEW} domains", f"{domains:,} domains", "store"
        )
        self.memory = report.table(
            "The panel's process after that, MiB of PSS", "store", "together", "of it can't be dropped", "processes"
        )

    def count(self, store: str, few: dict[str, int], many: dict[str, int]) -> None:
        self.questions.rows += [(page, few[page], many[page], store) for page in PAGES]
        self.report.figure(f"{store.lower()}_questions_grow", sum(many[page] != few[page] for page in PAGES))

    def measure(self, store: str, panel: Panel, cookies: list[str]) -> None:
        warm = read(panel, cookies, self.domains, min(self.seconds, 5.0), 0.0)
        calm = read(panel, cookies, self.domains, self.seconds, self.pause)
        rush = read(panel, cookies, self.domains, self.seconds / 2, 0.0)
        self.report.say(f"{store} is measured")
        pauses = f"each looks {self.pause:g} s at a page"
        self._table(f"{store}: milliseconds of a page, {len(cookies)} people, {pauses}", calm)
        self._table(f"{store}: the same people without any pause", rush)
        for name, found in (("calm", calm), ("rush", rush)):
            self.report.figure(f"{store.lower()}_{name}_p50_ms", found.p(None, 50))
            self.report.figure(f"{store.lower()}_{name}_p95_ms", found.p(None, 95))
            self.report.figure(f"{store.lower()}_{name}_per_second", found.rate)
        self.report.figure(f"{store.lower()}_failed", sum(len(one.failed) for one in (warm, calm, rush)))
        used = memory(proc.family(panel.pid))
        self.memory.rows.append((store, used.pss, used.own, used.processes))

    def _table(self, title: str, found: Measured) -> None:
        table = self.report.table(title, "page", "p50", "p95", "slowest", "pages")
        for page, seconds in found.seconds.items():
            if seconds:
                table.rows.append((page, found.p(page, 50), found.p(page, 95), 1000 * max(seconds), len(seconds)))
        many = sum(map(len, found.seconds.values()))
        slowest = max(max(seconds, default=0.0) for seconds in found.seconds.values())
        table.rows.append(("all", found.p(None, 50), found.p(None, 95), 1000 * slowest, many))
        table.notes.append(f"{found.rate:.1f} pages a second; {len(found.failed)} failed; aim: p95 below {AIM} ms")
        table.notes += found.failed[:5]

    def conclude(self) -> None:
        self.questions.notes.append(
            f"{self.domains:,} domains have {EACH * self.domains:,} mailboxes and {EACH * self.domains:,} certificates; "
            "who reads sees everything"
        )
        self.memory.notes.append("the readers run on the same processors as the panel")


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--domains", type=int, default=MANY, help=f"how many domains (default: {MANY:,})")
    parser.add_argument("--seconds", type=float, default=40.0, help="of reading for each table (default: 40)")


if __name__ == "__main__":
    sys.exit(run("panel", __doc__ or "", bench, _arguments))
