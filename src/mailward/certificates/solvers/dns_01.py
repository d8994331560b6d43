"""DNS-01 (RFC 8555 section 8.4): a TXT value at ``_acme-challenge.<name>``, written by dynamic update.

An alias (CNAME) at that name is followed, so that a customer whose DNS is elsewhere delegates just the challenge. One
value is added beside others and taken away alone: a domain and its wildcard need two values at one name.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from mailward.certificates.polling import QUICK, Pace, until
from mailward.certificates.records import Proof
from mailward.model.errors import NotPossible
from mailward.model.outside import Clock, DnsAnswer, DnsUpdates, Resolver
from mailward.model.sentence import Sentence

TTL = 30
_MOST_ALIASES = 8


@dataclass(frozen=True)
class Dns01:
    """``resolver`` finds the zone and aliases; ``authoritative(zone)`` gives a resolver for each of its name servers."""

    updates: DnsUpdates
    resolver: Resolver
    authoritative: Callable[[str], Sequence[Resolver]]
    clock: Clock
    pace: Pace = QUICK

    def prepare(self, name: str, authorization: str, challenge_url: str, token: str, key_authorization: str) -> Proof:
        place = self._follow(f"_acme-challenge.{name.removeprefix('*.')}")
        digest = urlsafe_b64encode(sha256(key_authorization.encode()).digest()).decode("ascii").rstrip("=")
        return Proof(name, authorization, challenge_url, place, digest, self._zone(place))

    def present(self, proof: Proof) -> None:
        with _as_update():
            self.updates.add(proof.zone, proof.place, "TXT", proof.value, TTL)

    def wait(self, proof: Proof, seconds: float) -> None:
        servers = list(self.authoritative(proof.zone)) or [self.resolver]

        def visible() -> bool | None:
            servers[:] = [server for server in servers if not _shows(server.query(proof.place, "TXT"), proof.value)]
            return None if servers else True

        if until(visible, self.clock, seconds, self.pace) is None:
            raise NotPossible(
                Sentence(
                    "The name servers of {zone} did not show the new TXT record at {place} within {seconds} seconds.",
                    zone=proof.zone,
                    place=proof.place,
                    seconds=f"{seconds:g}",
                ),
                Sentence("Check that all name servers of {zone} get its changes.", zone=proof.zone),
                code="not-visible",
            )

    def clean_up(self, proof: Proof) -> None:
        with _as_update():
            self.updates.remove(proof.zone, proof.place, "TXT", proof.value)

    def _follow(self, name: str) -> str:
        seen = [name]
        for _ in range(_MOST_ALIASES):
            target = next(iter(self.resolver.query(seen[-1], "CNAME").records), "").rstrip(".").lower()
            if not target:
                return seen[-1]
            if target in seen:
                break
            seen.append(target)
        raise NotPossible(
            Sentence("The aliases (CNAME) at {name} lead nowhere.", name=name),
            Sentence("Point the alias at the name where challenges shall be published."),
            code="dns-broken",
        )

    def _zone(self, name: str) -> str:
        """The closest zone above ``name``: the first ancestor that has a SOA record."""
        labels = name.split(".")
        for start in range(len(labels)):
            candidate = ".".join(labels[start:])
            answer = self.resolver.query(candidate, "SOA")
            # A recursive server answers for an alias with the SOA of where it leads: that is another zone.
            if answer.records and not self.resolver.query(candidate, "CNAME").records:
                return candidate
            if answer.rcode == "TIMEOUT":
                raise NotPossible(
                    Sentence("The DNS gives no answer about {name}.", name=name),
                    Sentence("Check the name servers and the delegation of this domain."),
                    code="dns-broken",
                )
        raise NotPossible(
            Sentence("There is no DNS zone for {name}.", name=name),
            Sentence("Add the domain's zone, or check its delegation."),
            code="dns-broken",
        )


@contextmanager
def _as_update() -> Iterator[None]:
    try:
        yield
    except NotPossible as trouble:
        raise NotPossible(trouble.what, trouble.remedy, code="dns-update-failed") from trouble


def _shows(answer: DnsAnswer, value: str) -> bool:
    return any(record.replace('" "', "").strip('"') == value for record in answer.records)
