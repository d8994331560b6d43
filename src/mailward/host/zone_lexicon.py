"""A zone at one of the providers that dns-lexicon knows (an extra: ``pip install mailward[lexicon]``).

Lexicon has single records only: a set is made right by adding what is missing and then taking away what is too much, so
that it is never empty in between. It is imported when a zone is really changed by it, and its words are cut and shown
without what could be a secret.
"""

import importlib
from collections.abc import Sequence
from typing import Any

from mailward.model.errors import NotPossible
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.zones import OF_THE_SERVER, RecordSet

SHOWN = 200


class LexiconHome:
    """``provider`` is lexicon's word ("cloudflare"); ``options`` its settings ("auth_username") with the secret."""

    def __init__(self, provider: str, options: dict[str, str]) -> None:
        self._provider = provider
        self._options = options

    def __repr__(self) -> str:
        return f"LexiconHome({self._provider})"

    def read(self, zone: str) -> tuple[RecordSet, ...]:
        sets: dict[tuple[str, str], set[str]] = {}
        ttls: dict[tuple[str, str], int] = {}
        for record in self._listed(zone):
            key = (str(record["name"]).rstrip(".").lower(), str(record["type"]))
            if key[1] not in OF_THE_SERVER:
                sets.setdefault(key, set()).add(_presented(key[1], str(record["content"])))
                ttls[key] = int(record.get("ttl") or 3600)
        return tuple(sorted(RecordSet(*key, tuple(sorted(values)), ttls[key]) for key, values in sets.items()))

    def replace(self, zone: str, sets: Sequence[RecordSet]) -> None:
        there = {(one.name, one.rdtype): one.values for one in self.read(zone)}
        for one in sorted(sets, key=lambda one: bool(one.values)):
            now = there.get((one.name, one.rdtype), ())
            for value in one.values:
                if value not in now:
                    self._do(zone, "create", one.rdtype, one.name, value, one.ttl)
            for value in now:
                if value not in one.values:
                    self._do(zone, "delete", one.rdtype, one.name, value, one.ttl)

    def _listed(self, zone: str) -> list[dict[str, Any]]:
        found = self._run(zone, lambda at: at.list_records(rtype=None))
        return [record for record in found if isinstance(record, dict)] if isinstance(found, list) else []

    def _do(self, zone: str, verb: str, rdtype: str, name: str, value: str, ttl: int) -> None:
        def done(at: Any) -> Any:
            if verb == "create":
                return at.create_record(rtype=rdtype, name=f"{name}.", content=value)
            return at.delete_record(rtype=rdtype, name=f"{name}.", content=value)

        if not self._run(zone, done, ttl):
            raise self._refused(zone, verb)

    def _run(self, zone: str, ask: Any, ttl: int = 3600) -> Any:
        try:
            client = importlib.import_module("lexicon.client")
            config = importlib.import_module("lexicon.config")
        except ImportError:
            said = Sentence("dns-lexicon is not installed, and the zone {zone} is changed by it", zone=zone)
            raise NotPossible(said, Sentence("Install it: pip install 'mailward[lexicon]'"), code="no-lexicon") from None
        told = {
            "provider_name": self._provider,
            "domain": zone,
            "delegated": zone,
            "ttl": ttl,
            self._provider: dict(self._options),
        }
        resolver = config.ConfigResolver().with_dict(told)
        try:
            with client.Client(resolver) as at:
                return ask(at)
        except Exception as trouble:  # dozens of providers, each with errors of its own
            raise self._refused(zone, self._without_secrets(f"{type(trouble).__name__}: {trouble}")) from None

    def _without_secrets(self, text: str) -> str:
        for value in sorted(self._options.values(), key=len, reverse=True):
            text = text.replace(value, "…") if len(value) > 3 else text
        return "".join(c for c in text if c.isprintable())[:SHOWN]

    def _refused(self, zone: str, reason: str) -> NotPossible:
        said = Sentence("{server} did not answer for {zone}: {reason}", server=self._provider, zone=zone, reason=reason)
        return NotPossible(said, NOTHING, code="dns-refused")


def _presented(rdtype: str, content: str) -> str:
    """Some providers show TXT without its outer quotes."""
    if rdtype != "TXT" or content.startswith('"'):
        return content
    if '" "' in content or "\\" in content:
        return f'"{content}"'
    plain = content.replace("\\", "\\\\").replace('"', '\\"')
    return " ".join(f'"{plain[at : at + 255]}"' for at in range(0, max(len(plain), 1), 255))
