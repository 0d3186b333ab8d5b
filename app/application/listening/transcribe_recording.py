"""Recognises a recording as a whole: nothing is stored or shown, and the blocks are as large as the model takes."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.application.listening.cut_blocks import BlockCutter, SpokenBlock
from app.application.listening.decoded_recording import decoded_recording
from app.application.listening.listening_options import ListeningOptions
from app.application.listening.recognize_block import recognize_block
from app.domain.audio.gateway import AudioCodec
from app.domain.audio.models import SAMPLE_RATE_HZ
from app.domain.session.models import Segment
from app.domain.transcription.gateway import Transcriber
from app.domain.transcription.language import SpokenLanguage
from app.domain.transcription.models import RecognizedSegment, TranscribeOptions
from app.domain.vad.gateway import VoiceActivityDetector

AT_ONCE = 2


@dataclass(frozen=True)
class RecordingTranscript:
    """What a recording says.

    Attributes:
        segments: in time order.
        language: ISO 639-1; None if nothing was said.
        duration_s: of the recording.
        whole: False if it is damaged or cut off; then this is what could be decoded.
    """

    segments: tuple[Segment, ...]
    language: str | None
    duration_s: float
    whole: bool


@dataclass
class _Progress:
    duration_s: float | None = None
    segments: list[RecognizedSegment] = field(default_factory=list)
    running: deque["asyncio.Task[None]"] = field(default_factory=deque)


class TranscribeRecording:
    """Decodes, finds speech and recognises it, in bounded memory however long the recording is."""

    def __init__(
        self,
        codec: AudioCodec,
        vad: VoiceActivityDetector,
        transcriber: Transcriber,
        options: ListeningOptions | None = None,
        *,
        max_duration_s: float = 24 * 3600,
    ) -> None:
        self._codec = codec
        self._vad = vad
        self._transcriber = transcriber
        self._options = options or ListeningOptions()
        self._max_duration_s = max_duration_s

    async def transcribe(
        self,
        path: Path,
        *,
        language: str | None = None,
        vocabulary: tuple[str, ...] = (),
        on_progress: Callable[[float, float | None], None] = lambda heard_s, duration_s: None,
    ) -> RecordingTranscript:
        """Recognise one recording.

        Args:
            path: WAV, FLAC, Ogg/Opus or MP3.
            language: ISO 639-1; None detects it.
            vocabulary: names and jargon.
            on_progress: called with the seconds recognised so far, and the whole length once it is known.

        Raises:
            InvalidInput: no such file, or not a recording.
            GatewayError: recognition failed each time.
        """
        cutter = BlockCutter(self._vad, self._options.endpointing, self._options.blocks)
        spoken_language = SpokenLanguage(language)
        progress = _Progress()

        async def recognize(spoken: SpokenBlock) -> None:
            options = TranscribeOptions(language, prior_language=spoken_language.kept, vocabulary=vocabulary)
            found = await recognize_block(self._transcriber, spoken, options, self._options.retry)
            spoken_language.heard(found)
            progress.segments.extend(found.segments)
            on_progress(spoken.block.end / SAMPLE_RATE_HZ, progress.duration_s)

        async def submit(blocks: list[SpokenBlock]) -> None:
            for block in blocks:
                limit = 1 if spoken_language.kept is None else AT_ONCE
                while len(progress.running) >= limit:
                    await progress.running.popleft()
                progress.running.append(asyncio.create_task(recognize(block)))

        try:
            async with decoded_recording(self._codec, path, max_duration_s=self._max_duration_s) as recording:
                async for samples in recording:
                    await submit(await cutter.hear(samples, cutter.position))
            duration_s = progress.duration_s = cutter.position / SAMPLE_RATE_HZ
            await submit(await cutter.finish())
            while progress.running:
                await progress.running.popleft()
        finally:
            for task in progress.running:
                task.cancel()
        spoken_language.settle()
        on_progress(duration_s, duration_s)
        ordered = sorted(progress.segments, key=lambda segment: segment.start)
        segments = tuple(
            Segment(f"s{number}", each.start, each.end, each.text, each.words) for number, each in enumerate(ordered, 1)
        )
        return RecordingTranscript(segments, spoken_language.kept, duration_s, recording.whole)
