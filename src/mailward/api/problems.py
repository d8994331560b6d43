"""Errors as problem documents (RFC 9457): what is wrong, in which field, why, and what ends it.

Never a trace or a secret.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from pydantic import BaseModel, Field

from mailward.api.shapes import Said, spoken
from mailward.model.errors import BadInput, Forbidden, MailwardError, NeedsSecondFactor
from mailward.model.sentence import NOTHING, Sentence
from mailward.web.language import language_of
from mailward.words import say

MEDIA_TYPE = "application/problem+json"
URN = "urn:mailward:problem:"

TITLES: Mapping[int, Sentence] = {
    400: Sentence("The request can't be read"),
    401: Sentence("Nobody is signed in"),
    403: Sentence("This is not allowed"),
    404: Sentence("There is no such thing here"),
    405: Sentence("This address doesn't take that method"),
    409: Sentence("This doesn't fit what is there"),
    412: Sentence("It was changed meanwhile"),
    413: Sentence("The request is too large"),
    415: Sentence("The request's form is not known here"),
    422: Sentence("Something in the request is refused"),
    429: Sentence("Too many requests"),
    500: Sentence("This failed here"),
    503: Sentence("This can't be answered now"),
}
NOWHERE = frozenset({"unknown", "no-request"})
CONFLICTS = frozenset({"already-held", "in-use", "already-there", "last-provider"})


class FieldProblem(BaseModel):
    """One field that is refused."""

    field: str = Field(description="Where it stands: names and positions, joined by dots", examples=["names.0"])
    code: str = Field(description="The kind of refusal, for programs", examples=["missing"])
    detail: str = Field(description="The same for people", examples=["this is needed"])


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(description="A stable name of this kind of problem", examples=["urn:mailward:problem:unknown"])
    title: str = Field(description="The kind of problem, for people", examples=["There is no such thing here"])
    status: int = Field(description="The HTTP status, again", examples=[404])
    detail: str = Field(description="What is wrong this time", examples=["gamma.test is not held here"])
    code: str = Field(description="The last part of ``type``, for programs", examples=["unknown"])
    field: str | None = Field(None, description="Which part of the request is meant", examples=["domain"])
    reason: Said | None = Field(None, description="``detail`` with its stable code")
    remedy: Said | None = Field(None, description="What ends the problem")
    errors: list[FieldProblem] = Field(default_factory=list, description="Every field that is refused, when several can be")


class ProblemAnswer(HttpResponse):
    """An answer in this form."""


@dataclass(eq=False)  # not frozen: Python writes the traceback into it
class Refusal(Exception):
    """A request that is answered with a problem. ``headers`` go with it."""

    status: int
    code: str
    what: Sentence
    remedy: Sentence = NOTHING
    field: str | None = None
    errors: tuple[FieldProblem, ...] = ()
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


def refusal_of(trouble: MailwardError) -> Refusal:
    """An action's error. What is out of reach doesn't exist (404), as in every other face."""
    place = trouble.field if isinstance(trouble, BadInput) else None
    if isinstance(trouble, Forbidden | NeedsSecondFactor):
        status = 403
    elif trouble.code in NOWHERE:
        status = 404
    elif trouble.code in CONFLICTS or not isinstance(trouble, BadInput):
        status = 409
    else:
        status = 422
    return Refusal(status, trouble.code, trouble.what, trouble.remedy, place)


def answer(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The problem document, in the asker's language."""
    language = language_of(request)
    said = say(refusal.what, language) if refusal.what.template else say(title_of(refusal.status), language)
    problem = Problem(
        type=f"{URN}{refusal.code}",
        title=say(title_of(refusal.status), language),
        status=refusal.status,
        detail=said,
        code=refusal.code,
        field=refusal.field,
        reason=spoken(refusal.what, language),
        remedy=spoken(refusal.remedy, language),
        errors=list(refusal.errors),
    )
    body = json.dumps(problem.model_dump(), ensure_ascii=False)
    response = ProblemAnswer(body.encode("utf-8", "replace"), status=refusal.status, content_type=MEDIA_TYPE)
    for name, value in refusal.headers.items():
        response.headers[name] = value
    return response


def title_of(status: int) -> Sentence:
    return TITLES.get(status, TITLES[500] if status >= 500 else TITLES[400])
