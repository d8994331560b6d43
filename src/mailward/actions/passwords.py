"""Whether a password that a person chose is good enough here: for mailboxes, and for people who sign in to the panel."""

from collections.abc import Iterable

from mailward.actions.office import Office
from mailward.model.errors import BadInput
from mailward.model.passwords import SPOKEN_LEVELS, Judgement
from mailward.model.sentence import Sentence
from mailward.standards import password_policy


def judge_password(office: Office, password: str, known: Iterable[str] = ()) -> Judgement:
    """Its level, and what is missing to the level that mailward.toml demands. ``known``: the address, the person's name."""
    return password_policy.judge(
        password,
        office.settings.password_level,
        known=(*known, office.settings.hostname, "mailward"),
        is_breached=office.is_breached,
    )


def refuse_weak(office: Office, password: str, known: Iterable[str] = ()) -> None:
    """Raises BadInput for a password that isn't good enough, with everything that is missing."""
    judged = judge_password(office, password, known)
    if judged.is_enough:
        return
    said = Sentence(
        "this password is {level}; here it must be {demanded}",
        level=SPOKEN_LEVELS[judged.level],
        demanded=SPOKEN_LEVELS[office.settings.password_level],
    )
    raise BadInput("password", said, joined(judged.missing), code="password-weak")


def joined(sentences: Iterable[Sentence]) -> Sentence:
    """One behind the other."""
    whole: Sentence | None = None
    for one in sentences:
        whole = one if whole is None else Sentence("{first} {second}", first=whole, second=one)
    assert whole is not None, "nothing to say"
    return whole
