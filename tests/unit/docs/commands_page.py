"""Makes docs/commands.md from the commands themselves; to write it: ``python tests/unit/docs/commands_page.py``."""

from collections.abc import Iterator
from pathlib import Path

import click

from mailward.cli.app import Front
from mailward.cli.subjects import SUBJECTS

PAGE = Path(__file__).parents[3] / "docs" / "commands.md"
COMMON = ("instance", "as_json", "help")  # said once, at the top

HEAD = """# Commands

This page is made from the commands themselves: `python tests/unit/docs/commands_page.py` writes it, and a test fails
when it is out of date. `./mailward COMMAND --help` says the same in your language.

Every command takes `--lang en|nl|de|fr` and, but for `test`, `bench` and `words`, `--instance DIR`: the mail host it is
about (also the variable `MAILWARD_INSTANCE`; `./instance` when neither is given). Where **json** stands, `--json` prints
the results as data. Results go to standard output; progress, warnings and refusals to standard error.

| Exit code | Meaning |
|---|---|
| 0 | fine |
| 1 | something is not well: a door fails, or nobody could look |
| 2 | the input is refused; nothing was changed |
| 3 | not possible now; the host serves what it served before |
| 130 | stopped by the keyboard |
"""


def page() -> str:
    """The whole page."""
    front = Front(name="mailward")
    context = click.Context(front, info_name="./mailward")
    lines = [HEAD]
    for heading, entries in SUBJECTS:
        lines.append(f"## {heading}\n")
        for entry in entries:
            made = front.get_command(context, entry.name)
            assert made is not None, entry.name
            lines += _explained(entry.name, made)
    return "\n".join(lines).rstrip() + "\n"


def paths() -> tuple[str, ...]:
    """Every command with its subject: "mailbox add"."""
    front = Front(name="mailward")
    context = click.Context(front)
    found: list[str] = []
    for _, entries in SUBJECTS:
        for entry in entries:
            made = front.get_command(context, entry.name)
            below = made.commands if isinstance(made, click.Group) else {}
            found += [f"{entry.name} {name}" for name in sorted(below)] or [entry.name]
    return tuple(found)


def _explained(path: str, made: click.Command) -> Iterator[str]:
    if isinstance(made, click.Group):
        for name in sorted(made.commands):
            yield from _explained(f"{path} {name}", made.commands[name])
        return
    says = str(getattr(made, "says", made.help))
    takes_json = any(one.name == "as_json" for one in made.params)
    arguments = "".join(f" {_shown(one)}" for one in made.params if isinstance(one, click.Argument))
    yield f"### `{path}{arguments}`\n"
    yield f"{says}.{' **json**' if takes_json else ''}\n"
    rows = [one for one in made.params if isinstance(one, click.Option) and one.name not in COMMON and not one.hidden]
    if rows:
        yield "| Option | Meaning |\n|---|---|"
        for one in rows:
            yield f"| `{_option(one)}` | {one.help} |"
        yield ""


def _shown(argument: click.Argument) -> str:
    name = (argument.metavar or str(argument.name).upper()) + ("…" if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _option(option: click.Option) -> str:
    names = ", ".join(sorted(option.opts, key=len, reverse=True))
    if option.is_flag:
        return names
    kind = option.type
    values = "|".join(map(str, kind.choices)) if isinstance(kind, click.Choice) else option.metavar
    return f"{names} {values or ('N' if isinstance(kind, click.types.IntParamType) else 'FILE')}".replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
