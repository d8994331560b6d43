"""Sentences in JSON columns: the English template and its values, so that each reader gets their own language."""

from typing import Any

from mailward.model.sentence import NOTHING, Sentence


def to_json(sentence: Sentence) -> dict[str, Any]:
    return {"text": sentence.template, "values": dict(sentence.values)}


def from_json(stored: dict[str, Any] | None) -> Sentence:
    return Sentence(stored["text"], **stored["values"]) if stored else NOTHING
