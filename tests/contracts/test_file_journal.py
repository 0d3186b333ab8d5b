"""The journal's contract on files."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.domain.audio.gateway import AudioJournal
from app.infrastructure.journal.file_journal import FileAudioJournal
from app.infrastructure.runtime.session_files import SessionFiles
from tests.contracts.audio_journal import AudioJournalContract

pytestmark = pytest.mark.unit


class TestFileAudioJournal(AudioJournalContract):
    @pytest.fixture
    async def journal(self, tmp_path: Path) -> AsyncIterator[AudioJournal]:
        journal = FileAudioJournal(SessionFiles(tmp_path))
        yield journal
        await journal.close()
