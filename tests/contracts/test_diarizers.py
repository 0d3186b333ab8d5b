import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

from app.domain.diarization.gateway import Diarizer
from app.infrastructure.diarization.dummy_diarizer import DummyDiarizer
from app.infrastructure.diarization.onnx_diarizer import OnnxDiarizer
from tests.contracts.diarizer import ArraySource, DiarizerContract, noise, voice


@pytest.mark.unit
class TestDummyDiarizer(DiarizerContract):
    @pytest.fixture
    def diarizer(self) -> Diarizer:
        return DummyDiarizer()


@pytest.fixture(scope="module")
def onnx_diarizer() -> Iterator[OnnxDiarizer]:
    diarizer = OnnxDiarizer()
    yield diarizer
    diarizer.close()


@pytest.mark.integration
class TestOnnxDiarizer(DiarizerContract):
    @pytest.fixture
    def diarizer(self, onnx_diarizer: OnnxDiarizer) -> Diarizer:
        return onnx_diarizer

    @pytest.mark.parametrize("case", ["noise", "clipped noise"])
    async def test_noise_is_nobody(self, diarizer: Diarizer, case: str) -> None:
        audio = noise(15) if case == "noise" else np.sign(noise(15)).astype(np.float32)
        assert list(await diarizer.diarize(ArraySource(audio))) == []

    @pytest.mark.parametrize("duration_s", [0.9, 3.0, 12.0])
    async def test_one_voice_is_one_speaker_even_for_a_second(self, diarizer: Diarizer, duration_s: float) -> None:
        turns = await diarizer.diarize(ArraySource(voice(120, duration_s)))
        assert [turn.speaker for turn in turns] == ["S1"]

    async def test_a_cancelled_caller_stops_the_work(self, diarizer: Diarizer) -> None:
        source = ArraySource(np.tile(voice(120, 60), 60))
        running = asyncio.create_task(diarizer.diarize(source))
        await asyncio.sleep(0.2)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert [turn.speaker for turn in await diarizer.diarize(ArraySource(voice(120, 3)))] == ["S1"]
