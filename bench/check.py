#!/usr/bin/env python3
"""mailward check --all over many domains whose name server is 5 ms away, against checkdmarc over the same, in the same
run."""

import argparse
import base64
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version as released
from pathlib import Path

from _dns_world import ADDRESS, HOSTNAME, LIST, name, name_server, others
from _figures import Report, run, version
from _host import directory
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailward.daemons.secrets import steward_tsig
from mailward.host.seals import make_keys
from mailward.model.dns import DkimAlgorithm, DkimState, Record
from mailward.model.layout import Layout
from mailward.model.settings import Settings
from mailward.steward import birth, new_instance
from mailward.steward.settings_file import format_settings
from mailward.store import dns, place
from mailward.store.models import Customer, DkimKey, Domain, ServerChoice

SIZE, QUICK_SIZE = 1_000, 8
AWAY = 0.005  # seconds
AROUND = 32  # threads of ours around checkdmarc, in the second of its rows
HERE = Path(__file__).parent
ED25519 = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


def bench(asked: argparse.Namespace, report: Report) -> None:
    size = asked.domains or (QUICK_SIZE if asked.quick else SIZE)
    with directory() as parent:
        root, world = parent / "i", parent / "dns"
        world.mkdir()
        layout, made = _instance(root, size)
        names = [name(number) for number in range(size)]
        with name_server(world, names, _records(made, names), AWAY) as (_, far):
            layout.settings.write_text(format_settings(replace(made, nameservers=(f"127.0.0.1:{far}",))))
            report.say(f"{size:,} domains, {AWAY * 1000:.0f} ms away")
            table = report.table(
                "Checks of all domains", "by", "domains", "seconds", "domains per second", "x checkdmarc",
                "processor seconds",
            )  # fmt: skip
            used = [_processor()]
            ours = _mailward(layout, report)
            used.append(_processor())
            report.say("mailward check --all measured")
            listed = parent / "names"
            listed.write_text("\n".join(names))
            theirs = _checkdmarc(listed, far, 1)
            used.append(_processor())
            report.say("checkdmarc measured")
            around = _checkdmarc(listed, far, AROUND)
            used.append(_processor())
        plain = theirs["seconds"]
        for at, (label, seconds) in enumerate((
            ("mailward check --all", ours), ("checkdmarc", plain),
            (f"checkdmarc, {AROUND} threads of ours around it", around["seconds"]),
        )):  # fmt: skip
            table.rows.append((label, size, seconds, size / seconds, plain / seconds, used[at + 1] - used[at]))
        table.notes += [
            "mailward: the whole command, Python's start and keeping the findings in the store included; SPF, DKIM (two "
            "selectors), DMARC, MX, rDNS, a block list, DNSSEC, DANE, MTA-STS, TLS-RPT, CAA, a dozen records for mail "
            "programs",
            "checkdmarc: check_domains() alone, its start not counted; SPF, DMARC, MX, NS, SOA, DNSSEC, MTA-STS, TLS-RPT, "
            "BIMI; checkdmarc is made to be run one domain after the other, the last row is what threads would give it",
            f"{theirs['right']:.0f} of {size} had SPF and DMARC right by checkdmarc; neither keeps answers between runs",
            f"{version('knot')}, checkdmarc {released('checkdmarc')}",
        ]
        report.figure("domains", size)
        report.figure("domains_per_second", size / ours)
        report.figure("checkdmarc_per_second", size / plain)
        report.figure("checkdmarc_ratio", plain / ours)
        report.figure("checkdmarc_threads_ratio", around["seconds"] / ours)


def _rsa() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"


def _instance(root: Path, size: int) -> tuple[Layout, Settings]:
    """An instance whose store holds the domains, each with two DKIM keys. No daemon runs."""
    layout, made = Layout(root), new_instance.demo(ipv6=False)
    own = replace(made.dns, public_addresses=(ADDRESS,), dnsbls=(LIST,))
    made = replace(made, hostname=HOSTNAME, addresses=("127.0.0.1",), dns=own, demo=None, trust="system")
    for path in (layout.store.parent, layout.secrets, layout.run, layout.state, layout.log):
        path.mkdir(parents=True, exist_ok=True)
    keys = make_keys()
    (layout.secrets / "steward.pub").write_bytes(keys.public)
    (layout.secrets / "steward.key").write_bytes(keys.private)
    steward_tsig(layout).parent.mkdir(parents=True, exist_ok=True)
    layout.settings.write_text(format_settings(made))
    place.use(layout.store)
    birth.make_store()
    ServerChoice.objects.get_or_create()
    customer, now = Customer.objects.create(name="bench"), datetime.now(UTC)
    held = Domain.objects.bulk_create(Domain(name=name(number), customer=customer) for number in range(size))
    kinds = ((DkimAlgorithm.RSA2048, _rsa()), (DkimAlgorithm.ED25519, ED25519))
    DkimKey.objects.bulk_create(
        DkimKey(
            domain=one, selector=f"m{at}", algorithm=kind, state=DkimState.SIGNING, record=text, made_at=now, changed_at=now
        )
        for one in held
        for at, (kind, text) in enumerate(kinds)
    )
    return layout, made


def _records(made: Settings, names: list[str]) -> list[Record]:
    expected = dns.expected(made, [*names, "server"])
    return [*others(), *(record for one in expected.values() for record in one.wanted)]


def _mailward(layout: Layout, report: Report) -> float:
    """The command as people type it. What it found is looked at: a fast look that saw nothing is worth nothing."""
    argv = [sys.executable, "-m", "mailward", "check", "--all", "--json", "--instance", str(layout.root)]
    began = time.monotonic()
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began
    try:
        rows = json.loads(done.stdout)
    except ValueError:
        raise RuntimeError(done.stderr[-3000:]) from None
    six = Counter(row["verdict"] for row in rows if row["mechanism"] in ("spf", "dkim", "dmarc", "mx", "rdns", "dnsbl"))
    wrong = sorted({f"{row['code']}: {row['reason']}" for row in rows if row["verdict"] in ("fail", "unknown")})[:10]
    report.say(f"{len(rows):,} findings; of the six: {dict(six)}; not well for instance: {wrong}")
    report.figure("findings", len(rows))
    report.figure("six_not_passed", sum(six.values()) - six["pass"])
    return seconds


def _processor() -> float:
    """Seconds of the processor that the commands which ended have used: others on the machine don't count."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def _checkdmarc(names: Path, port: int, threads: int) -> dict[str, float]:
    argv = [sys.executable, str(HERE / "_checkdmarc.py"), str(names), str(port), str(threads)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-3000:])
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--domains", type=int, default=0, help=f"how many (default {SIZE:,})")


if __name__ == "__main__":
    sys.exit(run("check", __doc__ or "", bench, _arguments))
