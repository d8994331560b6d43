"""Sentences in JSON columns: the English template and its values, so that each reader gets their own language."""

from typing import Any

from mailward.model.sentence import Sentence


def to_json(sentence: Sentence) -> dict[str, Any]:
    return sentence.to_json()


def from_json(stored: dict[str, Any] | None) -> Sentence:
    return Sentence.from_json(stored)
