"""What tests share: a directory that daemons can reach, and a whole demo host of one's own."""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog

from demo_host import DemoHost, demo_host_to_be

if TYPE_CHECKING:
    from stage import Stage

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailward.django_settings")


@pytest.fixture(scope="module", autouse=True)
def _no_log_of_a_host_that_is_gone() -> Iterator[None]:
    """Opening an instance in this process has its log written there; the next module's tests have another instance."""
    yield
    structlog.reset_defaults()
    logging.getLogger("mailward").handlers.clear()


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user may enter (pytest's own are closed to the daemons' users)."""
    path = Path(tempfile.mkdtemp(prefix="mailward-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def demo_host() -> Iterator[DemoHost]:
    """One demo host for a whole session of tests: alpha secured, beta not. Leave it as you found it."""
    with demo_host_to_be() as host:
        host.up()
        yield host


@pytest.fixture
def own_demo_host() -> Iterator[DemoHost]:
    """A demo host for one test alone, which may break it."""
    with demo_host_to_be() as host:
        host.up()
        yield host


@pytest.fixture(scope="module")
def demo_host_of_module() -> Iterator[DemoHost]:
    """A demo host for the tests of one module, which may break it."""
    with demo_host_to_be() as host:
        host.up()
        yield host


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Stage"]:
    """The panel over a made-up world (tests/stage.py), one for each module of tests."""
    from stage import raised

    with raised(tmp_path_factory.mktemp("stage")) as made:
        yield made
