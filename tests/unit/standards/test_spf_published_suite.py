"""The published test suite of RFC 7208 (tests/data/rfc7208-tests.yml), each of its scenarios with its own zones."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from mailward.model.outside import DnsAnswer
from mailward.standards.spf import check_host
from mailward.standards.txt import quoted

SUITE = Path(__file__).parents[2] / "data" / "rfc7208-tests.yml"


@dataclass
class Zones:
    """The suite's own zone data as a resolver: TIMEOUT by name or by type, SPF records shown as TXT where there is none."""

    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    silent: set[tuple[str, str]] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def query(self, name: str, rdtype: str) -> DnsAnswer:
        plain = re.sub(r"\\(\d{3}|.)", lambda found: _character(found[1]), name).lower().rstrip(".")
        for _ in range(8):
            alias = self.records.get((plain, "CNAME"))
            if not alias:
                break
            plain = alias[0].lower()
        if (plain, rdtype) in self.records:
            return DnsAnswer(name, rdtype, "NOERROR", tuple(self.records[plain, rdtype]), "suite")
        if {(plain, rdtype), (plain, "*")} & self.silent:
            return DnsAnswer(name, rdtype, "TIMEOUT", (), "suite")
        return DnsAnswer(name, rdtype, "NOERROR" if plain in self.names else "NXDOMAIN", (), "suite")


def _character(said: str) -> str:
    return chr(int(said)) if len(said) == 3 else said


def zones_of(data: dict[str, list[Any]]) -> Zones:
    zones = Zones()
    for owner, rrs in data.items():
        name = owner.lower()
        zones.names.add(name)
        own_txt = any(isinstance(rr, dict) and "TXT" in rr for rr in rrs)
        for rr in rrs:
            if rr == "TIMEOUT":
                zones.silent.add((name, "*"))
                continue
            ((rdtype, value),) = rr.items()
            if value == "TIMEOUT":
                zones.silent.add((name, rdtype))
            elif value != "NONE" and not (rdtype == "SPF" and own_txt):
                kept = "TXT" if rdtype == "SPF" else rdtype
                zones.records.setdefault((name, kept), []).append(_presented(kept, value))
    return zones


def _presented(rdtype: str, value: Any) -> str:
    if rdtype == "TXT":
        return " ".join(quoted(part) for part in ([value] if isinstance(value, str) else value)) or '""'
    return f"{value[0]} {value[1]}" if rdtype == "MX" else str(value)


def cases() -> Iterator[Any]:
    for scenario in yaml.safe_load_all(SUITE.read_text(encoding="utf-8")):
        zones = zones_of(scenario["zonedata"])
        for name, case in scenario["tests"].items():
            yield pytest.param(case, zones, id=f"{scenario['description']}: {name}".replace(" ", "-"))


@pytest.mark.parametrize(("case", "zones"), list(cases()))
def test_the_published_suite(case: dict[str, Any], zones: Zones) -> None:
    """Each message of the suite gets the result (and the explanation) that the suite gives it."""
    sender = case["mailfrom"] or f"postmaster@{case['helo']}"
    domain = sender.rpartition("@")[2]
    check = check_host(case["host"], domain, sender, zones, helo=case["helo"])
    wanted = case["result"] if isinstance(case["result"], list) else [case["result"]]
    assert check.result in wanted, check
    explanation = case.get("explanation")
    if explanation == "DEFAULT":
        assert check.explanation is None
    elif explanation is not None:
        assert check.explanation == explanation
