"""HTTP-01 (RFC 8555 section 8.3): a file that the CA fetches from each name by plain HTTP on port 80.

The files lie in one directory that nginx serves under ``/.well-known/acme-challenge/`` for every name. No wildcards.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mailward.certificates.polling import QUICK, Pace, until
from mailward.certificates.records import Proof
from mailward.model.errors import NotPossible
from mailward.model.outside import Clock, Files
from mailward.model.sentence import Sentence

# What a token may be (RFC 8555 section 8.1): it becomes a file's name, so nothing else gets through.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
_VALUE = re.compile(r"[A-Za-z0-9_-]{16,128}\.[A-Za-z0-9_-]{8,128}")  # section 8.1: the token and the key's thumbprint


@dataclass(frozen=True)
class Http01:
    """``fetch(name, token)`` asks the web server as the CA will, and gives the body or None; without it, the file's
    being there is enough."""

    files: Files
    directory: Path
    clock: Clock
    fetch: Callable[[str, str], bytes | None] | None = None
    pace: Pace = QUICK

    def prepare(self, name: str, authorization: str, challenge_url: str, token: str, key_authorization: str) -> Proof:
        proof = Proof(name, authorization, challenge_url, token, key_authorization)
        self._path(proof)
        return proof

    def present(self, proof: Proof) -> None:
        path = self._path(proof)
        if not _VALUE.fullmatch(proof.value):
            raise _improper(proof.name)
        self.files.write(path, proof.value.encode("ascii"), mode=0o644)

    def wait(self, proof: Proof, seconds: float) -> None:
        wanted, path = proof.value.encode("ascii"), self._path(proof)

        def visible() -> bool | None:
            if self.fetch is None:
                return True if self.files.exists(path) else None
            return True if (self.fetch(proof.name, proof.place) or b"").strip() == wanted else None

        if until(visible, self.clock, seconds, self.pace) is None:
            raise NotPossible(
                Sentence("The web server does not serve the challenge file for {name}.", name=proof.name),
                Sentence("Check that {name} leads to this server, and that its port 80 is open.", name=proof.name),
                code="not-visible",
            )

    def clean_up(self, proof: Proof) -> None:
        self.files.remove(self._path(proof))

    def _path(self, proof: Proof) -> Path:
        """The proof's file. Looked at each time: an order's journal lies in the store, which the panel's process can write,
        and root writes and removes what stands here."""
        if not _TOKEN.fullmatch(proof.place):
            raise _improper(proof.name)
        return self.directory / proof.place


def _improper(name: str) -> NotPossible:
    return NotPossible(
        Sentence("The certificate authority sent a challenge for {name} that is no proper token.", name=name),
        Sentence("Nothing can be done here: this certificate authority does not follow RFC 8555."),
        code="ca-trouble",
    )
