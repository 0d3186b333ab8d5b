"""What is kept on disk, opened together."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from app.infrastructure.audio.av_codec import AvAudioCodec
from app.infrastructure.journal.file_journal import FileAudioJournal
from app.infrastructure.photos.photo_files import FolderPhotoFiles
from app.infrastructure.runtime.session_files import SessionFiles
from app.infrastructure.runtime.uploads import UploadFolders
from app.infrastructure.sqlite.analyses import SqliteAnalysisStore
from app.infrastructure.sqlite.database import SqliteDatabase
from app.infrastructure.sqlite.events import SqliteEventLog
from app.infrastructure.sqlite.frames import SqliteFrameStore
from app.infrastructure.sqlite.search import SqliteSearchIndex
from app.infrastructure.sqlite.sessions import SqliteSessionStore
from app.infrastructure.sqlite.transcripts import SqliteTranscriptStore


@dataclass(frozen=True)
class Stores:
    """One store for each kind of thing, and the codec that reads what the journal holds."""

    sessions: SqliteSessionStore
    transcripts: SqliteTranscriptStore
    analyses: SqliteAnalysisStore
    events: SqliteEventLog
    search: SqliteSearchIndex
    frames: SqliteFrameStore
    photo_files: FolderPhotoFiles
    journal: FileAudioJournal
    codec: AvAudioCodec
    files: SessionFiles
    uploads: UploadFolders


@contextlib.asynccontextmanager
async def open_stores(data_dir: Path, sessions_db: Path) -> AsyncIterator[Stores]:
    """Open the stores of a data folder that nobody else uses, and close them afterwards."""
    async with contextlib.AsyncExitStack() as stack:
        database = await SqliteDatabase.open(sessions_db)
        stack.push_async_callback(database.close)
        files = SessionFiles(data_dir)
        journal = FileAudioJournal(files)
        stack.push_async_callback(journal.close)
        uploads = UploadFolders(files)
        await asyncio.to_thread(uploads.clear)
        yield Stores(
            sessions=SqliteSessionStore(database),
            transcripts=SqliteTranscriptStore(database),
            analyses=SqliteAnalysisStore(database),
            events=SqliteEventLog(database),
            search=SqliteSearchIndex(database),
            frames=SqliteFrameStore(database),
            photo_files=FolderPhotoFiles(files),
            journal=journal,
            codec=AvAudioCodec(),
            files=files,
            uploads=uploads,
        )
