"""The process's memory: how much it takes, how much it could have, and giving back what is free."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Their numbers in malloc.h."""
_APART_BYTES, _HIGHEST_THRESHOLD_BYTES = 1 << 18, 1 << 25
"""Weights of a layer are larger; glibc's own, moving threshold ends here on 64-bit machines (mallopt(3))."""
_UNLIMITED = 1 << 60
"""cgroup v1 writes "no limit" as the largest page-aligned number."""


def process_bytes() -> int:
    """Resident memory of this process; of mapped files what has been read."""
    return int(psutil.Process().memory_info().rss)


def give_back() -> None:
    """Return freed memory to the system: have glibc let go of what it keeps for later."""
    _glibc("malloc_trim", 0)


@contextmanager
def blocks_apart() -> Iterator[None]:
    """While the block runs, glibc keeps large blocks apart from its heaps, so that freeing them gives them back.

    Left alone, it puts blocks of up to 32 MB into a heap as soon as one of that size was freed, and keeps the ends of the
    heaps of all threads but the first. That is what it does again afterwards, since it is faster for what work allocates.
    """
    _glibc("mallopt", _MMAP_THRESHOLD, _APART_BYTES)
    try:
        yield
    finally:
        _glibc("mallopt", _MMAP_THRESHOLD, _HIGHEST_THRESHOLD_BYTES)
        _glibc("mallopt", _TRIM_THRESHOLD, 2 * _HIGHEST_THRESHOLD_BYTES)


def _glibc(function: str, *arguments: int) -> None:
    found = getattr(ctypes.CDLL(None), function, None) if sys.platform == "linux" else None
    if found is not None:  # musl has neither, and keeps little
        found(*arguments)


def total_bytes(cgroups: Path = CGROUPS, own_cgroups: Path = OWN_CGROUPS) -> int:
    """What this process could have at most: the machine's memory, or less if a cgroup or a resource limit says so."""
    limits = [limit for limit, _ in _cgroup_limits(cgroups, own_cgroups)]
    return min([psutil.virtual_memory().total, *limits, *(limit for limit, _ in _address_space())])


def available_bytes(cgroups: Path = CGROUPS, own_cgroups: Path = OWN_CGROUPS) -> int:
    """What this process can have now, besides what it has, without swapping."""
    left = [limit - used for limit, used in (*_cgroup_limits(cgroups, own_cgroups), *_address_space())]
    return max(0, min([psutil.virtual_memory().available, *left]))


def _address_space() -> Iterator[tuple[int, int]]:
    """Limit of the address space and what of it is used, if there is one (``ulimit -v``)."""
    if os.name == "posix":
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            yield limit, int(psutil.Process().memory_info().vms)


def _cgroup_limits(root: Path, own: Path) -> Iterator[tuple[int, int]]:
    """Limit and use of each memory cgroup that this process is in, outer ones included."""
    try:
        lines = own.read_text(encoding="ascii").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, inside = line.split(":", 2)
        if controllers == "":
            yield from _limits_above(root, inside, "memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            yield from _limits_above(root / "memory", inside, *names)


def _limits_above(base: Path, inside: str, limit: str, usage: str, cache: str) -> Iterator[tuple[int, int]]:
    folder = base / inside.lstrip("/")
    for each in (folder, *folder.parents):
        bound = _number(each / limit)
        if bound is not None and bound < _UNLIMITED:
            used = (_number(each / usage) or 0) - _reclaimable(each / "memory.stat", cache)
            yield bound, max(0, used)
        if each == base:
            return


def _number(path: Path) -> int | None:
    """The file's number; None for ``max``, and where there is no such file: a container does not see outer cgroups."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None


def _reclaimable(path: Path, name: str) -> int:
    try:
        rows = path.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(value) for key, _, value in (row.partition(" ") for row in rows) if key == name)
