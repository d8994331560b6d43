"""What is known about the daemons as data."""

from pathlib import Path

import pytest

from mailward import daemons
from mailward.daemons import knot
from mailward.daemons.postfix import wrong_tls_levels
from mailward.daemons.secrets import secret_files
from mailward.daemons.users import USERS
from mailward.daemons.zone import zone_file
from mailward.model.desired import DesiredState
from mailward.model.dns import Record
from mailward.model.errors import BadInput
from mailward.model.layout import Layout
from mailward.steward.new_instance import demo

DESIRED = DesiredState(demo(2000, ipv6=True))
LAYOUT = Layout(Path("/srv/mailward"))
OTHERS = {"root", "postfix", "knot", "dovecot", "unbound", "_mta-sts"}


def test_each_file_stands_below_its_daemons_name() -> None:
    """The flow finds out which daemon must re-read by the first part of a path."""
    names = {daemon.name for daemon in daemons.ALL} | {"supervisor"}
    assert {path.parts[0] for path in daemons.render(DESIRED, LAYOUT).files} <= names


def test_every_user_that_is_named_is_made() -> None:
    """No daemon, directory or secret asks for a user that nobody makes."""
    known = {user.name for user in USERS} | OTHERS
    asked = {one.owner for one in daemons.directories(DESIRED, LAYOUT)}
    asked |= {one.group for one in daemons.directories(DESIRED, LAYOUT)}
    asked |= {daemon.program(DESIRED, LAYOUT).user for daemon in daemons.wanted(DESIRED)}
    asked |= {file.group for file in secret_files(DESIRED, LAYOUT)}
    assert asked <= known


def test_directories_are_inside_the_instance_and_come_parents_first() -> None:
    """Nothing outside the instance is made, and a parent never comes after its child."""
    paths = [one.path for one in daemons.directories(DESIRED, LAYOUT)]
    assert all(path.is_relative_to(LAYOUT.root) for path in paths)
    assert all(parent not in paths[place:] for place, path in enumerate(paths) for parent in path.parents)


def test_a_wrong_tls_level_is_found_in_both_files() -> None:
    """Postfix' own check takes any word as a TLS level; ours does not."""
    files = {str(path): file.content.decode() for path, file in daemons.render(DESIRED, LAYOUT).files.items()}
    main, master = files["postfix/main.cf"], files["postfix/master.cf"]
    assert wrong_tls_levels(main, master) == []
    assert wrong_tls_levels(main.replace("smtpd_tls_security_level = may", "smtpd_tls_security_level = mya"), master) == [
        "mya"
    ]
    assert wrong_tls_levels(main, master.replace("security_level=encrypt", "security_level=encrpyt", 1)) == ["encrpyt"]


def test_a_zone_begins_with_what_it_is_handed() -> None:
    """SOA, NS and every record stand in the file; what is no name, or lies elsewhere, is refused."""
    records = (Record("alpha.test", "MX", "10 mx.host.test."), Record("alpha.test", "TXT", 'v=spf1 "x" -all'))
    text = zone_file("alpha.test", records, ("mx.host.test", "ns2.host.test"))
    assert text.startswith("alpha.test. 3600 IN SOA mx.host.test. hostmaster.alpha.test. 1 ")
    assert "alpha.test. 3600 IN NS ns2.host.test.\n" in text
    assert 'alpha.test. 3600 IN TXT "v=spf1 \\"x\\" -all"\n' in text
    for zone, record in (
        ("a\nb.test", records[0]),
        ("../x", records[0]),
        ("a.test", Record("b.test", "A", "192.0.2.1")),
        ("a.test", Record("a.test", "A", "192.0.2.1\nb.test. A 192.0.2.1")),
    ):
        with pytest.raises(BadInput):
            zone_file(zone, (record,), ("mx.host.test",))


def test_a_domain_has_one_place_in_the_catalog() -> None:
    """The catalog's record depends on the name alone, in any case, and no name leaves the directory of zones."""
    assert knot.membership("Alpha.test") == knot.membership("alpha.test")
    assert knot.membership("alpha.test") != knot.membership("beta.test")
    for bad in ("../x", "a/b", ""):
        with pytest.raises(BadInput):
            knot.zone_path(LAYOUT, bad)
