"""The errors that reach people. Each says what is wrong, where, and what to do about it."""

from mailward.model.sentence import NOTHING, Sentence


class MailwardError(Exception):
    """Something could not be done. ``what`` says it, ``remedy`` says what ends it; neither ever holds a secret."""

    def __init__(self, what: Sentence, remedy: Sentence = NOTHING, *, code: str = "error") -> None:
        super().__init__(str(what))
        self.what = what
        self.remedy = remedy
        self.code = code


class BadInput(MailwardError):
    """What a person or another program handed in is refused: the field, the reason, the remedy. Nothing was changed."""

    def __init__(self, field: str, what: Sentence, remedy: Sentence = NOTHING, *, code: str = "bad-input") -> None:
        super().__init__(what, remedy, code=code)
        self.field = field


class NotPossible(MailwardError):
    """The request is well-formed, but the world is not so: a port is taken, a CA is down, a package would be removed."""


class Forbidden(MailwardError):
    """Who asks has no right to this. Objects out of somebody's reach are not forbidden but unknown: BadInput says so."""


class NeedsSecondFactor(MailwardError):
    """A dangerous act was asked for without a second factor shown lately. Show one, then ask again."""
