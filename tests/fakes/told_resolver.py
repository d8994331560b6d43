"""A resolver that answers what it was told (model.outside.Resolver)."""

from collections.abc import Mapping, Sequence

from mailward.model.outside import DnsAnswer


class ToldResolver:
    """``answers``: (name, type) -> the records, or the rcode ("SERVFAIL"). A name that nobody told about is NXDOMAIN."""

    def __init__(self, answers: Mapping[tuple[str, str], Sequence[str] | str] | None = None) -> None:
        self.answers: dict[tuple[str, str], Sequence[str] | str] = dict(answers or {})
        self.aliases: dict[str, str] = {}  # name -> the target of its CNAME, told beside the records
        self.asked: list[tuple[str, str]] = []

    def query(self, name: str, rdtype: str) -> DnsAnswer:
        name = name.rstrip(".").lower()
        self.asked.append((name, rdtype))
        said = self.answers.get((name, rdtype))
        if isinstance(said, str):
            return DnsAnswer(name, rdtype, said, (), "told")
        if said is None:
            known = any(other == name for other, _ in self.answers)
            return DnsAnswer(name, rdtype, "NOERROR" if known else "NXDOMAIN", (), "told")
        return DnsAnswer(name, rdtype, "NOERROR", tuple(sorted(said)), "told", alias=self.aliases.get(name))


class MemoryDnsUpdates:
    """DNS updates on a dictionary (model.outside.DnsUpdates), readable through ``resolver``."""

    def __init__(self, resolver: ToldResolver | None = None) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.resolver = resolver or ToldResolver()
        self.refuses: Exception | None = None

    def add(self, zone: str, name: str, rdtype: str, value: str, ttl: int) -> None:
        held = self._held(name, rdtype)
        self._set(name, rdtype, held if value in held else [*held, value])

    def remove(self, zone: str, name: str, rdtype: str, value: str) -> None:
        self._set(name, rdtype, [held for held in self._held(name, rdtype) if held != value])

    def replace(self, zone: str, name: str, rdtype: str, values: Sequence[str], ttl: int) -> None:
        self._held(name, rdtype)
        self._set(name, rdtype, list(dict.fromkeys(values)))

    def _held(self, name: str, rdtype: str) -> list[str]:
        if self.refuses is not None:
            raise self.refuses
        return self.records.get((name.rstrip(".").lower(), rdtype), [])

    def _set(self, name: str, rdtype: str, values: list[str]) -> None:
        key = (name.rstrip(".").lower(), rdtype)
        if values:
            self.records[key] = values
            self.resolver.answers[key] = values
        else:
            self.records.pop(key, None)
            self.resolver.answers.pop(key, None)
