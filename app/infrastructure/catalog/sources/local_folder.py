"""Model files from a folder: the models folder itself, or a mirror on a disk or a share."""

import errno
from collections.abc import Sequence
from pathlib import Path

from app.infrastructure.catalog.entries import ModelEntry, ModelFile
from app.infrastructure.catalog.source import Advance, ModelSource, Piece, SourceError

_BLOCK_BYTES = 8 << 20
_OUR_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}
"""Errors that come from where we write to, not from the folder."""


class LocalFolderSource(ModelSource):
    """Copies from ``<folder>/<model>/<file>`` or ``<folder>/<file>``."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder

    def pieces(self, entry: ModelEntry, file: ModelFile, workspace: Path) -> Sequence[Piece]:
        """The whole file, if the folder has one of the right size."""
        candidates = (self._folder / entry.name / file.name, self._folder / file.name)
        found = [path for path in candidates if path.is_file()]
        if not found:
            raise SourceError(f"no {file.name} in {self._folder / entry.name} or {self._folder}")
        fitting = [path for path in found if path.stat().st_size == file.size_bytes]
        if not fitting:
            raise SourceError(f"{found[0]} has {found[0].stat().st_size} bytes instead of {file.size_bytes}")

        def fetch(target: Path, advance: Advance) -> None:
            try:
                with fitting[0].open("rb") as stream, target.open("wb") as out:
                    while block := stream.read(_BLOCK_BYTES):
                        out.write(block)
                        advance(out.tell())
            except OSError as error:
                if error.errno in _OUR_DISK:
                    raise
                raise SourceError(f"{fitting[0]} cannot be read: {error.strerror}") from error

        return [Piece(str(fitting[0]), file.size_bytes, file.sha256, fetch)]
