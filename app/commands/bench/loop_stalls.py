"""Waits on a server's event loop, from its ``/metrics``; and on one that has nothing to do, to tell what the machine adds."""

import asyncio
import multiprocessing
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from math import inf
from multiprocessing.connection import Connection
from typing import Any

from app.api.loop_stalls import STALL_BUCKETS_S, note_stalls
from app.commands.bench.vision_timings import ALLOWED_STALL_S

_BUCKET = re.compile(r'^vigia_event_loop_stall_seconds_bucket\{le="([^"]+)"\} (\S+)$', re.MULTILINE)

Buckets = Mapping[float, float]
"""By upper bound in seconds: how many waits were no longer since the server began."""


def read_stalls(metrics: str) -> Buckets:
    """The histogram in a text of Prometheus metrics; empty if there is none."""
    return {float(bound.replace("+Inf", "inf")): float(count) for bound, count in _BUCKET.findall(metrics)}


@contextmanager
def idle_loop() -> Iterator[Callable[[], Buckets]]:
    """A process whose event loop does nothing but being on time; gives what tells its waits so far."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_watch, args=(theirs,), daemon=True)
    process.start()
    theirs.close()

    def read() -> Buckets:
        ours.send(None)
        counts: Buckets = ours.recv()
        return counts

    try:
        read()
        yield read
    finally:
        ours.close()
        process.join()


def _watch(connection: "Connection[Buckets, None]") -> None:
    counts = dict.fromkeys((*STALL_BUCKETS_S, inf), 0.0)

    def note(wait_s: float) -> None:
        for bound in counts:
            counts[bound] += wait_s <= bound

    async def watch() -> None:
        watching = asyncio.create_task(note_stalls(note))
        with suppress(EOFError):
            while True:
                await asyncio.to_thread(connection.recv)
                connection.send(dict(counts))
        watching.cancel()

    asyncio.run(watch())


def stalls_between(before: Buckets, after: Buckets) -> dict[str, Any]:
    """Percentiles of the waits between two readings; within a bucket they are taken to be spread evenly."""
    counts = {bound: after[bound] - before.get(bound, 0.0) for bound in sorted(after)}
    samples = counts.get(inf, 0.0)
    if not samples:
        return {"samples": 0, "p50_s": None, "p99_s": None, "p999_s": None, "longest_below_s": None, "met": None}
    within = [bound for bound, count in counts.items() if count >= samples]
    p999 = _quantile(counts, 0.999)
    return {
        "samples": round(samples),
        "p50_s": _quantile(counts, 0.5),
        "p99_s": _quantile(counts, 0.99),
        "p999_s": p999,
        "longest_below_s": within[0] if within[0] < inf else None,
        "met": p999 <= ALLOWED_STALL_S,
    }


def _quantile(counts: Buckets, share: float) -> float:
    wanted = share * counts[inf]
    below_bound, below_count = 0.0, 0.0
    for bound, count in counts.items():
        if count >= wanted:
            if bound == inf:
                break
            part = (wanted - below_count) / (count - below_count) if count > below_count else 1.0
            return round(below_bound + part * (bound - below_bound), 5)
        below_bound, below_count = bound, count
    return below_bound
