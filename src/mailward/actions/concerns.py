"""What needs somebody's attention: one thing, how urgent it is, and what ends it."""

from dataclasses import dataclass
from enum import StrEnum

from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict

MOST = 8  # concerns of one kind that are told one by one


class Kind(StrEnum):
    """What a concern is about; the page knows from it where it is ended."""

    SERVER = "server"
    DOMAIN = "domain"
    DNS = "dns"
    UNKNOWN = "unknown"
    CERTIFICATE = "certificate"
    RUN = "run"


@dataclass(frozen=True)
class Concern:
    """Something that needs attention. ``subject``: a domain, a lineage or a run's number; of what DNS says "": several."""

    kind: Kind
    verdict: Verdict
    subject: str
    domain: str
    title: Sentence
    what: Sentence
    remedy: Sentence = NOTHING
