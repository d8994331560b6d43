"""Started by test_held_connections: lets beta's webmail and mail choose one certificate after another, many times.

python switch_often.py INSTANCE TIMES LINEAGE LINEAGE
"""

import sys
from pathlib import Path

from mailward.actions import choices
from mailward.bootstrap import open_instance
from mailward.model.people import Actor
from mailward.model.progress import Quiet
from mailward.model.runs import RunState


def main(instance: str, times: str, *lineages: str) -> None:
    mailward = open_instance(Path(instance))
    for turn in range(int(times)):
        chosen = lineages[turn % len(lineages)]
        asked = choices.choose(mailward.office, Actor("test"), "beta.localhost", webmail=chosen, mail=chosen)
        row = mailward.carry_out(asked.run_id, Quiet())
        assert row.state is RunState.DONE, f"switch {turn}: {row.state}: {row.what}"
    print(f"{times} switches")


if __name__ == "__main__":
    main(*sys.argv[1:])
