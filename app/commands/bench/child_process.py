"""Runs one measurement in a process of its own, and tells what a process took."""

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import psutil

Result = TypeVar("Result")


def in_child_process(function: Callable[..., Result], *arguments: Any) -> tuple[Result, float]:
    """Call a module's function in a fresh process.

    Returns:
        What it returns, and the process's peak memory in MiB.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_call, function, arguments).result()


def process_peak_mib(pid: int) -> float | None:
    """Peak memory so far of a process that runs, in MiB; None where the system does not tell."""
    if sys.platform == "win32":
        import psutil

        return max(float(process.memory_info().peak_wset) for process in _with_children(psutil.Process(pid))) / 2**20
    status = Path(f"/proc/{pid}/status")
    if status.exists():  # Linux's ru_maxrss begins with what the parent had (getrusage(2): it is kept across execve)
        lines = status.read_text(encoding="ascii").splitlines()
        return next(float(line.split()[1]) / 2**10 for line in lines if line.startswith("VmHWM:"))
    return None


def resident_mib(pid: int) -> tuple[float, float]:
    """Memory of a process that runs, and of all those that it started, now, in MiB."""
    import psutil

    process = psutil.Process(pid)
    children = 0.0
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            children += float(child.memory_info().rss)
    return float(process.memory_info().rss) / 2**20, children / 2**20


def process_cpu_s(pid: int) -> float:
    """CPU time so far of a process that runs, in seconds."""
    import psutil

    times = [process.cpu_times() for process in _with_children(psutil.Process(pid))]
    return float(sum(each.user + each.system for each in times))


def _with_children(process: "psutil.Process") -> "list[psutil.Process]":
    """A process and those under it: on Windows a virtual environment's Python runs as the child of a small starter."""
    return [process, *(process.children(recursive=True) if sys.platform == "win32" else [])]


def _call(function: Callable[..., Result], arguments: tuple[Any, ...]) -> tuple[Result, float]:
    return function(*arguments), _own_peak_mib()


def _own_peak_mib() -> float:
    peak_mib = process_peak_mib(os.getpid())
    if peak_mib is not None:
        return peak_mib
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
