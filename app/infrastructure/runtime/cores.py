"""The processor's cores: how many this process may use, and giving way on them."""

import os
import sys
import threading


def usable_cores() -> int:
    """Cores that this process may run on, at least 1; fewer than the machine has in a container or under taskset."""
    affinity = getattr(os, "sched_getaffinity", None)  # macOS and Windows have none
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def give_way(niceness: int, platform: str = sys.platform) -> None:
    """Let other threads go before this one, where that can be said of a thread alone.

    Only Linux takes thread ids; elsewhere the same call would mean another process, or none.

    Args:
        niceness: POSIX nice value.
        platform: as in ``sys.platform``.
    """
    if platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
