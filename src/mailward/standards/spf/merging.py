"""A domain's SPF record, completed with what a host needs, the rest left as its owner wrote it.

Nothing is ever flattened: an include stays an include, since the addresses behind it change without notice.
"""

from collections.abc import Sequence

from mailward.model.sentence import Sentence
from mailward.standards.spf.record import VERSION, Directive, Modifier, Qualifier, SpfError, SpfRecord, parse, parse_term


def merge(record: str | None, needed: Sequence[str]) -> str:
    """``record`` with the ``needed`` terms that it lacks ("+a", "include:_spf.example.net", "~all"), before its ``all``
    and in their order; its own terms keep theirs. None: a new record. Raises SpfError for what can't be read.

    A needed ``all`` is only for a record that says nothing about the rest: neither ``all`` nor ``redirect=``.
    """
    have = parse(record) if record is not None else SpfRecord(())
    terms = list(have.terms)
    for wanted in map(parse_term, needed):
        if isinstance(wanted, Modifier):
            raise SpfError(wanted.text, Sentence("only mechanisms can be added"))
        if wanted.mechanism == "all":
            if SpfRecord(tuple(terms)).all is None and have.redirect is None:
                terms.append(wanted)
        elif not _holds(terms, wanted):
            terms.insert(_place(terms, wanted), wanted)
    return str(SpfRecord(tuple(terms))) if terms else VERSION


def holds(record: str, needed: str) -> bool:
    """Whether a record has a term already, however it is written, in a place where it counts. Raises SpfError."""
    wanted = parse_term(needed)
    return isinstance(wanted, Directive) and _holds(parse(record).terms, wanted)


def _holds(terms: Sequence[Directive | Modifier], wanted: Directive) -> bool:
    """The first that would match is what counts: a term behind ``all``, or behind its own opposite, is not there."""
    for term in terms:
        if isinstance(term, Directive):
            if _same(term, wanted):
                return term.qualifier is wanted.qualifier
            if term.mechanism == "all":
                return False
    return False


def _place(terms: Sequence[Directive | Modifier], wanted: Directive) -> int:
    """Before ``all``, before its own opposite, and before modifiers at the end (they count wherever they are)."""
    last = 0
    for at, term in enumerate(terms):
        if isinstance(term, Directive):
            if term.mechanism == "all" or _same(term, wanted):
                return at
            last = at + 1
    return last


def _same(one: Directive, other: Directive) -> bool:
    return _what(one) == _what(other)


def _what(term: Directive) -> tuple[object, ...]:
    """What a term is about, apart from its spelling and its qualifier."""
    name = term.domain_spec.lower().removesuffix(".") if term.domain_spec is not None else None
    return term.mechanism, name, term.block, term.prefix4, term.prefix6


def with_end_of(record: str, other: str) -> str:
    """``record`` ending as ``other`` ends (its ``all``), whatever it ended in. Raises SpfError."""
    end = parse(other).all
    terms = [term for term in parse(record).terms if not _ends(term)]
    last = max((at + 1 for at, term in enumerate(terms) if isinstance(term, Directive)), default=0)
    return str(SpfRecord((*terms[:last], *([end] if end else []), *terms[last:])))


def _ends(term: Directive | Modifier) -> bool:
    return term.mechanism == "all" if isinstance(term, Directive) else term.name == "redirect"


def is_open(record: SpfRecord) -> bool:
    """Whether a record lets everybody send: ``+all``, or ``all`` without a sign."""
    return record.all is not None and record.all.qualifier is Qualifier.PASS
