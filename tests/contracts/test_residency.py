"""Real models of three runtimes are unloaded in earnest, and come back."""

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

from app.composition.models import OnWorker, build_language_model, build_transcriber, build_vad, close_adapters
from app.domain.transcription.models import Purpose, TranscribeOptions
from app.infrastructure.runtime import memory
from app.infrastructure.runtime.eviction import Patience
from app.infrastructure.runtime.residency import Residency
from app.infrastructure.runtime.turnstile import Turnstile
from app.infrastructure.runtime.worker import ModelWorker
from app.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.slow]
MEGABYTE = 1_000_000
ROUNDS = 25
ROOM = 230 * MEGABYTE
"""For whisper-base (about 140 MB) or smollm2-135m (about 215 MB), not for both."""
GROWTH = 40 * MEGABYTE
"""Fragments of the heap and what libraries keep: far less than either model, however often they are loaded."""


@pytest.fixture
def residency() -> Iterator[Residency]:
    residency = Residency(ROOM, patience=Patience(keep_s=0.0, hold_s=0.0, turn_s=0.0))
    yield residency
    residency.close()


async def test_fifty_loads_of_real_models_leave_memory_where_it_was(residency: Residency) -> None:
    settings = Settings.model_validate({"profile": "cpu", "models": _MODELS})
    vad, words, language = build_vad(settings), build_transcriber(settings), build_language_model(settings)
    workers = [_worker(adapter) for adapter in (vad, words, language)]
    turnstile = Turnstile(2)
    for worker, need in zip(workers, (20, 200, 220), strict=True):
        worker.attach(residency, need * MEGABYTE)
        worker.share_cores(turnstile, 1)
    noise = (np.random.default_rng(1).standard_normal(16_000) * 0.05).astype(np.float32)
    sizes = []
    for _ in range(ROUNDS):
        await vad.probabilities(np.zeros(512, np.float32), None)
        await words.transcribe(noise, TranscribeOptions(purpose=Purpose.PARTIAL, language="en"))
        assert not workers[2].loaded
        await language.weigh("The sky is", " blue, isn't it?", ["yes", "no"])
        assert not workers[1].loaded
        sizes.append(memory.process_bytes())
    assert [worker.memory and worker.memory.loads for worker in workers[1:]] == [ROUNDS, ROUNDS]
    # How many pages of a mapped model file are counted differs from load to load; the most of some rounds does not.
    assert abs(max(sizes[-6:]) - max(sizes[:6])) < GROWTH
    await asyncio.to_thread(close_adapters, vad, words, language)


def _worker(adapter: object) -> ModelWorker[object]:
    assert isinstance(adapter, OnWorker)
    return adapter.worker


_MODELS = {
    **Settings(profile="cpu").models.model_dump(),
    "language_model_model": "smollm2-135m",
    "hf_token": None,
    "threads": 2,
}
