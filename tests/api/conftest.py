"""Blocking calls on the event loop fail these tests."""

from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx


@pytest.fixture(autouse=True)
def no_blocking_calls() -> Iterator[BlockBuster]:
    """Any blocking call of the application on the event loop raises."""
    with blockbuster_ctx("app") as blockbuster:
        # Measuring coverage takes a lock of its own inside whatever code runs.
        blockbuster.functions["threading.Lock.acquire"].can_block_in("coverage/collector.py", "lock_data")
        yield blockbuster
