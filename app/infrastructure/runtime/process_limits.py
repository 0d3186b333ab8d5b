"""What a child process gives up before it touches input that may be hostile. Imports nothing heavy: children start with it."""

import contextlib
import sys

_MAX_OPEN_FILES = 64


def limit_self(memory_bytes: int, cpu_s: int) -> None:
    """Give up most of what a process may do, for good. Nothing on Windows, which knows no such limits.

    Args:
        memory_bytes: address space.
        cpu_s: of the process's whole life.
    """
    if sys.platform == "win32":
        return
    import resource

    for kind, limit in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_NOFILE, _MAX_OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        # Systems differ in what they let a process limit (macOS refuses RLIMIT_AS).
        with contextlib.suppress(ValueError, OSError):
            hard = resource.getrlimit(kind)[1]
            allowed = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.setrlimit(kind, (allowed, allowed))


def limit_next_piece(cpu_s: int) -> None:
    """Let the system end this process with SIGXCPU if its next piece of work takes more than about ``cpu_s`` of CPU time.

    For processes that do one piece after another; the limit of ``limit_self`` stays the last word.
    """
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + cpu_s
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
