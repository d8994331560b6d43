"""What pydantic refuses, in the reader's language. The value itself is never repeated: it may be a password."""

from collections.abc import Mapping, Sequence
from typing import Any

from mailward.api.problems import FieldProblem, Refusal
from mailward.model.sentence import Sentence
from mailward.words import say

SPOKEN: Mapping[str, Sentence] = {
    "missing": Sentence("this is needed"),
    "extra_forbidden": Sentence("there is no such field"),
    "string_type": Sentence("this must be a text"),
    "string_too_short": Sentence("this needs at least {min_length} characters"),
    "string_too_long": Sentence("this has at most {max_length} characters"),
    "string_pattern_mismatch": Sentence("this text has not the form that is needed here"),
    "int_type": Sentence("this must be a whole number"),
    "int_parsing": Sentence("this must be a whole number"),
    "int_parsing_size": Sentence("this number is too large"),
    "int_from_float": Sentence("this must be a whole number"),
    "bool_type": Sentence("this must be true or false"),
    "bool_parsing": Sentence("this must be true or false"),
    "greater_than_equal": Sentence("this must be at least {ge}"),
    "less_than_equal": Sentence("this must be at most {le}"),
    "enum": Sentence("this must be one of: {expected}"),
    "literal_error": Sentence("this must be one of: {expected}"),
    "list_type": Sentence("this must be a list"),
    "too_short": Sentence("this list needs at least {min_length} entries"),
    "too_long": Sentence("this list has at most {max_length} entries"),
    "datetime_parsing": Sentence("this must be a time, like 2026-01-31T12:00:00Z"),
    "datetime_from_date_parsing": Sentence("this must be a time, like 2026-01-31T12:00:00Z"),
    "model_attributes_type": Sentence("this must be an object"),
    "model_type": Sentence("this must be an object"),
    "dict_type": Sentence("this must be an object"),
}
REFUSED = Sentence("this value can't be taken here")


def refusal_of(errors: Sequence[Mapping[str, Any]], language: str) -> Refusal:
    """Every field that is refused, in one problem."""
    found = tuple(_one(error, language) for error in errors[:50])
    first = found[0].field if found else None
    what = Sentence("{count} fields of the request are refused", count=len(found))
    if len(found) == 1:
        what = Sentence("{field}: {reason}", field=found[0].field, reason=_said(errors[0]))
    return Refusal(422, "invalid-request", what, field=first, errors=found)


def _one(error: Mapping[str, Any], language: str) -> FieldProblem:
    place = ".".join(str(part) for part in error.get("loc", ())[1:] if part not in ("wish", "body"))
    return FieldProblem(field=place[:200] or "body", code=str(error["type"]), detail=say(_said(error), language))


def _said(error: Mapping[str, Any]) -> Sentence:
    values = {name: value for name, value in error.get("ctx", {}).items() if name != "error"}
    template = SPOKEN.get(str(error["type"]), REFUSED)
    try:
        return template.having(**values)
    except KeyError:
        return REFUSED
