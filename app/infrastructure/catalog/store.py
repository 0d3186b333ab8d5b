"""The models folder: what is installed, and whether it is what the catalog says."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.infrastructure.catalog.entries import ModelEntry, ModelFile

_MARKER = ".verified.json"
_BLOCK_BYTES = 1 << 20


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in lower-case hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(_BLOCK_BYTES), b""):
            digest.update(block)
    return digest.hexdigest()


class ModelStore:
    """``<root>/<model>/<files>``, a marker beside them, and ``<root>/.parts`` for what is still arriving."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, entry: ModelEntry) -> Path:
        """Where the model's files lie once it is installed."""
        return self.root / entry.name

    def staging(self, entry: ModelEntry) -> Path:
        """Where the model's files are put together."""
        return self.root / ".parts" / entry.name

    def missing(self, entry: ModelEntry) -> list[ModelFile]:
        """Files that are not there or have the wrong size."""
        return [file for file in entry.files if _size(self.folder(entry) / file.name) != file.size_bytes]

    def is_loose(self, entry: ModelEntry) -> bool:
        """Whether the only file of a model that cannot be fetched lies in the folder itself, as people put it there.

        Only its size is looked at.
        """
        files = entry.files
        return not entry.source_kinds and len(files) == 1 and _size(self.root / files[0].name) == files[0].size_bytes

    def is_verified(self, entry: ModelEntry) -> bool:
        """Whether every file was checked once and has not been touched since (by size and modification time)."""
        try:
            marker = json.loads((self.folder(entry) / _MARKER).read_text(encoding="utf-8"))
            return bool(marker == self._fingerprint(entry, self.folder(entry)))
        except (OSError, ValueError):
            return False

    def verify(self, entry: ModelEntry) -> list[str]:
        """Check every byte; remember it if all is well.

        Returns:
            What is wrong, one sentence a file; empty if the model is complete and unharmed.
        """
        problems = [problem for file in entry.files if (problem := self._problem(entry, file))]
        marker = self.folder(entry) / _MARKER
        try:
            if problems:
                marker.unlink(missing_ok=True)
            else:
                self._write_marker(entry, self.folder(entry))
        except OSError:  # a models folder that is only read: it is checked anew each time
            return problems
        return problems

    def install(self, entry: ModelEntry, ready: Path) -> None:
        """Put a folder of verified files in the model's place, at once."""
        self._write_marker(entry, ready)
        target, old = self.folder(entry), self.staging(entry) / "replaced"
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            os.replace(target, old)
        os.replace(ready, target)
        shutil.rmtree(self.staging(entry), ignore_errors=True)

    def remove(self, entry: ModelEntry) -> bool:
        """Delete a model and what has arrived of it; False if there was nothing."""
        staging, target = self.staging(entry), self.folder(entry)
        existed = staging.exists() or target.exists()
        shutil.rmtree(staging, ignore_errors=True)
        if target.exists():
            staging.mkdir(parents=True)
            os.replace(target, staging / "removed")  # gone at once, even if deleting is cut short
            shutil.rmtree(staging)
        return existed

    @contextmanager
    def locked(self, entry: ModelEntry, on_wait: Callable[[], None]) -> Iterator[None]:
        """Keep other processes from changing the model meanwhile; ``on_wait`` is called if one does just now."""
        from filelock import FileLock, Timeout

        parts = self.root / ".parts"
        parts.mkdir(parents=True, exist_ok=True)
        lock = FileLock(parts / f"{entry.name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            on_wait()
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _problem(self, entry: ModelEntry, file: ModelFile) -> str:
        path = self.folder(entry) / file.name
        size = _size(path)
        if size is None:
            return f"{file.name} is missing"
        if size != file.size_bytes:
            return f"{file.name} has {size} bytes instead of {file.size_bytes}"
        if file_sha256(path) != file.sha256:
            return f"{file.name} does not match its checksum"
        return ""

    def _fingerprint(self, entry: ModelEntry, folder: Path) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = {}
        for file in entry.files:
            stat = (folder / file.name).stat()
            found[file.name] = {"bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": file.sha256}
        return found

    def _write_marker(self, entry: ModelEntry, folder: Path) -> None:
        text = json.dumps(self._fingerprint(entry, folder), indent=1)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".verified-")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(temporary, folder / _MARKER)


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
