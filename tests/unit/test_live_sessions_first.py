"""Uploaded recordings and late audio let live sessions go first."""

from pathlib import Path

import pytest

from app.domain.audio.models import Waveform
from app.domain.transcription.models import Purpose, TranscribeOptions, Transcription
from app.infrastructure.transcription.dummy import DummyTranscriber, tones
from tests.listening_world import open_world

pytestmark = pytest.mark.unit


class Noting(DummyTranscriber):
    """Remembers what its work was for."""

    def __init__(self) -> None:
        self.purposes: set[Purpose] = set()

    async def transcribe(self, speech: Waveform, options: TranscribeOptions) -> Transcription:
        self.purposes.add(options.purpose)
        return await super().transcribe(speech, options)


@pytest.mark.parametrize(("live", "final"), [(True, Purpose.FINAL), (False, Purpose.BACKGROUND)])
async def test_only_sessions_with_a_client_are_live(tmp_path: Path, live: bool, final: Purpose) -> None:
    transcriber = Noting()
    async with open_world(tmp_path, transcriber) as world:
        key = await world.open("a")
        if live:
            await world.listening.start(key)
        await world.send(key, tones(range(40)))
        await world.listening.finish(key)
        assert len(await world.words(key)) == 40
    assert transcriber.purposes - {Purpose.PARTIAL} == {final}
