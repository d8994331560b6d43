"""How a command is declared: its words, and the options that every command has.

``command`` hands the function a Face as its first argument. Help texts are Sentences, said in the reader's language.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mailward.cli.face import Face
from mailward.cli.language import current, tell
from mailward.cli.subjects import ENTRIES
from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence

Body = Callable[..., Any]


class SpokenOption(click.Option):
    """An option whose help is a Sentence."""

    says: Sentence

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        return None if record is None else (record[0], tell(self.says))


def option(*names: str, says: Sentence, **settings: Any) -> Callable[[Body], Body]:
    """An option, explained in the reader's language. ``settings`` are click's."""

    def add(body: Body) -> Body:
        class Said(SpokenOption):
            pass

        Said.says = says
        return click.option(*names, cls=Said, help=str(says), **settings)(body)

    return add


class SpokenCommand(click.Command):
    """A command whose help is a Sentence."""

    says: Sentence

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(tell(self.says))

    def get_short_help_str(self, limit: int = 45) -> str:
        return tell(self.says)


class SpokenGroup(click.Group):
    """Commands about one subject."""

    says: Sentence

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(tell(self.says))


def group(name: str) -> SpokenGroup:
    made = SpokenGroup(name=name)
    made.says = ENTRIES[name].summary
    return made


def command(
    name: str, says: Sentence | None = None, *, under: click.Group | None = None, results: bool = False, **settings: Any
) -> Callable[[Body], click.Command]:
    """A command. Without ``says`` its summary in ``subjects`` is its help; ``results``: it takes ``--json``."""

    def make(body: Body) -> click.Command:
        def called(*, instance: Path, as_json: bool = False, **arguments: Any) -> Any:
            return body(Face.of(_resolved(instance), current(), as_json=as_json), **arguments)

        called.__click_params__ = list(getattr(body, "__click_params__", []))  # type: ignore[attr-defined]
        decorated: Body = called
        if results:
            decorated = option("--json", "as_json", is_flag=True, says=Sentence("Print the results as JSON"))(decorated)
        decorated = _instance(decorated)
        made: click.Command = click.command(name, cls=SpokenCommand, **settings)(decorated)
        assert isinstance(made, SpokenCommand)
        made.says = says or ENTRIES[name].summary
        if under is not None:
            under.add_command(made)
        return made

    return make


_instance = option(
    "--instance",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="MAILWARD_INSTANCE",
    default=Path("instance"),
    metavar="DIR",
    says=Sentence("The directory of the mail host's instance (also MAILWARD_INSTANCE; ./instance when not given)"),
)


def _resolved(instance: Path) -> Path:
    """Absolute and without links: daemons' configurations name it, and their users must reach it."""
    if any(not character.isprintable() or character in " '\"\\{};#$" for character in str(instance)):
        raise BadInput(
            "instance",
            Sentence("the instance's path has a space or a special character: {path}", path=repr(str(instance))),
            Sentence("Choose a path of letters, digits, and - _ . /"),
        )
    return instance.resolve()


def yes(body: Body) -> Body:
    """``--yes`` for what can't be taken back; see ``Face.be_sure``."""
    return option("--yes", is_flag=True, says=Sentence("Don't ask"))(body)


def in_clone(body: Body) -> Body:
    """Where the clone lies that the program was started from: the launcher says so; otherwise the working directory."""
    where = click.Path(file_okay=False, path_type=Path, resolve_path=True)
    return click.option("--clone", envvar="MAILWARD_CLONE", type=where, default=Path(), hidden=True)(body)
