"""Starts children of this server: our own modules, told nothing secret."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

_ROOT = Path(__file__).parents[3]
_KEPT_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP")


def start_child(module: str, arguments: Sequence[str], *, stdin: int | IO[bytes]) -> "subprocess.Popen[bytes]":
    """Run a module of ours in a process of its own. Blocking.

    It gets of the environment nothing that is secret, its standard output is a pipe, and its warnings are dropped.

    Args:
        module: dotted name.
        arguments: after the module's name.
        stdin: a file, or ``subprocess.PIPE``.

    Raises:
        OSError: the system starts no process.
    """
    return subprocess.Popen(  # noqa: S603 our own interpreter and module
        [sys.executable, "-m", module, *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=_ROOT,
        env=_environment(),
        start_new_session=True,  # Ctrl-C is for the server, which ends its children itself
    )


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    paths = [str(_ROOT), *filter(None, [kept.get("PYTHONPATH")])]
    # numpy's threads would each take address space, and are not needed.
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
