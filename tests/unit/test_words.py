"""Sentences reach their readers in their language, and the catalogs are what the sources say."""

from pathlib import Path

import pytest

import mailward
from mailward.cli import translations
from mailward.model.sentence import NOTHING, Sentence
from mailward.words import LANGUAGES, accept_language, choose_language, say

PACKAGE = Path(mailward.__file__).parent
TRANSLATED = [language for language in LANGUAGES if language != "en"]


def test_a_translated_sentence_is_said_in_the_readers_language() -> None:
    """Who asks for Dutch, German or French gets it, with the values put in."""
    said = Sentence("Every door was looked at within the last {minutes} minutes.", minutes=7)
    assert say(said, "nl") == "Elke ingang is in de afgelopen 7 minuten gecontroleerd."
    assert say(said, "de") == "Jeder Zugang wurde in den letzten 7 Minuten geprüft."
    assert say(said, "en") == str(said)


def test_what_has_no_translation_is_said_in_english() -> None:
    """A reader is never left with nothing, and never shown gettext's own header."""
    assert say(Sentence("no catalog has {this}", this="it"), "nl") == "no catalog has it"
    assert say(NOTHING, "nl") == ""
    assert say(Sentence("safe"), "tlh") == "safe"


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        ([None, "", "nl_NL.UTF-8"], "nl"),
        (["de"], "de"),
        (["fr-CA", "nl"], "fr"),
        (["C.UTF-8", "nl"], "en"),
        (["POSIX"], "en"),
        (["sv_SE", "de_AT@euro"], "de"),
        ([], "en"),
    ],
)
def test_the_first_wish_that_we_speak_counts(wishes: list[str | None], language: str) -> None:
    """--lang, MAILWARD_LANG and the locale's variables are taken in their order."""
    assert choose_language(wishes) == language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("da, fr-CH;q=0.8, nl;q=0.9", "nl"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr;q=0, en", "en"),
        ("*", "en"),
        ("nl;q=x", "en"),
        ("\x00;;;,,q=", "en"),
        ("", "en"),
    ],
)
def test_a_browsers_preference_is_followed(header: str, language: str) -> None:
    """Accept-Language is read by its weights; nonsense in it is English, never an error."""
    assert accept_language(header) == language


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalog_is_the_one_that_is_read_by_people(language: str) -> None:
    """Who corrects a .po also has to compile it: ./mailward words update."""
    catalog = translations.read(PACKAGE, language)
    compiled = translations.po_file(PACKAGE, language).with_suffix(".mo").read_bytes()
    assert compiled == translations.as_mo(catalog)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_translated(language: str) -> None:
    """No sentence of the sources is missing in a catalog, unsure, or has other placeholders."""
    wrong = list(translations.wrong(translations.read(PACKAGE, language), translations.extract(PACKAGE)))
    assert not wrong, "\n".join(wrong)


def test_translations_that_are_there_have_the_same_placeholders() -> None:
    """A translation never loses a value or asks for one that doesn't exist."""
    for language in TRANSLATED:
        catalog = translations.read(PACKAGE, language)
        assert [said for said in translations.wrong(catalog, catalog) if said.startswith("other placeholders")] == []


def test_sentences_are_found_wherever_they_are_made(tmp_path: Path) -> None:
    """Extraction sees joined literals, sentences in f-strings, and templates."""
    (tmp_path / "a.py").write_text(
        'x = Sentence("one " "two {n}", n=1)\ny = f"{tell(Sentence("three"))}"\n'.replace('("three")', "('three')")
    )
    templates = tmp_path / "panel" / "templates"
    templates.mkdir(parents=True)
    (templates / "p.html").write_text('<p title="{% say "four" %}">{% say "five {n}" n=1 %}</p>')
    found = {message.id for message in translations.extract(tmp_path) if message.id}
    assert found == {"one two {n}", "three", "four", "five {n}"}


def test_wrong_placeholders_and_missing_sentences_are_seen(tmp_path: Path) -> None:
    """The completeness check can fail: a lost placeholder and an empty translation are both reported."""
    (tmp_path / "a.py").write_text('Sentence("{a} is wrong", a=1)\nSentence("missing")\n')
    template = translations.extract(tmp_path)
    catalog = translations.merged(tmp_path, "nl", template)
    catalog["{a} is wrong"].string = "{b} klopt niet"
    assert sorted(translations.wrong(catalog, template)) == [
        "not translated: missing",
        "other placeholders: {a} is wrong / {b} klopt niet",
    ]
