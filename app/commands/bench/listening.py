"""What ``bench audio`` measures, each in a child process: bare faster-whisper, whole recordings, live sessions."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from app.application.listening.hearing_ports import HearingPorts
from app.application.listening.listen import LiveListening
from app.application.listening.listening_options import ListeningOptions
from app.application.listening.transcribe_recording import TranscribeRecording
from app.application.sessions.feed import PartialText, SessionFeed
from app.composition.models import build_transcriber, build_vad
from app.composition.stores import open_stores
from app.domain.audio.models import SAMPLE_RATE_HZ, AudioChunk, AudioFormat, Waveform
from app.domain.audio.pcm import to_pcm16
from app.domain.session.models import Segment, Session, SessionConfig, SessionKey, SessionKind, SessionState
from app.domain.transcription.models import Purpose, TranscribeOptions
from app.domain.vad.gateway import VAD_FRAME_SAMPLES
from app.infrastructure.catalog.catalog import Catalog
from app.settings import Settings

CHUNK_SAMPLES = SAMPLE_RATE_HZ // 10
LONGEST_S = 4 * 3600.0


@dataclass
class Measured:
    """One recording, recognised in one way.

    Attributes:
        text: the transcript.
        duration_s: of the recording.
        wall_s: time it took.
        cpu_s: CPU time of the whole process meanwhile.
        first_partial_s: from the first word's start to the first text shown; live and served only.
        lags_s: for each word, from its end to the first text shown that covers it, or to the transcript; live only.
        end_to_transcript_s: from the end of the audio to the complete transcript; live and served only.
        end_to_final_s: from the end of the audio to the analysis; served only, as are the following.
        timings_ms: what the server says that each stage took.
        notes: why the analysis is incomplete, or empty.
    """

    text: str
    duration_s: float
    wall_s: float
    cpu_s: float
    first_partial_s: float | None = None
    lags_s: list[float] = field(default_factory=list)
    end_to_transcript_s: float | None = None
    end_to_final_s: float | None = None
    timings_ms: Mapping[str, int] | None = None
    notes: tuple[str, ...] = ()


def measure_bare(settings: Settings, recordings: Sequence[tuple[Path, str | None]]) -> list[Measured]:
    """faster-whisper on whole files: same model, beam size and options, its own VAD filter, one thread, no other code."""
    import faster_whisper

    folder = Catalog.from_settings(settings).locate(settings.models.transcriber_model)
    model = faster_whisper.WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)
    model.transcribe(np.zeros(SAMPLE_RATE_HZ, np.float32), language="en")

    def one(path: Path, language: str | None) -> Measured:
        clock = _Clock()
        segments, info = model.transcribe(
            str(path),
            language=language,
            beam_size=settings.listening.beam_size,
            vad_filter=True,
            condition_on_previous_text=False,
            word_timestamps=True,
        )
        text = " ".join(segment.text.strip() for segment in segments)
        return Measured(text, info.duration, *clock.read())

    return [one(path, language) for path, language in recordings]


def measure_recordings(settings: Settings, recordings: Sequence[tuple[Path, str | None]]) -> list[Measured]:
    """Ours on whole files."""

    async def all_of_them() -> list[Measured]:
        async with _ports(settings) as ports:
            use_case = TranscribeRecording(ports.codec, ports.vad, ports.transcriber)

            async def one(path: Path, language: str | None) -> Measured:
                clock = _Clock()
                found = await use_case.transcribe(path, language=language)
                return Measured(_text(found.segments), found.duration_s, *clock.read())

            return [await one(path, language) for path, language in recordings]

    return asyncio.run(all_of_them())


def measure_live(
    settings: Settings,
    recordings: Sequence[tuple[Path, str | None]],
    pace: float,
    options: ListeningOptions,
    at_once: int = 1,
) -> list[Measured]:
    """Ours, each recording streamed as a live session at ``pace`` times real time, ``at_once`` sessions at a time.

    Sessions that run at once share their wall and CPU time equally.
    """

    async def all_of_them() -> list[Measured]:
        async with _ports(settings) as ports:
            listening = LiveListening(ports, options)

            async def one(number: int) -> Measured:
                path, language = recordings[number]
                return await _live(ports, listening, SessionKey("bench", f"b{number}"), path, language, pace)

            measured: list[Measured] = []
            for first in range(0, len(recordings), at_once):
                clock = _Clock()
                batch = await asyncio.gather(*map(one, range(first, min(first + at_once, len(recordings)))))
                wall_s, cpu_s = (value / len(batch) for value in clock.read())
                measured += [replace(each, wall_s=wall_s, cpu_s=cpu_s) for each in batch]
            return measured

    return asyncio.run(all_of_them())


class _Clock:
    def __init__(self) -> None:
        self._wall_s, self._cpu_s = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        return time.perf_counter() - self._wall_s, time.process_time() - self._cpu_s


@asynccontextmanager
async def _ports(settings: Settings) -> AsyncIterator[HearingPorts]:
    vad, transcriber = build_vad(settings), build_transcriber(settings)
    await vad.probabilities(np.zeros(VAD_FRAME_SAMPLES, np.float32), None)
    silence = np.zeros(SAMPLE_RATE_HZ, np.float32)
    await transcriber.transcribe(silence, TranscribeOptions(language="en", purpose=Purpose.PARTIAL))
    with tempfile.TemporaryDirectory() as folder:
        async with open_stores(Path(folder), Path(folder, "sessions.db")) as stores:
            yield HearingPorts(
                journal=stores.journal,
                codec=stores.codec,
                sessions=stores.sessions,
                transcripts=stores.transcripts,
                events=stores.events,
                feed=SessionFeed(10_000),
                vad=vad,
                transcriber=transcriber,
            )


async def _live(
    ports: HearingPorts, listening: LiveListening, key: SessionKey, path: Path, language: str | None, pace: float
) -> Measured:
    blocks = await asyncio.to_thread(lambda: list(ports.codec.read_recording(path, max_duration_s=LONGEST_S)))
    audio = np.concatenate(blocks)
    config = SessionConfig(language=language)
    await ports.sessions.create(
        Session(key, SessionKind.RECORDING, SessionState.OPEN, config, token_hash="", created_at=time.time())
    )
    shown: list[tuple[float, float]] = []
    with ports.feed.subscribe(key) as queue:

        async def watch() -> None:
            while True:
                message = await queue.get()
                if isinstance(message, PartialText) and message.lines:
                    shown.append((time.perf_counter(), message.audio_s))

        watcher = asyncio.create_task(watch())
        clock, began_s = _Clock(), time.perf_counter()
        await listening.start(key)
        await _stream(ports, listening, key, audio, pace)
        ended_s = time.perf_counter()
        await listening.finish(key)
        wall_s, cpu_s = clock.read()
        done_s = time.perf_counter()
        watcher.cancel()
    segments = await ports.transcripts.segments(key)
    first, lags = _lags(segments, [(at - began_s, audio_s) for at, audio_s in shown], done_s - began_s, pace)
    duration_s = audio.size / SAMPLE_RATE_HZ
    return Measured(_text(segments), duration_s, wall_s, cpu_s, first, lags, done_s - ended_s)


async def _stream(ports: HearingPorts, listening: LiveListening, key: SessionKey, audio: Waveform, pace: float) -> None:
    began_s = time.perf_counter()
    for number, at in enumerate(range(0, audio.size, CHUNK_SAMPLES), 1):
        part = audio[at : at + CHUNK_SAMPLES]
        await asyncio.sleep((at + part.size) / SAMPLE_RATE_HZ / pace - (time.perf_counter() - began_s))
        chunk = AudioChunk(number, AudioFormat(), to_pcm16(part), part.size / SAMPLE_RATE_HZ)
        state = await ports.journal.append(key, [chunk])
        listening.audio_arrived(key, state.audio_s)
        await listening.wait_below(key, 20.0)


def _lags(
    segments: Sequence[Segment], shown: Sequence[tuple[float, float]], done_s: float, pace: float
) -> tuple[float | None, list[float]]:
    words = [word for segment in segments for word in segment.words]
    if not words:
        return None, []
    moments = [*shown, (done_s, float("inf"))]
    lags = [max(0.0, min(at for at, audio_s in moments if audio_s >= word.end) - word.end / pace) for word in words]
    return max(0.0, moments[0][0] - words[0].start / pace), lags


def _text(segments: Sequence[Segment]) -> str:
    return " ".join(segment.text for segment in segments)
