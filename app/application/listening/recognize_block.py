"""Recognises one block of speech: retried, gated, and on the session's clock."""

import asyncio
import logging
from dataclasses import dataclass, replace

import numpy as np

from app.application.listening.cut_blocks import SpokenBlock
from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.domain.errors import GatewayBusy, GatewayError
from app.domain.transcription.gate import believable
from app.domain.transcription.gateway import Transcriber
from app.domain.transcription.models import TranscribeOptions, Transcription

log = logging.getLogger(__name__)
SHORTEST_S = 0.1
"""A recogniser takes no less. A session, or what is left of one after a cut, may be shorter."""


@dataclass(frozen=True)
class RetryOptions:
    """How often a failed recognition is tried again.

    Attributes:
        attempts: in all, for errors other than a full queue; a full queue is waited for.
        delay_s: before the first repetition; doubled each time.
        longest_delay_s: bound on it.
    """

    attempts: int = 4
    delay_s: float = 0.5
    longest_delay_s: float = 4.0


def long_enough(audio: Waveform) -> Waveform:
    """``audio``, with silence behind it if it is shorter than a recogniser takes."""
    missing = round(SHORTEST_S * SAMPLE_RATE_HZ) - audio.size
    return np.pad(audio, (0, missing)) if missing > 0 else audio


async def recognize_block(
    transcriber: Transcriber, spoken: SpokenBlock, options: TranscribeOptions, retry: RetryOptions
) -> Transcription:
    """Recognise a block; its segments are on the session's clock, without those that are not believed.

    Raises:
        GatewayError: it failed each time.
    """
    found = await _transcribe(transcriber, spoken, options, retry)
    speech = spoken.block.speech()
    kept = tuple(spoken.block.on_session_clock(segment) for segment in found.segments if believable(segment, speech))
    if len(kept) < len(found.segments):
        log.info("segments not believed", extra={"dropped": len(found.segments) - len(kept)})
    return replace(found, segments=kept)


async def _transcribe(
    transcriber: Transcriber, spoken: SpokenBlock, options: TranscribeOptions, retry: RetryOptions
) -> Transcription:
    failures, delay_s = 0, retry.delay_s
    while True:
        try:
            return await transcriber.transcribe(long_enough(spoken.audio), options)
        except GatewayBusy:
            log.debug("recognition is busy")
        except GatewayError as error:
            failures += 1
            if failures >= retry.attempts:
                raise
            log.warning("recognition failed", extra={"error": error.code, "attempt": failures})
        await asyncio.sleep(delay_s)
        delay_s = min(2 * delay_s, retry.longest_delay_s)
