"""A host for the faults that heal: broken again and again, and whole again after every test."""

from collections.abc import Iterator

import pytest

from demo_host import DemoHost, demo_host_to_be


@pytest.fixture(scope="session")
def patient() -> Iterator[DemoHost]:
    """A demo host with beta secured. Whatever a test breaks it heals, and proves that every door is as it was."""
    with demo_host_to_be() as host:
        host.up()
        host.run("secure", "beta.localhost")
        yield host
