"""A session's whole audio as a temporary file beside its journal."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator
from pathlib import Path

from app.application.listening.audio_reader import open_in_thread, render_pcm
from app.domain.audio.gateway import AudioCodec, AudioJournal, SampleSource
from app.domain.errors import StorageError
from app.domain.session.models import SessionKey
from app.infrastructure.audio.pcm_file import PcmFile
from app.infrastructure.runtime.session_files import SessionFiles

FILE_NAME = "rendered.pcm"
"""The same name every time, so that what a crash left behind is overwritten, and erased with the session."""


class SessionRenderer:
    """Renders 115 MB an hour of speech; nothing of it is in memory."""

    def __init__(self, journal: AudioJournal, codec: AudioCodec, files: SessionFiles) -> None:
        self._journal = journal
        self._codec = codec
        self._files = files

    @contextlib.asynccontextmanager
    async def __call__(self, key: SessionKey) -> AsyncIterator[SampleSource]:
        """Render, give access while the block runs, and remove the file.

        Raises:
            StorageError: the disk refused.
        """
        folder = self._files.folder(key)
        path = folder / FILE_NAME
        try:
            try:
                await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
                await render_pcm(self._journal, self._codec, key, path)
                source = await open_in_thread(functools.partial(PcmFile, path))
            except OSError as exc:
                raise StorageError.of("the audio could not be written to disk", exc) from exc
            with contextlib.closing(source):
                yield source
        finally:
            await asyncio.shield(asyncio.to_thread(_remove, path))  # also if this wait is cancelled


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):  # what cannot be removed now goes with the session
        path.unlink()
