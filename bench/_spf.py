"""SPF evaluations per second, ours and pyspf's, over the same zones, messages and answers, both from memory: what is
measured is the reading and judging, not the asking. Results are compared in the same run; one that differs ends it."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import spf as pyspf
from _figures import Report

from mailward.model.outside import DnsAnswer
from mailward.standards.spf import check_host, record
from mailward.standards.txt import joined, quoted

DOMAINS = 500
PROVIDERS = 12

Zone = dict[tuple[str, str], tuple[str, ...]]


@dataclass(frozen=True)
class Message:
    ip: str
    sender: str
    helo: str

    @property
    def domain(self) -> str:
        return self.sender.rpartition("@")[2]


class Ours:
    """The zone as a Resolver, with its answers made beforehand."""

    def __init__(self, zone: Zone) -> None:
        self._answers = {key: DnsAnswer(*key, "NOERROR", records, "memory") for key, records in zone.items()}

    def query(self, name: str, rdtype: str) -> DnsAnswer:
        return self._answers.get((name.lower(), rdtype)) or DnsAnswer(name, rdtype, "NXDOMAIN", (), "memory")


class Theirs:
    """The zone as pyspf is given answers, made beforehand too."""

    def __init__(self, zone: Zone) -> None:
        self._answers = {key: [(key, _for_pyspf(key[1], one)) for one in records] for key, records in zone.items()}

    def __call__(self, name: str, qtype: str, *_settings: object) -> list[tuple[tuple[str, str], Any]]:
        return self._answers.get((name.lower(), qtype), [])


def _for_pyspf(rdtype: str, value: str) -> Any:
    if rdtype == "TXT":
        return (joined(value),)
    if rdtype == "AAAA":
        return ip_address(value).packed
    if rdtype == "MX":
        preference, _, exchange = value.partition(" ")
        return int(preference), exchange.rstrip(".")
    return value.rstrip(".")


def zone(chance: random.Random, domains: int) -> Zone:
    """Domains as they are hosted: some by one includes, some by two, a few with a, mx, exists and redirect; providers with
    records of many networks behind two more includes."""
    found: Zone = {}
    for number in range(PROVIDERS):
        name = f"_spf.provider{number}.test"
        found[name, "TXT"] = (quoted(f"v=spf1 include:_n1.p{number}.test include:_n2.p{number}.test ~all"),)
        for part in (1, 2):
            four = [f"ip4:{10 + number}.{chance.randrange(256)}.{16 * n}.0/20" for n in range(14)]
            six = [f"ip6:2001:db8:{number:x}{part}{n:x}::/48" for n in range(4)]
            found[f"_n{part}.p{number}.test", "TXT"] = (quoted(" ".join(["v=spf1", *four, *six, "~all"])),)
    for number in range(domains):
        name, mail = f"domain{number}.test", f"mx{number % 40}.host.test"
        one, two = chance.sample(range(PROVIDERS), 2)
        include = f"include:_spf.provider{one}.test"
        terms = chance.choice(
            [
                include,
                f"a mx {include}",
                f"mx {include} include:_spf.provider{two}.test",
                f"{include} exists:%{{i}}._x.{name}",
            ]
        )
        end = chance.choice(["-all", "~all", "~all", f"redirect=_spf.provider{two}.test"])
        found[name, "TXT"] = (quoted("another-service=1234567890"), quoted(f"v=spf1 {terms} {end}"))
        found[name, "MX"] = (f"10 {mail}.",)
        found[name, "A"] = found[mail, "A"] = (f"192.0.2.{number % 40 + 1}",)
        found[name, "AAAA"] = found[mail, "AAAA"] = (f"2001:db8:ffff::{number % 40 + 1:x}",)
    return found


def messages(chance: random.Random, domains: int, count: int) -> Iterator[Message]:
    """Half of them from where they may come from, the others from anywhere; one in five over IPv6."""
    for _ in range(count):
        number = chance.randrange(domains)
        here = chance.choice(
            [f"192.0.2.{number % 40 + 1}", f"{10 + chance.randrange(PROVIDERS)}.7.{chance.randrange(256)}.9"]
        )
        ip = here if chance.random() < 0.8 else f"2001:db8:{chance.choice(['ffff', '111', 'eeee'])}::{number % 40 + 1:x}"
        yield Message(ip, f"somebody@domain{number}.test", "mail.sender.test")


def measure(report: Report, quick: bool) -> None:
    chance = random.Random(7208)
    domains, count = (20, 200) if quick else (DOMAINS, 4000)
    data = zone(chance, domains)
    todo = list(messages(chance, domains, count))
    ours, theirs = Ours(data), Theirs(data)
    pyspf.DNSLookup = theirs  # its own tests give it answers so

    def one_of_ours(message: Message) -> str:
        return check_host(message.ip, message.domain, message.sender, ours, helo=message.helo).result.value

    def anew(message: Message) -> str:
        record._kept.cache_clear()
        return one_of_ours(message)

    def one_of_theirs(message: Message) -> str:
        return str(pyspf.query(i=message.ip, s=message.sender, h=message.helo, strict=True, querytime=0).check()[0])

    rates = {"ours": 0.0, "anew": 0.0, "pyspf": 0.0}
    results: dict[str, list[str]] = {}
    for _ in range(1 if quick else 3):  # in turns, and the best of each: others use this machine too
        for name, evaluate in (("ours", one_of_ours), ("anew", anew), ("pyspf", one_of_theirs)):
            rate, results[name] = _rate(evaluate, todo)
            rates[name] = max(rates[name], rate)
    if not results["ours"] == results["anew"] == results["pyspf"]:
        raise RuntimeError("the two don't agree")
    table = report.table(
        f"SPF: {count} messages of {domains} domains, answers from memory",
        "who",
        "evaluations per second",
        "ratio to pyspf",
    )
    table.rows += [
        ("Mailward", rates["ours"], rates["ours"] / rates["pyspf"]),
        ("Mailward, every record read anew", rates["anew"], rates["anew"] / rates["pyspf"]),
        ("pyspf 2.0.14", rates["pyspf"], 1.0),
    ]
    shares = ", ".join(f"{result} {number}" for result, number in sorted(Counter(results["ours"]).items()))
    table.notes += [
        f"the same results in all {count} cases: {shares}",
        "seconds of the processor, so that others' work counts less; the best of three rounds, in turns",
    ]
    report.figure("spf_per_second", rates["ours"])
    report.figure("spf_per_second_anew", rates["anew"])
    report.figure("pyspf_per_second", rates["pyspf"])
    report.figure("spf_ratio", rates["ours"] / rates["pyspf"])


def _rate(evaluate: Callable[[Message], str], todo: list[Message]) -> tuple[float, list[str]]:
    began = time.process_time()
    results = [evaluate(message) for message in todo]
    return len(todo) / (time.process_time() - began), results
