"""Blocking calls on the event loop fail these tests."""

from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx


@pytest.fixture(autouse=True)
def no_blocking_calls() -> Iterator[BlockBuster]:
    """Any blocking call of the application on the event loop raises."""
    with blockbuster_ctx("app") as blockbuster:
        yield blockbuster
