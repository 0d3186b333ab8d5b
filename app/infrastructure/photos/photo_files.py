"""The photos of sessions as files: ``<session folder>/photos/<frame_id>.jpg``."""

import asyncio
import contextlib
import os
import re
from pathlib import Path

from app.domain.errors import InvalidInput, NotFound, StorageError
from app.domain.session.models import SessionKey
from app.domain.vision.gateway import PhotoFiles
from app.infrastructure.runtime.session_files import SessionFiles, make_durable_folder, sync_folder

FOLDER = "photos"
_FRAME_ID = re.compile(r"f[0-9]{1,9}")
_UNFINISHED = ".part"


class FolderPhotoFiles(PhotoFiles):
    """A photo is there whole or not at all, also after power loss. Nothing is kept in memory or open."""

    def __init__(self, files: SessionFiles) -> None:
        self._files = files

    async def write(self, key: SessionKey, frame_id: str, data: bytes) -> None:
        """See ``PhotoFiles.write``."""
        path = self._path(key, frame_id)
        try:
            await asyncio.to_thread(_write, path, data)
        except OSError as error:
            raise StorageError.of("the photo could not be stored", error) from error

    async def read(self, key: SessionKey, frame_id: str) -> bytes:
        """See ``PhotoFiles.read``."""
        path = self._path(key, frame_id)
        try:
            return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError as error:
            raise NotFound("the session has no such photo", param="frame_id", code="photo_not_found") from error
        except OSError as error:
            raise StorageError.of("the photo could not be read", error) from error

    async def delete_all(self, key: SessionKey) -> None:
        """See ``PhotoFiles.delete_all``."""
        folder = self._files.folder(key)
        try:
            await asyncio.to_thread(_delete_all, folder)
        except OSError as error:
            raise StorageError.of("the session's photos could not be deleted", error) from error

    def _path(self, key: SessionKey, frame_id: str) -> Path:
        if not _FRAME_ID.fullmatch(frame_id):
            raise InvalidInput(
                "frame_id must be f and 1 to 9 digits, such as f12", param="frame_id", code="invalid_frame_id"
            )
        return self._files.folder(key) / FOLDER / f"{frame_id}.jpg"


def _write(path: Path, data: bytes) -> None:
    make_durable_folder(path.parent)
    unfinished = path.with_suffix(_UNFINISHED)
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _delete_all(session: Path) -> None:
    folder = session / FOLDER
    with contextlib.suppress(FileNotFoundError):
        for path in folder.iterdir():
            path.unlink(missing_ok=True)
        folder.rmdir()
    with contextlib.suppress(OSError):  # not there, or other files of the session are: who deletes those does the same
        session.rmdir()
