"""Makes the tables of docs/people.md from model/rights.py; to write them: ``python tests/unit/docs/rights_tables.py``."""

import re
from pathlib import Path

from mailward.model.rights import DANGEROUS, GIVES, MUST_HAVE_SECOND_FACTOR, REACHES, RIGHTS, SPOKEN_ROLES, Act, PersonRole

PAGE = Path(__file__).parents[3] / "docs" / "people.md"


def roles() -> str:
    rows = []
    for role in PersonRole:
        given = ", ".join(f"`{one.value}`" for one in PersonRole if one in GIVES.get(role, ())) or "–"
        given = "every role" if GIVES.get(role) == frozenset(PersonRole) else given
        must = "yes" if role in MUST_HAVE_SECOND_FACTOR else "–"
        tied = ", ".join(one.value for one in REACHES[role])
        rows.append(f"| {SPOKEN_ROLES[role]} (`{role.value}`) | {tied} | {must} | {given} |\n")
    return "".join(rows)


def rights() -> str:
    heads = " | ".join(str(SPOKEN_ROLES[role]) for role in PersonRole)
    lines = [f"| Act | {heads} |\n", "|---|" + "---|" * len(PersonRole) + "\n"]
    for act in Act:
        cells = " | ".join("✓" if act in RIGHTS[role] else "–" for role in PersonRole)
        lines.append(f"| `{act.value}`{' !' if act in DANGEROUS else ''} | {cells} |\n")
    return "".join(lines)


def page(text: str) -> str:
    """``text`` with both tables as they are now."""
    text = re.sub(r"(\| Role \|[^\n]*\n\|[-|]+\n)(?:\|[^\n]*\n|ROLES\n)*", lambda found: found[1] + roles() + "\n", text)
    text = re.sub(r"(?:\| Act \|[^\n]*\n(?:\|[^\n]*\n)*|^RIGHTS\n)", lambda _: rights() + "\n", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
