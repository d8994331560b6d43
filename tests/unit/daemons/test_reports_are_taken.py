"""How Postfix takes the reports of other servers: the script that keeps them, and which address is taken at all."""

import subprocess
from dataclasses import replace

from mailward.daemons.postfix import POSTFIX, receives_reports
from mailward.model.desired import DesiredState
from mailward.model.layout import Layout
from mailward.model.settings import CaSettings
from mailward.steward.new_instance import production

CA = CaSettings("letsencrypt", "https://acme-v02.api.letsencrypt.org/directory")


def rendered(settings, tmp_path):
    files = POSTFIX.render(DesiredState(settings, python="python3"), Layout(tmp_path))
    return {file.path.name: file.content.decode() for file in files}


def host(reports="", contact="admin@example.com"):
    made = production("mx1.example.com", ("127.0.0.1",), CA, contact)
    return replace(made, dns=replace(made.dns, reports=reports))


def kept(script, place, content=b"x", most="3", kilobytes="1000"):
    done = subprocess.run(
        ["/bin/sh", "-c", script, "keep-report.sh", str(place), most, kilobytes], input=content, timeout=20, check=False
    )
    return done.returncode


def test_a_message_is_kept_whole_and_closed(tmp_path):
    """Every byte, under a name that begins with the time, for its owner alone; nothing is left half-written."""
    script = rendered(host(), tmp_path)["keep-report.sh"]
    for name in ("new", "tmp"):
        (tmp_path / name).mkdir()
    content = bytes(range(256)) * 100
    assert kept(script, tmp_path, content) == 0
    (path,) = (tmp_path / "new").iterdir()
    assert path.read_bytes() == content
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.name.split(".")[0].isdigit()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_more_than_may_wait_is_asked_to_come_again(tmp_path):
    """By number and by size: EX_TEMPFAIL, so that Postfix tries again and nothing is lost; so without a directory."""
    script = rendered(host(), tmp_path)["keep-report.sh"]
    for name in ("new", "tmp"):
        (tmp_path / name).mkdir()
    assert [kept(script, tmp_path) for _ in range(5)] == [0, 0, 0, 75, 75]
    assert kept(script, tmp_path, most="99", kilobytes="4") == 75
    assert kept(script, tmp_path / "missing") == 75
    assert list((tmp_path / "tmp").iterdir()) == []


def test_only_an_address_of_the_hosts_own_name_is_taken(tmp_path):
    """Another address is somebody's mailbox, here or elsewhere: its mail is left alone, and the host's name takes none."""
    assert receives_reports(host())
    own, other = rendered(host(), tmp_path), rendered(host("dmarc@example.net"), tmp_path)
    assert "relay_domains = $myhostname\n" in own["main.cf"]
    assert "reports    unix  - n n - 2 pipe\n    flags=DRX user=mailward-reports " in own["master.cf"]
    assert not receives_reports(host("dmarc@example.net"))
    assert "relay_domains =\n" in other["main.cf"]
    assert "dmarc@example.net" not in "".join(other.values())
    assert "keep-report.sh" not in other


def test_an_address_that_was_chosen_at_the_hosts_name(tmp_path):
    """Its own words are in every table, and a contact at the host's own name leads to no loop."""
    files = rendered(host("dmarc@mx1.example.com", contact="postmaster@mx1.example.com"), tmp_path)
    assert files["main.cf"].count("dmarc@mx1.example.com") == 5
    assert "reports@" not in files["main.cf"]
    assert "discard:nobody reads this" in files["main.cf"]
