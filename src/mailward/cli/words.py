"""``words update``: brings the catalogs to what the sources say (for developers; needs the development packages)."""

from pathlib import Path

from mailward.cli import translations
from mailward.cli.command import command, group, in_clone
from mailward.cli.face import Face
from mailward.cli.show import show_table
from mailward.model.sentence import Sentence

words = group("words")


@command(
    "update",
    Sentence("Collect, merge and compile; says how many sentences wait for a translation"),
    under=words,
    results=True,
)
@in_clone
def update(face: Face, clone: Path) -> None:
    missing = translations.update(clone / "src" / "mailward")
    lines = [(language, str(count)) for language, count in missing.items()]
    headings = (Sentence("language"), Sentence("not translated yet"))
    face.answer(missing, lambda out: show_table(out, headings, lines, Sentence("There is no language yet.")))
