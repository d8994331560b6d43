"""Whether receivers can check the signatures of a domain's mail (RFC 6376): one line for each of its keys, and one when it
has none. What a key's line is worth depends on what the key does: one that signs must be there, one that is on its way in
may still be missing.
"""

from dataclasses import dataclass
from datetime import timedelta

from mailward.audit.seen import Expected, Seen, is_unknown
from mailward.model.checks import CheckFinding, Mechanism
from mailward.model.dns import DkimSelector, DkimState, HomeKind, Record
from mailward.model.errors import BadInput
from mailward.model.outside import DnsAnswer
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.verdict import Verdict
from mailward.standards.dkim import KeyRecord
from mailward.standards.txt import joined_text

LATE_AFTER = timedelta(days=1)  # a record that Mailward publishes is seen within minutes
_PUBLISH = Sentence("Publish the record that is shown.")
_LATER = Sentence("Look again later.")
_AHEAD = (DkimState.MADE, DkimState.PUBLISHED)


@dataclass(frozen=True)
class _Said:
    """A judgement, before it becomes a line. ``cured``: the record that is shown ends it."""

    verdict: Verdict
    code: str
    reason: Sentence
    remedy: Sentence = NOTHING
    cured: bool = False


def judge(domain: str, expected: Expected, seen: Seen) -> list[CheckFinding]:
    """The records at ``<selector>._domainkey.<domain>``."""
    keys = [key for key in expected.wish.dkim if key.state is not DkimState.GONE]
    if not keys:
        says = Sentence("There is no key for {domain}: its mail leaves unsigned.", domain=domain)
        remedy = Sentence("Make keys with: mailward dkim rotate {domain}", domain=domain)
        return [seen.finding(domain, Mechanism.DKIM, domain, Verdict.FAIL, "dkim-no-keys", says, remedy)]
    return [_line(domain, key, expected, seen) for key in keys]


def _line(domain: str, key: DkimSelector, expected: Expected, seen: Seen) -> CheckFinding:
    name = f"{key.selector}._domainkey.{domain}"
    answer = seen.query(name, "TXT")
    said = _judged(name, key, answer, expected, seen)
    texts = tuple(map(joined_text, answer.records)) if said.cured else ()
    return seen.finding(
        domain,
        Mechanism.DKIM,
        name,
        said.verdict,
        said.code,
        said.reason,
        said.remedy,
        answers=(answer,),
        cure=expected.values(name, "TXT") or (Record(name, "TXT", key.record),) if said.cured else (),
        replaces=tuple(Record(name, "TXT", text) for text in texts if text != key.record),
    )


def _judged(name: str, key: DkimSelector, answer: DnsAnswer, expected: Expected, seen: Seen) -> _Said:
    if is_unknown(answer):
        says = Sentence(
            "DNS gave no answer for {name} ({rcode}), so nobody knows what it says.", name=name, rcode=answer.rcode
        )
        return _Said(Verdict.UNKNOWN, "dkim-unknown", says, _LATER)
    if not answer.records:
        return _missing(name, key, expected, seen)
    if len(answer.records) > 1:
        says = Sentence("{name} has {count} records: receivers may take any of them.", name=name, count=len(answer.records))
        return _Said(_harm(key), "dkim-two-records", says, _PUBLISH, cured=True)
    wrong = _wrong(name, key, joined_text(answer.records[0]))
    return wrong or _right(name, key, expected)


def _missing(name: str, key: DkimSelector, expected: Expected, seen: Seen) -> _Said:
    if key.state is DkimState.SIGNING:
        says = Sentence("Mail is signed with the key of {name}, which isn't in DNS: no receiver can check it.", name=name)
        return _Said(Verdict.FAIL, "dkim-missing", says, _PUBLISH, cured=True)
    if key.state is DkimState.RETIRING:
        says = Sentence("Mail under way was signed with the key of {name}, which isn't in DNS any more.", name=name)
        return _Said(Verdict.WARN, "dkim-retired-early", says, _PUBLISH, cured=True)
    if not any(one.state is DkimState.SIGNING for one in expected.wish.dkim):
        says = Sentence("The key of {name} isn't in DNS: until it is, mail leaves unsigned.", name=name)
        return _Said(Verdict.FAIL, "dkim-not-published", says, _PUBLISH, cured=True)
    late = expected.wish.home is HomeKind.BY_HAND or seen.now() - key.made_at >= LATE_AFTER
    says = Sentence("The next key isn't in DNS yet; until it is, the one before signs on.")
    if late or not _sign_alike(key, expected):
        return _Said(Verdict.WARN, "dkim-next-waits", says, _PUBLISH, cured=True)
    return _Said(Verdict.NOT_APPLICABLE, "dkim-next", says)


def _wrong(name: str, key: DkimSelector, text: str) -> _Said | None:
    try:
        found, meant = KeyRecord.parse(text), KeyRecord.parse(key.record)
        if found.revoked:
            says = Sentence("The record at {name} takes its key back: receivers accept no signature of it.", name=name)
            return _Said(_harm(key), "dkim-revoked", says, _PUBLISH, cured=True)
        found.public_key()
    except BadInput as error:
        says = Sentence("The record at {name} is of no use: {why}", name=name, why=error.what)
        return _Said(_harm(key), "dkim-broken", says, _PUBLISH, cured=True)
    if (found.public, found.kind) != (meant.public, meant.kind):
        says = Sentence(
            "{name} has another key than mail is signed with: receivers take the signatures for forged.", name=name
        )
        return _Said(_harm(key), "dkim-other-key", says, _PUBLISH, cured=True)
    if (found.services and not {"*", "email"} & set(found.services)) or (found.hashes and "sha256" not in found.hashes):
        says = Sentence("The record at {name} doesn't allow what mail is signed with.", name=name)
        return _Said(_harm(key), "dkim-restricted", says, _PUBLISH, cured=True)
    if found.testing:
        says = Sentence("{name} says that DKIM is only tried out (t=y): receivers may pass signatures over.", name=name)
        return _Said(Verdict.WARN, "dkim-testing", says, _PUBLISH, cured=True)
    return None


def _right(name: str, key: DkimSelector, expected: Expected) -> _Said:
    if key.state is DkimState.SIGNING:
        says = Sentence("Mail is signed, and receivers find the key at {name}.", name=name)
        return _Said(Verdict.PASS, "dkim-pass", says)
    if key.state is DkimState.RETIRING:
        says = Sentence("This key signs no more; it stays until the mail that it signed has arrived.")
        return _Said(Verdict.PASS, "dkim-retiring", says)
    if _sign_alike(key, expected):
        return _Said(Verdict.PASS, "dkim-published", Sentence("The next key is in DNS, and signs soon."))
    says = Sentence("The key is in DNS and signs within minutes.")
    return _Said(Verdict.WARN, "dkim-soon", says, _LATER)


def _sign_alike(key: DkimSelector, expected: Expected) -> bool:
    """Whether a key of the same kind signs meanwhile."""
    return any(one.state is DkimState.SIGNING and one.algorithm is key.algorithm for one in expected.wish.dkim)


def _harm(key: DkimSelector) -> Verdict:
    return Verdict.FAIL if key.state is DkimState.SIGNING else Verdict.WARN
