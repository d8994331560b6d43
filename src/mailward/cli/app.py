"""The command line's front: finds the command, and turns every error into words and an exit code.

Exit codes: 0 fine; 1 something is not well (a door fails or is unknown); 2 bad input; 3 not possible now. No error shows a
traceback, unless MAILWARD_DEBUG=1 is set.
"""

import json
import traceback
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from mailward import __version__
from mailward.cli import language as spoken
from mailward.cli.subjects import ENTRIES, SUBJECTS
from mailward.model.errors import BadInput, MailwardError
from mailward.model.sentence import NOTHING, Sentence
from mailward.words import LANGUAGES, choose_language, say

FINE, NOT_WELL, BAD_INPUT, NOT_NOW = 0, 1, 2, 3
INTERRUPTED = 130


class Front(click.Group):
    """All commands by subject; a module is imported when its command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(ENTRIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = ENTRIES.get(cmd_name)
        if entry is None:
            return None
        command = getattr(import_module(f"mailward.cli.{entry.module}"), entry.name.replace("-", "_"))
        return command if isinstance(command, click.Command) else None

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        language = spoken.current()
        formatter.write(f"Mailward {__version__}\n")
        formatter.write_text(
            say(Sentence("Secures a mail host end to end, and proves it by connecting to every door."), language)
        )
        formatter.write_paragraph()
        formatter.write_text("./mailward COMMAND [--help] [--instance DIR] [--lang nl|de|fr|en] [--json]")
        for heading, entries in SUBJECTS:
            with formatter.section(say(heading, language)):
                formatter.write_dl([(entry.name, say(entry.summary, language)) for entry in entries])
        with formatter.section(say(Sentence("Exit codes"), language)):
            formatter.write_dl([(str(code), say(meaning, language)) for code, meaning in _EXIT_CODES])


_WHAT_IT_IS = Sentence("Secures a mail host end to end, and proves it by connecting to every door.")
_EXIT_CODES = (
    (FINE, Sentence("fine")),
    (NOT_WELL, Sentence("something is not well: a door fails, or nobody could look")),
    (BAD_INPUT, Sentence("the input is refused; nothing was changed")),
    (NOT_NOW, Sentence("not possible now; the host serves what it served before")),
)


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run one command; returns the exit code. What ``environment`` says: see ``click`` options' ``envvar`` and below."""
    language = choose_language([*_asked_language(arguments), *(environment.get(name) for name in _LANGUAGE_VARIABLES)])
    with spoken.speaking(language):
        try:
            _refuse_unknown_language(arguments)
            front = Front(name="mailward")
            rest = _without_language(arguments) or ["--help"]
            if rest == ["--version"]:
                click.echo(f"mailward {__version__}")
                return FINE
            outcome: Any = front.main(args=rest, prog_name="./mailward", standalone_mode=False)
            return outcome if isinstance(outcome, int) and not isinstance(outcome, bool) else FINE
        except click.ClickException as error:
            error.show()
            return BAD_INPUT
        except (click.Abort, KeyboardInterrupt):
            click.echo(say(Sentence("Stopped."), language), err=True)
            return INTERRUPTED
        except BrokenPipeError:
            return FINE
        except Exception as error:  # the last resort: whatever went wrong is said in words
            return _explain(error, arguments, environment, language)


_LANGUAGE_VARIABLES = ("MAILWARD_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


def _asked_language(arguments: Sequence[str]) -> Iterator[str]:
    """``--lang`` wherever it stands: the help must know it before any command is found."""
    for position, argument in enumerate(arguments):
        if argument == "--":
            return
        if argument.startswith("--lang="):
            yield argument.removeprefix("--lang=")
        elif argument == "--lang" and position + 1 < len(arguments):
            yield arguments[position + 1]


def _refuse_unknown_language(arguments: Sequence[str]) -> None:
    for wish in _asked_language(arguments):
        if wish not in LANGUAGES:
            raise BadInput(
                "lang",
                Sentence("{language} is not a language that Mailward speaks", language=wish),
                Sentence("Choose one of: {languages}", languages=", ".join(LANGUAGES)),
            )


def _without_language(arguments: Sequence[str]) -> list[str]:
    kept: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            return [*kept, argument, *rest]
        if argument == "--lang":
            next(rest, None)
        elif not argument.startswith("--lang="):
            kept.append(argument)
    return kept


def _explain(error: Exception, arguments: Sequence[str], environment: Mapping[str, str], language: str) -> int:
    debug = environment.get("MAILWARD_DEBUG") == "1"
    if debug:
        traceback.print_exc()
    if isinstance(error, MailwardError):
        what, remedy, code = error.what, error.remedy, error.code
    else:
        what = Sentence("Mailward itself failed: {kind}: {error}", kind=type(error).__name__, error=error)
        remedy = NOTHING if debug else Sentence("Run it again with MAILWARD_DEBUG=1 and report what it prints.")
        code = "defect"
    field = error.field if isinstance(error, BadInput) else ""
    if "--json" in arguments:
        said = {"code": code, "field": field, "what": say(what, language), "remedy": say(remedy, language)}
        click.echo(json.dumps({"error": said}, ensure_ascii=False, indent=2))
    else:
        click.echo(f"✗ {spoken.printable(say(what, language))}", err=True)
        if remedy.template:
            click.echo(f"  → {spoken.printable(say(remedy, language))}", err=True)
    return BAD_INPUT if isinstance(error, BadInput) else NOT_NOW
