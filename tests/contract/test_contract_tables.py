"""Postfix' table of certificates and the directory of mailboxes: the fakes and the real ones keep the same promises."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.memory_directory import MemoryDirectory
from fakes.memory_files import MemoryFiles
from fakes.memory_sni import MemorySni
from mailward.certificates import make
from mailward.host.clock import RealClock
from mailward.host.directory import Directory
from mailward.host.files import RealFiles
from mailward.host.processes import RealProcesses
from mailward.host.sni_map import SniMap
from mailward.model.errors import NotPossible
from mailward.model.outside import Files, SniTable
from mailward.model.tables import DirectoryAlias, DirectoryChange, DirectoryDomain, DirectoryMailbox
from mailward.steward.host import DirectoryTables

Table = tuple[SniTable, Files, Path]
PEMS = [make.self_signed((name,), RealClock().now()).pem for name in ("a.test", "b.test")]


@pytest.fixture(params=["memory", "real"])
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    """An empty table, and where certificates lie."""
    if request.param == "memory":
        files = MemoryFiles(Path("/instance"))
        yield MemorySni(files), files, Path("/instance")
        return
    with tempfile.TemporaryDirectory(prefix="mailward-test-") as directory:
        root = Path(directory)
        made = SniMap(root / "sni", RealProcesses())
        made.create()
        yield made, RealFiles(root), root


def test_a_name_is_held_until_it_is_removed(table: Table) -> None:
    """Exact names and wildcards, several at once; the others stay; removing what isn't there is no error."""
    sni, files, root = table
    files.write(root / "a.pem", PEMS[0])
    files.write(root / "b.pem", PEMS[1])
    sni.put({"a.test": root / "a.pem", "*.a.test": root / "a.pem", "b.test": root / "b.pem"})
    assert sni.held(["a.test", "*.a.test", "b.test", "c.test"]) == {
        "a.test": PEMS[0],
        "*.a.test": PEMS[0],
        "b.test": PEMS[1],
    }
    sni.remove(["*.a.test", "c.test"])
    assert set(sni.held(["a.test", "*.a.test", "b.test"])) == {"a.test", "b.test"}
    sni.put({"a.test": root / "b.pem"})
    assert sni.held(["a.test"]) == {"a.test": PEMS[1]}


def test_the_table_holds_copies(table: Table) -> None:
    """A file that changes later is not seen before it is put again."""
    sni, files, root = table
    files.write(root / "a.pem", PEMS[0])
    sni.put({"a.test": root / "a.pem"})
    files.write(root / "a.pem", PEMS[1])
    assert sni.held(["a.test"]) == {"a.test": PEMS[0]}


def test_a_missing_file_is_not_possible(table: Table) -> None:
    """What can't be read changes nothing."""
    sni, _, root = table
    with pytest.raises(NotPossible):
        sni.put({"a.test": root / "none.pem"})
    assert sni.held(["a.test"]) == {}


@pytest.fixture(params=["memory", "real"])
def directory(request: pytest.FixtureRequest) -> Iterator[DirectoryTables]:
    if request.param == "memory":
        yield MemoryDirectory()
        return
    with tempfile.TemporaryDirectory(prefix="mailward-test-") as place:
        yield Directory(Path(place) / "directory" / "directory.sqlite", group="root")


A, B = DirectoryDomain("a.test"), DirectoryDomain("b.test", active=False)
ANNA = DirectoryMailbox("anna@a.test", "a.test", "{TEST}1", 5)
ALL = DirectoryAlias("@a.test", "a.test", ("anna@a.test", "x@b.test"))


def test_rows_are_put_by_their_key_and_removed_by_it(directory: DirectoryTables) -> None:
    """Domains, then mailboxes, then aliases, each sorted; a second row with the same key replaces the first."""
    directory.create()
    assert directory.read_all().rows == ()
    directory.apply(DirectoryChange(put=(ALL, ANNA, B, A)))
    assert directory.read_all().rows == (A, B, ANNA, ALL)
    changed = DirectoryMailbox("anna@a.test", "a.test", "{TEST}2", 0, active=False)
    directory.apply(DirectoryChange(put=(changed,), remove_domains=("b.test", "none.test"), remove_aliases=("@a.test",)))
    assert directory.read_all().rows == (A, changed)


def test_what_is_put_and_removed_at_once_is_there(directory: DirectoryTables) -> None:
    """Removals come first: a change that moves an address leaves it."""
    directory.create()
    directory.apply(DirectoryChange(put=(ANNA,)))
    directory.apply(DirectoryChange(put=(ANNA,), remove_mailboxes=("anna@a.test",)))
    assert directory.read_all().rows == (ANNA,)
