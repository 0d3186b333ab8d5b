"""How long the event loop keeps others waiting, noted by a task that wants to run at a fixed rate."""

import asyncio
import math
from collections.abc import Callable

PERIOD_S = 0.01
"""Between two samples. Each takes some 30 µs, so that watching costs less than half a percent of a core."""
LONGEST_S = 60.0
"""More than this is not a stall: the machine slept."""
STALL_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, LONGEST_S)
"""Below a millisecond lies what the loop's own clock rounds (``epoll_wait`` takes whole milliseconds)."""


async def note_stalls(note: Callable[[float], None], *, period_s: float = PERIOD_S) -> None:
    """Tell how late the loop is, for as long as the task runs.

    Every moment of the fixed rate is told, also those that a stall went over: a stall of 50 ms is told as 50, 40, 30, 20 and
    10 ms. So the figures are the waits of callbacks that come at any moment, and one long stall does not count as one short.

    Args:
        note: hears for each moment by how many seconds it was missed.
        period_s: between two moments.
    """
    clock = asyncio.get_running_loop().time
    due = clock() + period_s
    while True:
        await asyncio.sleep(max(0.0, due - clock()))
        late = clock() - due
        if late > LONGEST_S:
            due += late
            continue
        missed = max(0, math.floor(late / period_s))
        for number in range(missed + 1):
            note(max(0.0, late - number * period_s))
        due += (missed + 1) * period_s
