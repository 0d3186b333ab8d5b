"""Live listening on the embedded models: as good as on whole files, and the same whoever else talks."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from app.application.listening.hearing_ports import HearingPorts
from app.application.listening.listen import LiveListening
from app.commands.bench.references import word_errors
from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.domain.session.models import Segment, SessionKey
from app.infrastructure.catalog.catalog import Catalog
from app.infrastructure.transcription.whisper import FasterWhisperTranscriber
from app.infrastructure.vad.silero import SileroVad
from app.settings import Settings
from tests.demo_speech import demo_audio, demo_lines
from tests.listening_world import World, open_world

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    transcriber = FasterWhisperTranscriber(Catalog.from_settings(Settings()).locate, threads=2)
    vad = SileroVad()
    async with open_world(tmp_path) as world:
        world.ports = HearingPorts(**{**world.ports.__dict__, "vad": vad, "transcriber": transcriber})
        world.listening = LiveListening(world.ports)
        yield world
        await world.listening.close()
    transcriber.close()
    vad.close()


async def stream(world: World, key: SessionKey, audio: Waveform, seed: int) -> None:
    """Send audio in pieces of random lengths, as fast as it is heard."""
    random_lengths = random.Random(seed)
    await world.listening.start(key)
    at = 0
    while at < audio.size:
        size = random_lengths.randint(SAMPLE_RATE_HZ // 10, 3 * SAMPLE_RATE_HZ)
        await world.send(key, audio[at : at + size])
        await world.listening.wait_below(key, 5)
        at += size
    await world.listening.finish(key)


def said(segments: list[Segment]) -> str:
    return " ".join(segment.text for segment in segments)


async def test_both_languages_are_heard_well_and_alike_when_heard_together(world: World) -> None:
    alone: dict[str, str] = {}
    for language in ("en", "es"):
        key = await world.open(f"alone-{language}")
        await stream(world, key, demo_audio(language), seed=1)
        segments = list(await world.segments(key))
        alone[language] = said(segments)
        errors, words = word_errors(" ".join(text for _, _, text in demo_lines(language)), alone[language])
        assert errors <= 0.12 * words
        assert (await world.ports.sessions.get(key)).language == language
        ends = [segment.end for segment in segments]
        assert ends == sorted(ends)
    keys = {language: await world.open(f"together-{language}") for language in alone}
    await asyncio.gather(*(stream(world, key, demo_audio(language), seed=2) for language, key in keys.items()))
    for language, key in keys.items():
        assert said(list(await world.segments(key))) == alone[language]


async def test_noise_and_silence_say_nothing(world: World) -> None:
    key = await world.open("noise")
    noise = np.random.default_rng(3).normal(0, 0.05, 20 * SAMPLE_RATE_HZ).astype(np.float32)
    await stream(world, key, np.concatenate([noise, np.zeros_like(noise)]), seed=3)
    assert await world.segments(key) == []
