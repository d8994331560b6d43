"""Results as JSON: the model's values, field by field; sentences in the reader's language, times in RFC 3339, UTC.

Bytes are never printed (they may be keys), and neither are fields called ``secret`` or ``passwords``.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import PurePath

from mailward.model.sentence import Sentence
from mailward.words import say

_NEVER = frozenset({"secret", "passwords", "sealed_key", "key_pem", "generation_files"})


def as_json(value: object, language: str) -> str:
    """``value`` as indented JSON text."""
    return json.dumps(plain(value, language), ensure_ascii=False, indent=2)


def plain(value: object, language: str) -> object:
    """``value`` as what ``json`` knows: dicts, lists, text, numbers."""
    if isinstance(value, Sentence):
        return say(value, language)
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return _whole(value, language)


def _whole(value: object, language: str) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        shown = {str(plain(key, language)): part for key, part in value.items()}
        return {
            name: plain(part, language)
            for name, part in shown.items()
            if name not in _NEVER and not isinstance(part, bytes)
        }
    if isinstance(value, tuple | list):
        return [plain(part, language) for part in value]
    if isinstance(value, set | frozenset):
        return sorted(str(plain(part, language)) for part in value)
    if isinstance(value, PurePath):
        return str(value)
    return _date(value)


def _date(value: object) -> object:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is never printed as JSON")
