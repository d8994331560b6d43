"""The main menu: the subjects of the panel, each shown to whoever may see something there."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import Sentence


@dataclass(frozen=True)
class Subject:
    """``url``: the name of its address. ``act``: what one must be allowed somewhere; None: everybody sees it."""

    title: Sentence
    url: str
    icon: str
    act: Act | None = None


@dataclass(frozen=True)
class Entry:
    title: Sentence
    address: str
    icon: str
    is_current: bool


@dataclass(frozen=True)
class Section:
    title: Sentence | None
    entries: tuple[Entry, ...]


_SECTIONS: Sequence[tuple[Sentence | None, Sequence[Subject]]] = (
    (
        None,
        (
            Subject(Sentence("Home"), "home", "home"),
            Subject(Sentence("Domains"), "domains", "globe", Act.DOMAINS_READ),
        ),
    ),
    (
        Sentence("Mail"),
        (
            Subject(Sentence("Mail Settings"), "mail-settings", "envelope", Act.CERTIFICATES_CHOOSE),
            Subject(Sentence("E-mail addresses"), "addresses", "at", Act.MAILBOXES_READ),
            Subject(Sentence("What will my client say?"), "clients", "phone", Act.CLIENTS_READ),
        ),
    ),
    (
        Sentence("Security"),
        (
            Subject(Sentence("DNS board"), "board", "list", Act.DNS_READ),
            Subject(Sentence("SSL/TLS certificates"), "certificates", "seal", Act.CERTIFICATES_READ),
            Subject(Sentence("Doors"), "doors", "door", Act.DOORS_READ),
        ),
    ),
    (
        Sentence("Server"),
        (
            Subject(Sentence("Mail server settings"), "server", "server", Act.SERVER_READ),
            Subject(Sentence("Names"), "names", "seal", Act.SERVER_READ),
            Subject(Sentence("Runs"), "runs", "play", Act.RUNS_READ),
        ),
    ),
    (
        Sentence("Access"),
        (
            Subject(Sentence("People and roles"), "people", "people", Act.PEOPLE_READ),
            Subject(Sentence("Activity"), "activity", "list", Act.EVENTS_READ),
            Subject(Sentence("API tokens"), "tokens", "key"),
        ),
    ),
)


def menu(actor: Actor, here: str) -> tuple[Section, ...]:
    """What ``actor`` may see; ``here`` is the path that is shown now."""
    sections = []
    for title, subjects in _SECTIONS:
        seen = (subject for subject in subjects if subject.act is None or actor.may_somewhere(subject.act))
        shown = tuple(_entry(subject, here) for subject in seen)
        if shown:
            sections.append(Section(title, shown))
    return tuple(sections)


def _entry(subject: Subject, here: str) -> Entry:
    address = reverse(subject.url)
    current = here == address if address == "/" else here.startswith(address)
    return Entry(subject.title, address, subject.icon, current)
