"""The processor's cores: how many this process may use, and giving way on them."""

import os
import sys
import threading


def usable_cores() -> int:
    """Cores that this process may run on, at least 1; fewer than the machine has in a container or under taskset."""
    affinity = getattr(os, "sched_getaffinity", None)  # macOS and Windows have none
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def give_way(by: int, platform: str = sys.platform) -> None:
    """Let other threads go before this one, where that can be said of a thread alone.

    Only Linux takes thread ids; elsewhere the same call would mean another process, or none. Threads that this one makes
    inherit it.

    Args:
        by: added to the thread's POSIX nice value, at least 0.
        platform: as in ``sys.platform``.
    """
    if platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + by))


def threads_for(role: str, wished: int = 0) -> int:
    """Threads that all calls of a role's model may keep busy together: the one place that decides it.

    The detector of speech works for microseconds, and splitting that costs more than it brings. Diarization takes
    minutes, and leaves half of the cores to live sessions. All other models may have every core while they are alone:
    the turnstile makes less urgent work pause when threads that run would exceed the cores.

    Args:
        role: as in the registry.
        wished: what the operator set instead of the number of cores; 0 = that number.
    """
    cores = wished or usable_cores()
    return {"vad": 1, "diarizer": max(1, cores // 2)}.get(role, cores)
