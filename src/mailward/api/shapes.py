"""What the API shows: pydantic shapes made from the frozen rows of the actions, so that both can't drift apart.

A sentence becomes ``{"text": …, "code": …}`` in the asker's language; a time RFC 3339 in UTC; a tuple an array. Bytes have
no shape at all: they may be keys.
"""

import types
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from hashlib import sha256
from pathlib import PurePath
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, create_model

from mailward.api.vocabulary import about, example_of
from mailward.model.sentence import Sentence
from mailward.web.language import language_of
from mailward.words import SOURCE, say

NAMES = {"StepRow": "RunStep", "DoorFinding": "Finding", "DoorRow": "ServerDoor"}
"""Shapes that are not called after their row."""
LARGEST = 2**63 - 1
"""The largest whole number that a column holds."""


class Shape(BaseModel):
    """Something that the API shows."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Said(Shape):
    """A sentence for people, in the language of Accept-Language; its code is the same in every language."""

    text: str = Field(
        description="The sentence, in the language of Accept-Language", examples=["alpha.test is not held here"]
    )
    code: str = Field(
        description="The same in every language; changes only with the English sentence", examples=["s-1f0c9a7b"]
    )


def code_of(sentence: Sentence) -> str:
    """A short stable word for a sentence's template."""
    return f"s-{sha256(sentence.template.encode()).hexdigest()[:8]}"


def spoken(sentence: Sentence, language: str) -> Said | None:
    """What is shown of a sentence; of an empty one, nothing."""
    return Said(text=say(sentence, language), code=code_of(sentence)) if sentence.template else None


def _said(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, Sentence):
        return value
    request = (info.context or {}).get("request")
    return spoken(value, SOURCE if request is None else language_of(request))


Spoken = Annotated[Said | None, BeforeValidator(_said)]
Seconds = Annotated[float, BeforeValidator(lambda value: value.total_seconds() if isinstance(value, timedelta) else value)]
Texts = Annotated[list[str], BeforeValidator(lambda value: [str(part) for part in value])]
Text = Annotated[str, BeforeValidator(str)]
Sorted = Annotated[list[str], BeforeValidator(list), AfterValidator(sorted)]


@cache
def shape_of(row: type, name: str, *, without: tuple[str, ...] = (), also: tuple[str, ...] = ()) -> type[Shape]:
    """The shape of a row's class: every field but ``without``; ``also`` are properties of the class."""
    hints = get_type_hints(row)
    found: dict[str, Any] = {}
    for field in fields(row):
        if field.name not in without:
            found[field.name] = (_type(hints[field.name]), _field(field.name))
    for extra in also:
        found[extra] = (_type(get_type_hints(getattr(row, extra).fget)["return"]), _field(extra))
    return create_model(name, __base__=Shape, __doc__=_first_line(row), **found)


def _first_line(row: type) -> str:
    said = (row.__doc__ or "").strip()
    return "" if said.startswith(f"{row.__name__}(") else " ".join(said.split()).split(". ")[0].replace("``", "")


def _field(name: str) -> Any:
    given = example_of(name)
    return Field(description=about(name), examples=None if given is None else [given])


def _type(hint: Any) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Sentence:
        return Spoken
    if origin in (Union, types.UnionType):
        return Union[tuple(_type(part) for part in parts)]  # noqa: UP007 - made from parts
    if origin in (tuple, list, Sequence):
        return list[_type(parts[0])]  # type: ignore[misc]
    if origin is frozenset:
        return Sorted
    if origin in (dict, Mapping):
        return dict[str, _type(parts[1])]  # type: ignore[misc]
    return _plain(hint)


def _plain(hint: Any) -> Any:
    if hint is timedelta:
        return Seconds
    if hint is bytes:
        raise TypeError("bytes are never shown: they may be keys")
    if isinstance(hint, type) and issubclass(hint, PurePath):
        return Text
    if isinstance(hint, type) and is_dataclass(hint):
        return shape_of(hint, NAMES.get(hint.__name__, hint.__name__.removesuffix("Row")))
    if hint in (str, int, float, bool, datetime, type(None), Any, object) or issubclass(hint, Enum):
        return hint
    raise TypeError(f"{hint} has no shape")
