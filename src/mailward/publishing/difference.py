"""What a zone holds, against what it must hold: what to change, and what may not be changed without asking. Pure.

Mailward changes what it published itself, and nothing else. Where somebody's own record stands in the way it is a conflict,
which people are shown; only when they say so it is overwritten. Two things are merged: an SPF record keeps the terms that
its owner needs (RFC 7208 allows one record at a name), and TXT records that say something else (another service's proof of
control) stay beside ours.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mailward.model.dns import Record
from mailward.model.sentence import Sentence
from mailward.publishing.wanted import ends_spf
from mailward.standards.zone_text import normal

Key = tuple[str, str]  # name and type
KINDS = ("v=spf1", "v=dmarc1", "v=dkim1", "v=stsv1", "v=tlsrptv1")
"""What a TXT record says it is: of each kind one at a name."""
MOST_SPF_TERMS = 30  # of somebody's record that are taken over


@dataclass(frozen=True)
class SetChange:
    """One set of records as it is and as it is to be, in sorted order. ``after`` empty: the set goes."""

    name: str
    rdtype: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    ours: tuple[str, ...]  # which of ``after`` are Mailward's
    ttl: int = 3600

    @property
    def key(self) -> Key:
        return self.name, self.rdtype


@dataclass(frozen=True)
class Conflict:
    """Somebody's records stand where Mailward's should."""

    name: str
    rdtype: str
    there: tuple[str, ...]
    wanted: tuple[str, ...]
    why: Sentence

    @property
    def key(self) -> Key:
        return self.name, self.rdtype


@dataclass(frozen=True)
class Difference:
    changes: tuple[SetChange, ...]
    conflicts: tuple[Conflict, ...]
    settled: tuple[SetChange, ...]  # nothing to do: they are as they should be
    spf_terms: tuple[tuple[str, tuple[str, ...]], ...] = ()  # what others' SPF records needed, by the record's name


def difference(
    observed: Iterable[Record],
    wanted: Iterable[Record],
    published: Mapping[Key, Collection[str]],
    overwrite: Collection[Key] = (),
) -> Difference:
    """``published``: what Mailward put there last. ``overwrite``: sets that may be replaced whoever's they are."""
    there, meant = sets(observed), sets(wanted)
    ttls = {(one.name, one.rdtype): one.ttl for one in wanted}
    found: list[SetChange] = []
    conflicts: list[Conflict] = []
    terms: list[tuple[str, tuple[str, ...]]] = []
    for key in sorted({*meant, *published}):
        now, must = there.get(key, ()), meant.get(key, ())
        own = {normal(key[1], value) for value in published.get(key, ())}
        theirs = [value for value in now if value not in own and value not in must]
        if key in overwrite:
            own, theirs = {*own, *now}, []
        alias = _alias(key, there, meant, overwrite, published)
        if alias and must:
            conflicts.append(_in_the_way(key, alias, must))
            continue
        if key[1] == "TXT":
            must, merged = _with_their_spf(must, theirs)
            terms += [(key[0], merged)] if merged else []
            kinds = {kind_of(value) for value in must} - {""}
            clash = [value for value in theirs if kind_of(value) in kinds and kind_of(value) != "v=spf1"]
            kept = [value for value in theirs if kind_of(value) not in kinds]
        else:
            clash, kept = (theirs if must else []), ([] if must else theirs)
        if clash:
            conflicts.append(_in_the_way(key, tuple(clash), must))
            continue
        after = tuple(sorted({*must, *kept}))
        found.append(SetChange(*key, now, after, tuple(sorted(must)), ttls.get(key, 3600)))
    found += _aliases_gone(there, meant, overwrite, published)
    return Difference(
        tuple(one for one in found if one.before != one.after),
        tuple(conflicts),
        tuple(one for one in found if one.before == one.after),
        tuple(terms),
    )


def sets(records: Iterable[Record]) -> dict[Key, tuple[str, ...]]:
    """Records by name and type, in their one form."""
    found: dict[Key, set[str]] = {}
    for one in records:
        found.setdefault((one.name.lower(), one.rdtype.upper()), set()).add(normal(one.rdtype.upper(), one.value))
    return {key: tuple(sorted(values)) for key, values in found.items()}


def kind_of(text: str) -> str:
    """What a TXT record says it is: "v=spf1", …; "" for all others."""
    first = text.lstrip()[:20].lower().replace(" ", "")
    return next((kind for kind in KINDS if first.startswith(kind)), "")


def merged_spf(ours: str, theirs: str) -> tuple[str, tuple[str, ...]]:
    """Our record with the terms of theirs that it lacks, and those terms. What ends theirs gives way to what ends ours."""
    terms = ours.split()
    known = {_bare(term) for term in terms}
    extra = [t for t in dict.fromkeys(theirs.split()[1:]) if not ends_spf(t) and _bare(t) not in known][:MOST_SPF_TERMS]
    last = next((at for at, term in enumerate(terms) if ends_spf(term)), len(terms))
    return " ".join((*terms[:last], *extra, *terms[last:])), tuple(extra)


def _with_their_spf(must: tuple[str, ...], theirs: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    spf = [value for value in theirs if kind_of(value) == "v=spf1"]
    found: tuple[str, ...] = ()
    if not spf or not any(kind_of(value) == "v=spf1" for value in must):
        return must, ()
    merged = []
    for value in must:
        whole = value
        for other in spf if kind_of(value) == "v=spf1" else ():
            whole, more = merged_spf(whole, other)
            found += more
        merged.append(whole)
    return tuple(merged), found


def _bare(term: str) -> str:
    return term.lower().removeprefix("+")


def _alias(
    key: Key,
    there: Mapping[Key, tuple[str, ...]],
    meant: Mapping[Key, tuple[str, ...]],
    overwrite: Collection[Key],
    published: Mapping[Key, Collection[str]],
) -> tuple[str, ...]:
    """A CNAME at the name leaves no place for anything else (RFC 2181 section 10.1)."""
    cname = (key[0], "CNAME")
    if key[1] == "CNAME" or cname in meant or cname in overwrite or key in overwrite or cname in published:
        return ()
    return there.get(cname, ())


def _aliases_gone(
    there: Mapping[Key, tuple[str, ...]],
    meant: Mapping[Key, tuple[str, ...]],
    overwrite: Collection[Key],
    published: Mapping[Key, Collection[str]],
) -> list[SetChange]:
    """CNAMEs that make way for what was to be written over them."""
    names = {name for name, rdtype in meant if (name, rdtype) in overwrite or (name, "CNAME") in overwrite}
    gone = [(name, "CNAME") for name in sorted(names)]
    return [
        SetChange(*key, there[key], (), ()) for key in gone if key in there and key not in meant and key not in published
    ]


def _in_the_way(key: Key, there: tuple[str, ...], must: tuple[str, ...]) -> Conflict:
    said = Sentence("{name} has {rdtype} records that Mailward didn't make", name=key[0], rdtype=key[1])
    return Conflict(*key, tuple(there), tuple(must), said)
