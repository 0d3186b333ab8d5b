"""A small world to listen in: real stores in a folder, dummies for models."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.application.listening.hearing_ports import HearingPorts
from app.application.listening.listen import LiveListening
from app.application.listening.listening_options import ListeningOptions
from app.application.listening.recognize_block import RetryOptions
from app.application.sessions.feed import PartialText, SessionFeed
from app.domain.audio.models import SAMPLE_RATE_HZ, AudioChunk, AudioFormat, Waveform
from app.domain.audio.pcm import to_pcm16
from app.domain.session.models import Segment, Session, SessionConfig, SessionKey, SessionKind, SessionState
from app.domain.transcription.gateway import Transcriber
from app.domain.transcription.models import TranscribeOptions, Transcription
from app.infrastructure.audio.av_codec import AvAudioCodec
from app.infrastructure.journal.file_journal import FileAudioJournal
from app.infrastructure.runtime.session_files import SessionFiles
from app.infrastructure.sqlite.database import SqliteDatabase
from app.infrastructure.sqlite.events import SqliteEventLog
from app.infrastructure.sqlite.sessions import SqliteSessionStore
from app.infrastructure.sqlite.transcripts import SqliteTranscriptStore
from app.infrastructure.transcription.dummy import DummyTranscriber
from app.infrastructure.vad.dummy import DummyVad

CHUNK = SAMPLE_RATE_HZ // 10
QUICK_RETRIES = RetryOptions(attempts=3, delay_s=0.001, longest_delay_s=0.002)


class UnreliableTranscriber(Transcriber):
    """A dummy that raises the given errors, one a call, before it answers."""

    model_id = "unreliable"

    def __init__(self, errors: Sequence[Exception]) -> None:
        self.errors = list(errors)
        self._dummy = DummyTranscriber()

    async def transcribe(self, speech: Waveform, options: TranscribeOptions) -> Transcription:
        if self.errors:
            raise self.errors.pop(0)
        return await self._dummy.transcribe(speech, options)


@dataclass
class World:
    """Ports and what drives them."""

    ports: HearingPorts
    listening: LiveListening

    async def open(self, name: str, config: SessionConfig | None = None) -> SessionKey:
        key = SessionKey("local", name)
        session = Session(
            key,
            SessionKind.RECORDING,
            SessionState.OPEN,
            config or SessionConfig(),
            token_hash="",
            created_at=time.time(),
        )
        await self.ports.sessions.create(session)
        return key

    async def send(self, key: SessionKey, audio: Waveform, *, gap_s: float = 0.0) -> None:
        """Store audio (or a gap) in chunks of 100 ms and tell the listener."""
        state = await self.ports.journal.state(key)
        if gap_s:
            chunks = [AudioChunk(state.next_chunk_id, AudioFormat(), b"", gap_s, gap=True)]
        else:
            parts = [audio[at : at + CHUNK] for at in range(0, audio.size, CHUNK)]
            chunks = [
                AudioChunk(number, AudioFormat(), to_pcm16(part), part.size / SAMPLE_RATE_HZ)
                for number, part in enumerate(parts, state.next_chunk_id)
            ]
        state = await self.ports.journal.append(key, chunks)
        self.listening.audio_arrived(key, state.audio_s)

    async def segments(self, key: SessionKey) -> Sequence[Segment]:
        return await self.ports.transcripts.segments(key)

    async def words(self, key: SessionKey) -> list[str]:
        return " ".join(segment.text for segment in await self.segments(key)).split()

    def restarted(
        self, transcriber: Transcriber | None = None, options: ListeningOptions | None = None
    ) -> LiveListening:
        """A new process on the same data."""
        ports = HearingPorts(**{**self.ports.__dict__, "transcriber": transcriber or self.ports.transcriber})
        return LiveListening(ports, options or ListeningOptions(retry=QUICK_RETRIES))


@asynccontextmanager
async def open_world(
    folder: Path, transcriber: Transcriber | None = None, options: ListeningOptions | None = None
) -> AsyncIterator[World]:
    database = await SqliteDatabase.open(folder / "sessions.db")
    journal = FileAudioJournal(SessionFiles(folder / "sessions"))
    ports = HearingPorts(
        journal=journal,
        codec=AvAudioCodec(),
        sessions=SqliteSessionStore(database),
        transcripts=SqliteTranscriptStore(database),
        events=SqliteEventLog(database),
        feed=SessionFeed(10_000),
        vad=DummyVad(),
        transcriber=transcriber or DummyTranscriber(),
    )
    world = World(ports, LiveListening(ports, options or ListeningOptions(retry=QUICK_RETRIES)))
    try:
        yield world
    finally:
        await world.listening.close()
        await database.close()


def numbered(first: int, last: int) -> list[str]:
    """The words that ``tones(range(first, last))`` say."""
    return [f"w{number}" for number in range(first, last)]


def partials(messages: Sequence[object]) -> list[PartialText]:
    """Only the recognition results."""
    return [message for message in messages if isinstance(message, PartialText)]
