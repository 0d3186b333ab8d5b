"""Puts a model's files together from pieces: checked one by one, kept across interruptions."""

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

from app.domain.errors import ConfigurationError, StorageError
from app.infrastructure.catalog.entries import ModelEntry, ModelFile
from app.infrastructure.catalog.source import ModelSource, Piece, SourceError
from app.infrastructure.catalog.store import file_sha256

_BLOCK_BYTES = 1 << 20
FreeBytes: TypeAlias = Callable[[Path], int]
"""Free bytes of the disk that a folder lies on."""


@dataclass(frozen=True)
class PullEvent:
    """How far a pull has come.

    Attributes:
        model: the catalog name.
        stage: ``waiting`` for another process, ``fetching``, ``failed source`` or ``done``.
        done_bytes: bytes on disk, counted over all files.
        total_bytes: bytes of all files.
        detail: the piece that is being fetched, or why a source failed.
    """

    model: str
    stage: str
    done_bytes: int
    total_bytes: int
    detail: str = ""


OnProgress: TypeAlias = Callable[[PullEvent], None]


def disk_free_bytes(folder: Path) -> int:
    """Free bytes of the disk that ``folder`` lies on."""
    return shutil.disk_usage(folder).free


class Assembly:
    """One attempt to get one model complete in its staging folder."""

    def __init__(
        self,
        entry: ModelEntry,
        staging: Path,
        sources: Sequence[ModelSource],
        on_progress: OnProgress,
        free_bytes: FreeBytes,
    ) -> None:
        self._entry = entry
        self._staging = staging
        self._sources = sources
        self._on_progress = on_progress
        self._free_bytes = free_bytes
        self._done_bytes = 0
        self._ready = staging / "files"

    def build(self) -> Path:
        """Fetch what is missing.

        Returns:
            A folder with every file of the model, each checked.

        Raises:
            ConfigurationError: no source could deliver a file; names the sources and their reasons.
            StorageError: the disk is full or refuses; what has arrived is kept.
        """
        try:
            self._ready.mkdir(parents=True, exist_ok=True)
            wanted = [file for file in self._entry.files if not self._is_ready(file)]
            self._done_bytes = self._entry.size_bytes - sum(file.size_bytes for file in wanted)
            self._check_space(wanted)
            for file in wanted:
                self._get(file)
        except OSError as error:
            raise StorageError(
                f"{self._entry.name}: cannot write to {self._staging}: {error.strerror or error}; "
                "free some space or choose another folder with --models-dir, then pull again (it goes on where it stopped)"
            ) from error
        return self._ready

    def _is_ready(self, file: ModelFile) -> bool:
        path = self._ready / file.name  # files are moved here only after they were checked
        return path.is_file() and path.stat().st_size == file.size_bytes

    def _check_space(self, wanted: Sequence[ModelFile]) -> None:
        """Refuse before anything is transferred. A wheel and its unpacked part exist beside the file for a moment."""
        largest_part = max((part.size_bytes for file in wanted for part in file.parts), default=0)
        arrived = sum(path.stat().st_size for path in self._staging.glob("*.joined"))
        needed = sum(file.size_bytes for file in wanted) - arrived + 2 * largest_part
        free = self._free_bytes(self._staging)
        if wanted and free < needed:
            raise StorageError(
                f"{self._entry.name} needs {needed / 1e6:.0f} MB in {self._staging.parent.parent}, but only "
                f"{free / 1e6:.0f} MB are free; free some space or choose another folder with --models-dir"
            )

    def _get(self, file: ModelFile) -> None:
        reasons: list[str] = []
        for source in self._sources:
            reason = self._why_not_from(source, file)
            if not reason:
                return
            reasons.append(reason)
        tried = "; ".join(reasons) or "there is none"
        raise ConfigurationError(
            f"{self._entry.name}: {file.name} could not be had. Sources tried: {tried}. "
            "Check the network, set VIGIA_MODELS__MIRROR to a folder that has the file, or put it into "
            f"{self._staging.parent.parent / self._entry.name}, then pull again (it goes on where it stopped)"
        )

    def _why_not_from(self, source: ModelSource, file: ModelFile) -> str:
        """Get a file from one source; says why it could not, or nothing."""
        try:
            self._get_from(source, file)
        except SourceError as error:
            self._check_not_full(file, error)
            reason = f"{source.name}: {error}"
            self._report("failed source", reason)
            return reason
        return ""

    def _check_not_full(self, file: ModelFile, error: SourceError) -> None:
        """A download tool that ran out of space fails with its own words; say what is really the matter."""
        largest_part = max((part.size_bytes for part in file.parts), default=0)
        if self._free_bytes(self._staging) < max(largest_part, _BLOCK_BYTES):
            raise StorageError(
                f"{self._entry.name}: the disk of {self._staging} is full ({error}); "
                "free some space, then pull again (it goes on where it stopped)"
            ) from error

    def _get_from(self, source: ModelSource, file: ModelFile) -> None:
        workspace = self._staging / source.name.replace(" ", "-")
        before_bytes = self._done_bytes
        try:
            path = self._join(file, source.pieces(self._entry, file, workspace))
        except SourceError as error:
            self._done_bytes = before_bytes
            if isinstance(error, _WrongBytes):
                shutil.rmtree(workspace, ignore_errors=True)  # what it kept is not worth keeping
            raise
        os.replace(path, self._ready / file.name)

    def _join(self, file: ModelFile, pieces: Sequence[Piece]) -> Path:
        joined, arriving = self._staging / f"{file.name}.joined", self._staging / f"{file.name}.piece"
        if len(pieces) == 1:
            self._fetch(pieces[0], arriving)
            arriving.replace(joined)
            self._done_bytes += file.size_bytes
        else:
            with joined.open("r+b" if joined.exists() else "w+b") as out:
                kept = _verified_prefix(out, pieces)
                self._done_bytes += out.tell()
                for piece in pieces[kept:]:
                    self._fetch(piece, arriving)
                    _append(arriving, out)
                    arriving.unlink()
                    self._done_bytes += piece.size_bytes
            if file_sha256(joined) != file.sha256:
                joined.unlink()
                raise _WrongBytes(f"the parts of {file.name}, joined, do not match its checksum")
        return joined

    def _fetch(self, piece: Piece, target: Path) -> None:
        self._report("fetching", piece.label)
        try:
            piece.fetch(target, lambda arrived: self._report("fetching", piece.label, min(arrived, piece.size_bytes)))
            if target.stat().st_size != piece.size_bytes or file_sha256(target) != piece.sha256:
                raise _WrongBytes(f"{piece.label} does not match its checksum")
        except (SourceError, OSError):
            target.unlink(missing_ok=True)
            raise

    def _report(self, stage: str, detail: str, arrived_bytes: int = 0) -> None:
        done = self._done_bytes + arrived_bytes
        self._on_progress(PullEvent(self._entry.name, stage, done, self._entry.size_bytes, detail))


class _WrongBytes(SourceError):
    """What a source delivered is not what the catalog says."""


def _verified_prefix(out: BinaryIO, pieces: Sequence[Piece]) -> int:
    """Find how many pieces an interrupted attempt left intact; cut off the rest and stand at their end."""
    out.seek(0)
    for index, piece in enumerate(pieces):
        begin, digest, left = out.tell(), hashlib.sha256(), piece.size_bytes
        while left and (block := out.read(min(left, _BLOCK_BYTES))):
            digest.update(block)
            left -= len(block)
        if digest.hexdigest() != piece.sha256:
            out.seek(begin)
            out.truncate()
            return index
    out.truncate()
    return len(pieces)


def _append(path: Path, out: BinaryIO) -> None:
    with path.open("rb") as stream:
        shutil.copyfileobj(stream, out, _BLOCK_BYTES)
    out.flush()
    os.fsync(out.fileno())
