"""Cuts a session's audio into blocks of speech for recognition."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.domain.transcription.blocks import Block, BlockBuilder, BlockOptions
from app.domain.vad.endpointing import Endpointer, EndpointingOptions, Utterance
from app.domain.vad.gateway import VAD_FRAME_SAMPLES, VadState, VoiceActivityDetector

SILENCE_LEVEL = 1e-6
"""Keeps the logarithm of digital silence finite."""


@dataclass(frozen=True)
class SpokenBlock:
    """A block and its audio."""

    block: Block
    audio: Waveform


class BlockCutter:
    """Voice activity, endpointing and grouping of one session; holds the audio of the open block only.

    What it gives depends on the audio alone, not on the sizes of the pieces or when they come.
    """

    def __init__(
        self, vad: VoiceActivityDetector, endpointing: EndpointingOptions, blocks: BlockOptions, *, start: int = 0
    ) -> None:
        """Begin at ``start``, in samples on the session's clock."""
        self.endpointer = Endpointer(endpointing, start)
        self.builder = BlockBuilder(blocks)
        self._vad = vad
        self._state: VadState | None = None
        self._audio: Waveform = np.zeros(0, np.float32)
        self._audio_start = start
        self._stretch_end: int | None = None  # of the audio proper, while its last frame is being filled up
        self._longest_filled_gap = round(blocks.long_pause_s * SAMPLE_RATE_HZ)

    @property
    def position(self) -> int:
        """Audio is taken up to here, in samples."""
        return self._audio_start + self._audio.size

    @property
    def quiet_until(self) -> int | None:
        """Nothing that is said before this place is unfinished; None while something is."""
        if self.endpointer.speech_start is not None or self.builder.pending:
            return None
        return self.endpointer.open_start

    async def hear(self, samples: Waveform, at: int) -> list[SpokenBlock]:
        """Take the audio that begins at position ``at``; a stretch between it and what came before is a gap."""
        blocks: list[SpokenBlock] = []
        gap = at - self.position
        if gap < 0:
            samples = samples[-gap:]
        elif gap > self._longest_filled_gap:
            blocks = await self._end_stretch()
            self._audio, self._audio_start = np.zeros(0, np.float32), at
            self.endpointer.jump(at)
            self._state = None
        elif gap:
            samples = np.concatenate([np.zeros(gap, np.float32), samples])
        self._audio = np.concatenate([self._audio, samples])
        return blocks + await self._advance()

    async def finish(self) -> list[SpokenBlock]:
        """The rest: no more audio follows."""
        return await self._end_stretch()

    def slice(self, start: int, end: int) -> Waveform:
        """Audio between two positions that are still held."""
        return self._audio[max(0, start - self._audio_start) : max(0, end - self._audio_start)]

    async def _advance(self) -> list[SpokenBlock]:
        new = self._audio[self.endpointer.position - self._audio_start :]
        new = new[: new.size // VAD_FRAME_SAMPLES * VAD_FRAME_SAMPLES]
        if not new.size:
            return []
        probabilities, self._state = await self._vad.probabilities(new, self._state)
        utterances = self.endpointer.feed(probabilities.tolist(), _levels(new).tolist())
        blocks = self._group(utterances)
        speaking = self.endpointer.speech_start
        silent_until = self.endpointer.position if speaking is None else speaking
        blocks += self._with_audio(self.builder.silent_until(silent_until))
        self._forget()
        return blocks

    async def _end_stretch(self) -> list[SpokenBlock]:
        self._stretch_end = self.position
        missing = -(self.position - self.endpointer.position) % VAD_FRAME_SAMPLES
        self._audio = np.concatenate([self._audio, np.zeros(missing, np.float32)])
        blocks = await self._advance()
        blocks += self._group(self.endpointer.finish())
        self._stretch_end = None
        return blocks + self._with_audio(self.builder.finish())

    def _group(self, utterances: list[Utterance]) -> list[SpokenBlock]:
        blocks = []
        for utterance in utterances:
            blocks += self._with_audio(self.builder.silent_until(utterance.speech_start))
            blocks += self._with_audio(self.builder.add(_within(utterance, self._stretch_end)))
        return blocks

    def _with_audio(self, blocks: list[Block]) -> list[SpokenBlock]:
        return [
            SpokenBlock(block, np.concatenate([self.slice(part.start, part.end) for part in block.utterances]))
            for block in blocks
        ]

    def _forget(self) -> None:
        needed = self.builder.pending[0].start if self.builder.pending else self.endpointer.open_start
        drop = needed - self._audio_start
        if drop > 0:
            self._audio, self._audio_start = self._audio[drop:].copy(), needed


def _within(utterance: Utterance, end: int | None) -> Utterance:
    if end is None:
        return utterance
    return replace(utterance, end=min(utterance.end, end), speech_end=min(utterance.speech_end, end))


def _levels(audio: Waveform) -> NDArray[np.float64]:
    power = np.mean(np.square(audio.reshape(-1, VAD_FRAME_SAMPLES), dtype=np.float64), axis=1)
    decibels: NDArray[np.float64] = 20 * np.log10(np.sqrt(power) + SILENCE_LEVEL)
    return decibels
