"""Showing control of a name to a CA (RFC 8555 section 8): one module for each kind of challenge."""

from typing import Protocol

from mailward.certificates.records import Proof


class Solver(Protocol):
    """``prepare`` says what will be published where; then ``present``, ``wait``, and in the end always ``clean_up``.

    Doing any of them twice does no harm. All raise NotPossible with codes of ``troubles``.
    """

    def prepare(self, name: str, authorization: str, challenge_url: str, token: str, key_authorization: str) -> Proof:
        """``name`` as ordered. Asks DNS at most; changes nothing."""
        ...

    def present(self, proof: Proof) -> None: ...
    def wait(self, proof: Proof, seconds: float) -> None:
        """Until everybody can see it; ``not-visible`` after ``seconds``."""
        ...

    def clean_up(self, proof: Proof) -> None: ...
