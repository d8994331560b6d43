"""Values of the model as JSON columns and back, by their types: dataclasses, enums, tuples, times, sentences.

For what is written by this version and read by it soon after (an answer that a page waits for); what must last has
tables of its own. Bytes are refused: they may be keys.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from mailward.model.sentence import Sentence

T = TypeVar("T")


def freeze(value: object) -> Any:
    """``value`` as what a JSON column keeps. Raises TypeError for what this can't give back."""
    match value:
        case Enum():
            kept: Any = value.value
        case None | bool() | int() | float() | str():
            kept = value
        case Sentence():
            kept = value.to_json()
        case datetime():
            kept = value.isoformat()
        case tuple() | list() | frozenset():
            kept = [freeze(part) for part in value]
        case Mapping():
            kept = {str(freeze(key)): freeze(part) for key, part in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            kept = {field.name: freeze(getattr(value, field.name)) for field in fields(value)}
        case _:
            raise TypeError(f"{type(value).__name__} is not kept as JSON")
    return kept


def thaw(kind: type[T], kept: Any) -> T:
    """What ``freeze`` made of a value of this type. Raises TypeError, ValueError or KeyError when it is of another form."""
    found: T = _thaw(kind, kept)
    return found


def _thaw(kind: Any, kept: Any) -> Any:
    origin = get_origin(kind)
    if origin is not None:
        return _thaw_generic(kind, origin, kept)
    if kind is Sentence:
        return Sentence.from_json(kept)
    if kind is datetime:
        return datetime.fromisoformat(kept)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(kept)
    return _dataclass(kind, kept) if is_dataclass(kind) else _plain(kind, kept)


def _dataclass(kind: Any, kept: Any) -> Any:
    hints = _hints(kind)
    return kind(**{field.name: _thaw(hints[field.name], kept[field.name]) for field in fields(kind)})


def _thaw_generic(kind: Any, origin: Any, kept: Any) -> Any:
    of = get_args(kind)
    if origin in (Union, UnionType):
        return _one_of(of, kept)
    if origin is tuple and (len(of) != 2 or of[1] is not Ellipsis):
        return tuple(_thaw(part_kind, part) for part_kind, part in zip(of, kept, strict=True))
    if issubclass(origin, Mapping):
        return {_thaw(of[0], key): _thaw(of[1], part) for key, part in kept.items()}
    return origin(_thaw(of[0], part) for part in kept)


def _plain(kind: Any, kept: Any) -> Any:
    if kept is not None and not isinstance(kept, kind):
        raise TypeError(f"{kind.__name__} is wanted, {type(kept).__name__} was kept")
    return kept


def _one_of(kinds: tuple[Any, ...], kept: Any) -> Any:
    if kept is None:
        return None
    for kind in kinds:
        if kind is not NoneType:
            try:
                return _thaw(kind, kept)
            except (TypeError, ValueError, KeyError):
                continue
    raise TypeError("none of the kinds that were declared")


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
