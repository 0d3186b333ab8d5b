"""Waits on the event loop: how they are noted, and how they are read from the metrics."""

import asyncio
import contextlib
import time
from itertools import pairwise
from math import inf

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from app.api.loop_stalls import note_stalls
from app.api.metrics import Metrics
from app.commands.bench.loop_stalls import read_stalls, stalls_between

pytestmark = pytest.mark.unit
PERIOD_S = 0.01


async def noted(block_s: float) -> list[float]:
    """What is told of a loop that is blocked once."""
    told: list[float] = []
    watch = asyncio.create_task(note_stalls(told.append, period_s=PERIOD_S))
    await asyncio.sleep(5 * PERIOD_S)
    told.clear()
    until = time.monotonic() + block_s
    while time.monotonic() < until:
        sum(range(1000))
    await asyncio.sleep(2 * PERIOD_S)
    watch.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watch
    return told


async def test_a_stall_counts_for_every_moment_that_it_went_over() -> None:
    told = await noted(0.2)
    assert 0.18 <= max(told) < 2.0
    longest = told.index(max(told))
    waits = told[longest : longest + 19]
    assert [a - b for a, b in pairwise(waits)] == pytest.approx([PERIOD_S] * 18)


async def test_a_loop_with_nothing_to_do_is_on_time_most_of_the_time() -> None:
    told = sorted(await noted(0.0))
    assert told[0] < PERIOD_S


def test_the_servers_histogram_is_understood() -> None:
    metrics = Metrics()
    before = read_stalls(metrics.render()[0].decode())
    for wait_s in [0.0005] * 997 + [0.025] * 2 + [0.4]:
        metrics.loop_stall.observe(wait_s)
    found = stalls_between(before, read_stalls(metrics.render()[0].decode()))
    assert found["samples"] == 1000
    assert found["p50_s"] == pytest.approx(0.0005, abs=1e-4)
    assert found["p99_s"] <= 0.001
    assert found["p999_s"] == pytest.approx(0.03)
    assert found["longest_below_s"] == 0.5
    assert found["met"] is False


def test_waits_before_do_not_count() -> None:
    before = {0.01: 5.0, 0.02: 5.0, inf: 9.0}
    after = {0.01: 5.0, 0.02: 105.0, inf: 109.0}
    found = stalls_between(before, after)
    assert (found["samples"], found["p50_s"], found["met"]) == (100, 0.015, True)
    assert stalls_between(after, after)["samples"] == 0
    assert stalls_between({}, read_stalls(generate_latest(CollectorRegistry()).decode()))["met"] is None
