"""What a measurement ran on."""

import os
import platform
from pathlib import Path
from typing import Any

from app.infrastructure.runtime.cores import usable_cores


def machine() -> dict[str, Any]:
    """Processor, cores that this process may use, memory and Python version."""
    return {
        "processor": _processor(),
        "cores": usable_cores(),
        "memory_gb": _memory_gb(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def load_average() -> float | None:
    """Work of the whole machine that runs or wants to, on average over the last minute; None where it is not told."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def describe(facts: dict[str, Any]) -> str:
    """One line for people."""
    memory = f", {facts['memory_gb']} GB" if facts["memory_gb"] else ""
    return f"{facts['processor']}, {facts['cores']} cores{memory}, {facts['system']}, Python {facts['python']}"


def _processor() -> str:
    cpu_info = Path("/proc/cpuinfo")
    if cpu_info.is_file():
        for line in cpu_info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gb() -> float | None:
    if not hasattr(os, "sysconf"):
        return None
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
