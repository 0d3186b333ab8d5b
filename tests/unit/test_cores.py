import os
import sys
import threading

import pytest

from app.infrastructure.runtime.cores import give_way, usable_cores

pytestmark = [pytest.mark.unit, pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say")]


def niceness_after(platform: str) -> tuple[int, int]:
    """Nice value of a thread that gave way, and of this one afterwards."""
    found: list[int] = []

    def work() -> None:
        give_way(1, platform)
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return found[0], os.getpriority(os.PRIO_PROCESS, 0)


def test_one_thread_gives_way_and_the_others_stay() -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert niceness_after("linux") == (min(own + 1, 19), own)


@pytest.mark.parametrize("platform", ["darwin", "freebsd14", "win32"])
def test_where_threads_have_no_priority_nothing_happens(platform: str) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert niceness_after(platform) == (own, own)


def test_cores_are_those_this_process_may_use() -> None:
    allowed = os.sched_getaffinity(0)
    assert usable_cores() == len(allowed)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
