"""A recording that was made elsewhere becomes a session's audio, or fills its gaps."""

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.application.listening.decoded_recording import decoded_recording
from app.application.sessions.analyze_again import AnalyzeAgain
from app.application.sessions.end_session import FINISH_JOB, EndSession
from app.application.sessions.every_event import IMPORTED, IMPORTING
from app.application.sessions.hear_late_audio import HearLateAudio
from app.application.sessions.live import LiveSessions, unless_wanted
from app.application.sessions.open_session import OpenSession
from app.application.sessions.quota import AudioQuota
from app.application.sessions.read_session import ReadSession
from app.domain.audio.gateway import AudioCodec, AudioJournal
from app.domain.audio.models import SAMPLE_RATE_HZ, AudioChunk, AudioFormat, JournalState, TimeSpan, Waveform
from app.domain.audio.pcm import to_pcm16
from app.domain.errors import Conflict, NotFound, StorageError, TooLarge
from app.domain.session.gateway import EventLog, SessionStore
from app.domain.session.models import Session, SessionConfig, SessionKey, SessionState

CHUNK_SAMPLES = SAMPLE_RATE_HZ
"""The journal's chunks of imported audio last one second."""
BYTES_A_SAMPLE = 2
BATCH_CHUNKS = 8
"""Chunks a write: 256 KiB, so that decoding, not syncing, sets the pace."""
SHORTEST_GAP_S = 1e-3
"""Less than a millisecond between the end of the audio and an offset is rounding, not a gap."""


@dataclass(frozen=True)
class Imported:
    """What became of a recording.

    Attributes:
        session: the session, as it is now.
        audio_s: length of its audio.
        added_s: audio appended at the end.
        filled_s: audio that filled gaps.
        whole: False if the recording is damaged or cut off; then this is what could be decoded.
    """

    session: Session
    audio_s: float
    added_s: float
    filled_s: float
    whole: bool


class ImportRecording:
    """Decodes a recording in bounded memory and writes it to the journal."""

    def __init__(
        self,
        read_session: ReadSession,
        open_session: OpenSession,
        end_session: EndSession,
        analyze_again: AnalyzeAgain,
        hear_late_audio: HearLateAudio,
        *,
        sessions: SessionStore,
        journal: AudioJournal,
        events: EventLog,
        codec: AudioCodec,
        live: LiveSessions,
        quota: AudioQuota,
        max_session_s: float,
    ) -> None:
        self._read_session = read_session
        self._open_session = open_session
        self._end_session = end_session
        self._analyze_again = analyze_again
        self._hear_late_audio = hear_late_audio
        self._sessions = sessions
        self._journal = journal
        self._events = events
        self._codec = codec
        self._live = live
        self._quota = quota
        self._max_session_s = max_session_s

    async def __call__(
        self, key: SessionKey, path: Path, *, offset_s: float | None = None, finish: bool | None = None
    ) -> Imported:
        """Import the recording at ``path``.

        Args:
            key: the session; made if there is none.
            path: WAV, FLAC, Ogg/Opus or MP3.
            offset_s: where it begins on the session's clock; what lies before the end of the audio so far fills gaps.
                None appends.
            finish: whether the session ends with it; None ends it if the recording is all that it holds.

        Raises:
            InvalidInput: no recording of a known kind.
            TooLarge: the session would become longer than allowed.
            Conflict: the session is live, or it has ended or may be resumed and the recording does not begin in what it has.
            Overloaded: the owner's quota is used up.
            NotFound: the session was erased meanwhile.
        """
        await self._live.wait_left(key)
        with self._live.claim(key) as wanted:
            return await unless_wanted(wanted, self._import(key, path, offset_s, finish))

    async def _import(self, key: SessionKey, path: Path, offset_s: float | None, finish: bool | None) -> Imported:
        await self._quota.check(key.owner)
        before = await self._journal.state(key)
        begin_s = before.audio_s if offset_s is None else offset_s
        self._check_begin(begin_s)
        session, made = await self._find_or_create(key)
        ended = session.state in (SessionState.PROCESSING, SessionState.FINISHED)
        # Whoever resumes the session would number its audio from where the interrupted recording ended.
        resumable = session.state is SessionState.INTERRUPTED and not finish
        if before.audio_s - begin_s < SHORTEST_GAP_S:
            _check_may_append(ended=ended, resumable=resumable)
        first, end_s, gaps = before.next_chunk_id == 1, begin_s, list[TimeSpan]()
        if not first:
            end_s = begin_s + await self._length_s(path, begin_s)
            await self._quota.check(key.owner, 0 if ended or resumable else _bytes(end_s - before.audio_s))
            gaps = [gap for gap in await self._read_session.gaps(key) if gap.end > begin_s and gap.start < end_s]
        ends = not ended and (first if finish is None else finish)
        async with self._hear_late_audio.paused(key):
            await self._hear_late_audio.announce(key, gaps)
            if ended and gaps:
                session = await self._analyze_again(key, FINISH_JOB)  # it waits for us, and goes on if the server dies
            await self._events.append(key, IMPORTING, {"made": made, "first": first, "ends": ends})
            try:
                imported, whole = await self._write(key, path, before, begin_s, may_grow=not (ended or resumable))
            except BaseException:
                undo = self._sessions.delete(key) if made else self._events.append(key, IMPORTED, {"whole": first})
                with contextlib.suppress(StorageError):  # what went wrong first is told
                    await asyncio.shield(undo)
                raise
            await self._events.append(key, IMPORTED, {"whole": whole})
            if not ended:
                await self._hear_late_audio(key)
        if ends:
            session = await self._end_session.end(key)
        # The silence before an offset behind the end is not audio.
        added_s = max(0.0, imported.audio_s - max(before.audio_s, begin_s))
        filled_s = sum(min(gap.end, end_s) - max(gap.start, begin_s) for gap in gaps)
        return Imported(session, imported.audio_s, added_s, filled_s, whole)

    async def _find_or_create(self, key: SessionKey) -> tuple[Session, bool]:
        """The session, and whether it was made just now: then it exists for this recording only."""
        try:
            return await self._sessions.get(key), False
        except NotFound:
            return (await self._open_session.create(key.owner, key.session_id, SessionConfig())).session, True

    async def _length_s(self, path: Path, begin_s: float) -> float:
        """Length of a recording; refuses one that cannot be read: what is appended to a session's audio stays there."""
        samples = 0
        async with decoded_recording(self._codec, path, max_duration_s=self._longest_s(begin_s)) as recording:
            async for block in recording:
                samples += block.size
        return samples / SAMPLE_RATE_HZ

    def _check_begin(self, begin_s: float) -> None:
        if begin_s >= self._max_session_s:
            raise TooLarge(
                f"a session may last {self._max_session_s:g} s at most, and the recording would begin at {begin_s:g} s",
                code="session_too_long",
                param="offset_ms",
            )

    def _longest_s(self, begin_s: float) -> float:
        return max(0.0, self._max_session_s - begin_s)

    async def _write(
        self, key: SessionKey, path: Path, before: JournalState, begin_s: float, *, may_grow: bool
    ) -> tuple[JournalState, bool]:
        """Where the journal reaches then, and whether the recording is whole."""
        writer = _Writer(self._journal, self._quota, key, before, begin_s, may_grow=may_grow)
        try:
            async with decoded_recording(self._codec, path, max_duration_s=self._longest_s(begin_s)) as recording:
                async for block in recording:
                    await writer.write(block)
            state = await writer.finish()
        except BaseException:
            if before.next_chunk_id == 1:
                # Half a recording would be in the way when it is sent again.
                await asyncio.shield(self._journal.delete(key))
            raise
        finally:
            self._quota.forget(key)
        return state, recording.whole


class _Writer:
    """Puts audio where it belongs: into gaps before the journal's end, and in chunks of a second behind it."""

    def __init__(
        self,
        journal: AudioJournal,
        quota: AudioQuota,
        key: SessionKey,
        state: JournalState,
        begin_s: float,
        *,
        may_grow: bool,
    ) -> None:
        self.position_s = begin_s
        """Where the next block begins."""
        self._journal = journal
        self._quota = quota
        quota.begin(key, state.stored_bytes)
        self._key = key
        self._end_s = state.audio_s
        self._state = state
        self._may_grow = may_grow
        self._rest: Waveform = np.zeros(0, np.float32)
        self._chunks: list[AudioChunk] = []
        if may_grow and begin_s - state.audio_s >= SHORTEST_GAP_S:
            self._add(b"", begin_s - state.audio_s, gap=True)

    async def write(self, block: Waveform) -> None:
        """Take the block that follows."""
        late = min(block.size, max(0, round((self._end_s - self.position_s) * SAMPLE_RATE_HZ)))
        if late:
            await self._journal.fill(self._key, start_s=self.position_s, audio=block[:late])
        if self._may_grow:
            self._rest = np.concatenate([self._rest, block[late:]])
            while self._rest.size >= CHUNK_SAMPLES:
                self._add(to_pcm16(self._rest[:CHUNK_SAMPLES]), CHUNK_SAMPLES / SAMPLE_RATE_HZ)
                self._rest = self._rest[CHUNK_SAMPLES:]
            if len(self._chunks) >= BATCH_CHUNKS:
                await self._flush()
        self.position_s += block.size / SAMPLE_RATE_HZ

    async def finish(self) -> JournalState:
        """Write what is left."""
        if self._rest.size:
            self._add(to_pcm16(self._rest), self._rest.size / SAMPLE_RATE_HZ)
        await self._flush()
        return self._state

    def _add(self, payload: bytes, duration_s: float, *, gap: bool = False) -> None:
        chunk_id = self._state.next_chunk_id + len(self._chunks)
        self._chunks.append(AudioChunk(chunk_id, AudioFormat(), payload, duration_s, gap))

    async def _flush(self) -> None:
        if self._chunks:
            self._state = await self._journal.append(self._key, self._chunks)
            self._chunks = []
            self._quota.stored(self._key, self._state.stored_bytes)


def _check_may_append(*, ended: bool, resumable: bool) -> None:
    if ended:
        raise Conflict("the session has ended; only its gaps can be filled, with offset_ms", code="session_ended")
    if resumable:
        raise Conflict(
            "the session is interrupted and may be resumed: end it with this recording (finish=true), or say with offset_ms"
            " which gap it fills",
            code="session_interrupted",
        )


def _bytes(duration_s: float) -> int:
    """What so much audio takes in the journal."""
    return BYTES_A_SAMPLE * max(0, round(duration_s * SAMPLE_RATE_HZ))
