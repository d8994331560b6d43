#!/usr/bin/env python3
"""How long a new name is compared with the names that are hosted: by the store's forms, whatever their number, and by
dnstwist's way, all variants of each hosted name."""

import argparse
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from _figures import Report, median, run
from django.core.management import call_command

from mailward.certificates.suffixes import SHORT_LIST
from mailward.standards.look_alikes import Guarded
from mailward.store import name_forms, place
from mailward.store.models import Customer, Domain

SIZES = (10, 1_000, 10_000, 50_000)
ASKED = 60


def bench(asked: argparse.Namespace, report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="mailward-bench-") as directory:
        place.use(Path(directory) / "store.sqlite")
        call_command("migrate", interactive=False, verbosity=0)
        _measure(report, SIZES[:2] if asked.quick else SIZES)
    _variants(report)


def _name(number: int) -> str:
    """Words that people put together; no two are alike but by chance."""
    parts = []
    for words in (_FIRST, _SECOND, _THIRD):
        number, at = divmod(number, len(words))
        parts.append(words[at])
    return f"{''.join(parts)}{number or ''}.example"


_FIRST = ("blue", "green", "north", "south", "silver", "golden", "quiet", "happy", "river", "forest")
_SECOND = ("garden", "bakery", "mountain", "window", "paper", "flower", "kitchen", "harbour", "motor", "castle")
_THIRD = ("house", "works", "land", "world", "studio", "group", "market", "repair", "travel", "design")


def _measure(report: Report, sizes: tuple[int, ...]) -> None:
    table = report.table(
        "A new name against all hosted ones", "hosted names", "ms, median", "ms, slowest", "s to learn all"
    )
    customer = Customer.objects.create(name="bench")
    held, medians = 0, {}
    for size in sizes:
        rows = [Domain(name=_name(number), customer=customer) for number in range(held, size)]
        Domain.objects.bulk_create(rows, batch_size=500)
        held, began = size, time.perf_counter()
        while name_forms.remember_onward(SHORT_LIST.registered, 5000):
            pass
        learned, times = time.perf_counter() - began, []
        for number in range(ASKED):
            candidate, began = f"anothername{number}shop.example", time.perf_counter()
            Guarded(
                name_forms.near(candidate, SHORT_LIST.registered, without_customer="other"), SHORT_LIST.registered
            ).find(candidate)
            times.append((time.perf_counter() - began) * 1000)
        medians[size] = median(times)
        table.rows.append((size, round(medians[size], 2), round(max(times), 2), round(learned, 2)))
        alike = name_forms.near(_name(3).replace("o", "0", 1), SHORT_LIST.registered, without_customer="other")
        assert _name(3) in alike, alike
        report.say(f"{size:,} names: {medians[size]:.2f} ms")
    report.figure("ms_at_most", medians[sizes[-1]])
    report.figure("ratio", medians[sizes[-1]] / medians[sizes[0]])


def _variants(report: Report) -> None:
    """In this process alone: importing dnstwist sets a time limit for all of its sockets."""
    dnstwist = import_module("dnstwist")

    began = time.perf_counter()
    made = 0
    for number in range(10):
        fuzzer = dnstwist.Fuzzer(_name(number))
        fuzzer.generate()
        made += len(fuzzer.domains)
    each = (time.perf_counter() - began) / 10
    table = report.table("dnstwist 20250130: all variants of one hosted name", "ms", "variants", "minutes for 10,000 names")
    table.rows.append((round(each * 1000, 1), made // 10, round(each * 10_000 / 60, 1)))
    report.figure("dnstwist_ms", each * 1000)


if __name__ == "__main__":
    sys.exit(run("names", __doc__ or "", bench))
