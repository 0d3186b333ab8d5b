import pytest

from app.domain.diarization.gateway import Diarizer
from app.infrastructure.diarization.dummy_diarizer import DummyDiarizer
from tests.contracts.diarizer import TALK, ArraySource, DiarizerContract


@pytest.mark.unit
class TestDummyDiarizer(DiarizerContract):
    @pytest.fixture
    def diarizer(self) -> Diarizer:
        return DummyDiarizer()

    async def test_pauses_divide_turns(self, diarizer: Diarizer) -> None:
        turns = await diarizer.diarize(ArraySource(TALK))
        assert [turn.speaker for turn in turns] == ["S1", "S2", "S1"]
        assert [(round(turn.start), round(turn.end)) for turn in turns] == [(0, 4), (5, 9), (10, 14)]
