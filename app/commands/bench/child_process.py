"""Runs one measurement in a process of its own, so that its memory and CPU time are its own too."""

import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

Result = TypeVar("Result")


def in_child_process(function: Callable[..., Result], *arguments: Any) -> tuple[Result, float]:
    """Call a module's function in a fresh process.

    Returns:
        What it returns, and the process's peak memory in MiB.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_call, function, arguments).result()


def _call(function: Callable[..., Result], arguments: tuple[Any, ...]) -> tuple[Result, float]:
    return function(*arguments), _peak_mib()


def _peak_mib() -> float:
    if sys.platform == "win32":
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / 2**20
    status = Path("/proc/self/status")
    if status.exists():  # Linux's ru_maxrss begins with what the parent had (getrusage(2): it is kept across execve)
        lines = status.read_text(encoding="ascii").splitlines()
        return next(float(line.split()[1]) / 2**10 for line in lines if line.startswith("VmHWM:"))
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
