"""A zone at a provider that speaks PowerDNS' HTTP API (doc.powerdns.com, "Authoritative HTTP API", v1).

One PATCH carries all sets of a change, and the server takes it whole or not at all. The key is sent in a header and shown
nowhere. Answers are bounded in size and time; anything but what was asked for becomes NotPossible.
"""

import http.client
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from mailward.model.errors import NotPossible
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.zones import OF_THE_SERVER, RecordSet

LARGEST = 32 * 1024 * 1024  # bytes of a zone as JSON
SHOWN = 200  # characters of the server's own words
SERVER = "localhost"  # PowerDNS' name for the server whose API this is


class PowerDnsHome:
    """``url`` is the API's address ("https://dns.example.net:8081"); ``key`` the API key."""

    def __init__(self, url: str, key: str, *, timeout: float = 20.0) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"PowerDnsHome({self._url})"

    def read(self, zone: str) -> tuple[RecordSet, ...]:
        told = self._ask("GET", zone)
        rrsets = told.get("rrsets") if isinstance(told, dict) else None
        if not isinstance(rrsets, list):
            raise self._strange(zone)
        try:
            found = [_read(one) for one in rrsets]
        except (KeyError, TypeError, AttributeError, ValueError):
            raise self._strange(zone) from None
        return tuple(sorted(one for one in found if one.rdtype not in OF_THE_SERVER and one.values))

    def replace(self, zone: str, sets: Sequence[RecordSet]) -> None:
        if sets:
            ordered = sorted(sets, key=lambda one: bool(one.values))
            self._ask("PATCH", zone, {"rrsets": [_written(one) for one in ordered]})

    def _ask(self, method: str, zone: str, body: object = None) -> Any:
        parts = urlsplit(self._url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        path = f"{parts.path}/api/v1/servers/{SERVER}/zones/{quote(zone, safe='')}."
        headers = {"X-API-Key": self._key, "Accept": "application/json", "Content-Type": "application/json"}
        try:
            connection = kind(parts.hostname or "", parts.port, timeout=self._timeout)
            try:
                connection.request(method, path, None if body is None else json.dumps(body), headers)
                answer = connection.getresponse()
                text = answer.read(LARGEST + 1)
            finally:
                connection.close()
        except (OSError, http.client.HTTPException, ValueError) as trouble:
            reason = getattr(trouble, "strerror", None) or type(trouble).__name__
            raise self._refused(zone, reason, "dns-unreachable") from None
        if not 200 <= answer.status < 300:
            raise self._refused(zone, f"HTTP {answer.status} {_words(text)}", "dns-refused")
        try:
            return json.loads(text) if text and len(text) <= LARGEST else None
        except (ValueError, RecursionError):
            raise self._strange(zone) from None

    def _strange(self, zone: str) -> NotPossible:
        return self._refused(zone, "an answer that is none", "dns-refused")

    def _refused(self, zone: str, reason: str, code: str) -> NotPossible:
        said = Sentence("{server} did not answer for {zone}: {reason}", server=self._url, zone=zone, reason=reason)
        return NotPossible(said, NOTHING, code=code)


def _read(raw: dict[str, Any]) -> RecordSet:
    values = tuple(sorted(str(one["content"]) for one in raw["records"] if not one.get("disabled")))
    return RecordSet(str(raw["name"]).rstrip(".").lower(), str(raw["type"]), values, int(raw["ttl"]))


def _written(one: RecordSet) -> dict[str, Any]:
    name = f"{one.name}."
    if not one.values:
        return {"name": name, "type": one.rdtype, "changetype": "DELETE"}
    records = [{"content": value, "disabled": False} for value in one.values]
    return {"name": name, "type": one.rdtype, "ttl": one.ttl, "changetype": "REPLACE", "records": records}


def _words(text: bytes) -> str:
    """The server's reason, where it gives one."""
    try:
        said = json.loads(text[:10_000])
    except (ValueError, RecursionError):
        return ""
    reason = said.get("error") if isinstance(said, dict) else None
    return "".join(c for c in reason if c.isprintable())[:SHOWN] if isinstance(reason, str) else ""
