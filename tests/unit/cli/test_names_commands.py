"""Names at the command line, over an instance on disk whose daemons never ran."""

import json

from test_people_commands import Instance, instance  # noqa: F401 - the fixture of that file


def test_the_lists_of_names_are_kept_by_commands(instance: Instance) -> None:  # noqa: F811
    """Deny, allow, forget; the shipped list with its reasons; what can't be a pattern is refused with what to write."""
    denied, allowed, listed, forgotten, again, wrong = instance.run(
        "names deny *casino* --reason ours",
        "names allow dhl",
        "names list --json",
        "names forget dhl",
        "names forget dhl",
        "names deny *",
    )
    assert (denied.code, denied.out.strip()) == (0, "*casino*")
    assert allowed.code == forgotten.code == 0
    rows = {row["pattern"]: row for row in json.loads(listed.out)}
    assert rows["dhl"]["allowed"] and not rows["dhl"]["shipped"]
    assert rows["*paypal*"]["shipped"] and "banks" in str(rows["*paypal*"]["reason"])
    assert (again.code, wrong.code) == (2, 2)
    assert "bank.example" in wrong.err


def test_partners_are_guarded_and_names_tried_by_commands(instance: Instance) -> None:  # noqa: F811
    """What resembles a guarded name is told with its code and exit code 1; nobody was seen in DNS yet."""
    guarded, partners, alike, fine, watched, unguarded, known = instance.run(
        "names partner mybank.test --note ours",
        "names partners",
        "names try my-bank.test",
        "names try quite-another.test",
        "names watched --new",
        "names partner mybank.test --remove",
        "names known 1",
    )
    assert guarded.code == unguarded.code == 0
    assert "mybank.test" in partners.out
    assert alike.code == 1
    assert "looks-like" in alike.out
    assert fine.code == 0
    assert "Nothing speaks against it." in fine.out
    assert "No look-alike was seen." in watched.out
    assert known.code == 2
