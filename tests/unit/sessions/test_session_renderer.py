import asyncio
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from app.domain.audio.models import SAMPLE_RATE_HZ, AudioChunk, AudioFormat
from app.domain.audio.pcm import to_pcm16
from app.domain.errors import StorageError
from app.domain.session.models import SessionKey
from app.infrastructure.audio.av_codec import AvAudioCodec
from app.infrastructure.audio.session_renderer import FILE_NAME, SessionRenderer
from app.infrastructure.journal.file_journal import FileAudioJournal
from app.infrastructure.runtime.session_files import SessionFiles
from app.infrastructure.transcription.dummy import tones

pytestmark = pytest.mark.unit

KEY = SessionKey("local", "a")


@pytest.fixture
def files(tmp_path: Path) -> SessionFiles:
    return SessionFiles(tmp_path)


@pytest.fixture
async def journal(files: SessionFiles) -> AsyncIterator[FileAudioJournal]:
    journal = FileAudioJournal(files)
    yield journal
    await journal.close()


async def test_the_whole_session_can_be_read_and_leaves_no_file(files: SessionFiles, journal: FileAudioJournal) -> None:
    speech = tones([1, 2])
    await journal.append(KEY, [AudioChunk(1, AudioFormat(), to_pcm16(speech), 1.0)])
    await journal.append(KEY, [AudioChunk(2, AudioFormat(), b"", 0.5, gap=True)])
    async with SessionRenderer(journal, AvAudioCodec(), files)(KEY) as source:
        whole = await asyncio.to_thread(source.read, 0, source.samples)
    assert whole.size == 1.5 * SAMPLE_RATE_HZ
    np.testing.assert_allclose(whole[:SAMPLE_RATE_HZ], speech, atol=1e-4)
    assert not whole[SAMPLE_RATE_HZ:].any()
    assert not (files.folder(KEY) / FILE_NAME).exists()


async def test_the_file_goes_when_the_model_fails(files: SessionFiles, journal: FileAudioJournal) -> None:
    with pytest.raises(ValueError, match="odd"):
        async with SessionRenderer(journal, AvAudioCodec(), files)(KEY):
            raise ValueError("odd")
    assert not (files.folder(KEY) / FILE_NAME).exists()


@pytest.fixture
def blocked(files: SessionFiles) -> Path:
    """Something else where the folder should be."""
    folder = files.folder(KEY)
    folder.parent.mkdir(parents=True)
    folder.write_bytes(b"")
    return folder


async def test_a_disk_that_refuses_is_a_storage_error(
    files: SessionFiles, journal: FileAudioJournal, blocked: Path
) -> None:
    with pytest.raises(StorageError):
        async with SessionRenderer(journal, AvAudioCodec(), files)(KEY):
            pytest.fail(f"{blocked} is no folder")


async def test_whenever_it_is_cancelled_nothing_stays_open(files: SessionFiles, journal: FileAudioJournal) -> None:
    await journal.append(KEY, [AudioChunk(1, AudioFormat(), bytes(640), 0.02)])

    async def render() -> None:
        async with SessionRenderer(journal, AvAudioCodec(), files)(KEY):
            rendered.set()

    rendered, turns = asyncio.Event(), 0
    with warnings.catch_warnings(record=True) as unclosed:
        warnings.simplefilter("always", ResourceWarning)
        while not rendered.is_set():
            rendering = asyncio.create_task(render())
            for _ in range(turns):
                await asyncio.sleep(0)
            rendering.cancel()
            await asyncio.wait([rendering])
            turns += 1
    assert [str(warning.message) for warning in unclosed] == []
    for _ in range(200):  # a wait for the removal that is cancelled leaves it to a thread
        if not (files.folder(KEY) / FILE_NAME).exists():
            break
        await asyncio.sleep(0.01)
    assert not (files.folder(KEY) / FILE_NAME).exists()
