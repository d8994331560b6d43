"""Templates to files. Every value that a template prints passes through one of quoting's filters: a test reads the
templates and refuses one that doesn't."""

from pathlib import PurePosixPath

from jinja2 import Environment, PackageLoader, StrictUndefined

from mailward.daemons.quoting import FILTERS
from mailward.model.generations import File


def environment() -> Environment:
    """The only environment that templates are rendered in. HTML escaping is not what these syntaxes need."""
    made = Environment(
        loader=PackageLoader("mailward.daemons", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - quoting.py has one filter per syntax; a test sees to it that each value passes one
    )
    made.filters.clear()
    made.filters.update(FILTERS)
    return made


_ENVIRONMENT = environment()


def render_file(path: str, values: dict[str, object], *, mode: int = 0o644, group: str = "root") -> File:
    """``postfix/main.cf`` from ``templates/postfix/main.cf.j2``. Raises BadInput for a value that can't be quoted."""
    text = _ENVIRONMENT.get_template(f"{path}.j2").render(values)
    return File(PurePosixPath(path), text.encode(), mode=mode, group=group)
