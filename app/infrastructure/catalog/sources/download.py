"""Runs a download tool as a child process and reports what has arrived."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.infrastructure.catalog.source import Advance, SourceError

_POLL_S = 0.5
_LONGEST_REASON = 400


def run_download(command: Sequence[str], env: Mapping[str, str], folder: Path, advance: Advance) -> None:
    """Run ``command`` until it ends, watching how many bytes lie in ``folder``.

    The tool's own progress output is not used: it differs between versions, the growth of a folder does not.

    Raises:
        SourceError: it could not be started or failed; the message ends with what it said last.
    """
    log = folder / "download.log"
    with log.open("wb") as output:
        try:
            child = subprocess.Popen(  # noqa: S603  (a fixed command; names and versions come from the catalog)
                command, env=dict(env), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        except OSError as error:
            raise SourceError(f"{command[0]} cannot be run: {error.strerror}") from error
        try:
            _watch(child, folder, advance)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
    if child.returncode != 0:
        raise SourceError(_reason(log.read_text(encoding="utf-8", errors="replace")))


def _watch(child: "subprocess.Popen[bytes]", folder: Path, advance: Advance) -> None:
    while not _ends_soon(child):
        advance(sum(_file_bytes(path) for path in folder.rglob("*")))


def _ends_soon(child: "subprocess.Popen[bytes]") -> bool:
    try:
        child.wait(timeout=_POLL_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def _file_bytes(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:  # the tool moved it meanwhile
        return 0


def _reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.upper().startswith("ERROR")] or lines
    return (errors[-1] if errors else "the download tool failed without a word")[:_LONGEST_REASON]
