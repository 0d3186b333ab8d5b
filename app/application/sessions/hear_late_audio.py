"""Recognises audio that filled gaps of what had been heard already."""

from collections.abc import AsyncIterator, Sequence

from app.application.listening.audio_reader import read_audio
from app.application.listening.commit_finals import FinalsInOrder
from app.application.listening.cut_blocks import BlockCutter, SpokenBlock
from app.application.listening.hearing_ports import HearingPorts
from app.application.listening.listen import LiveListening
from app.application.listening.listening_options import ListeningOptions
from app.domain.audio.models import SAMPLE_RATE_HZ, TimeSpan
from app.domain.session.models import SessionKey


class HearLateAudio:
    """Adds segments with new ids in their place; segments that are there stay as they are."""

    def __init__(self, listening: LiveListening, ports: HearingPorts, options: ListeningOptions) -> None:
        self._listening = listening
        self._ports = ports
        self._options = options

    async def __call__(self, key: SessionKey, spans: Sequence[TimeSpan]) -> None:
        """Recognise these stretches of the session's clock.

        Raises:
            NotFound: there is no such session.
            GatewayError: recognition failed; segments found before are stored.
        """
        if not spans:
            return
        await self._listening.stop(key)  # it numbers segments too, and goes on where it stopped
        session = await self._ports.sessions.get(key)
        count = len(await self._ports.transcripts.segments(key))
        finals = FinalsInOrder(
            self._ports,
            self._options.retry,
            session,
            count,
            on_final=lambda block, segments: None,
            on_failure=lambda: None,
        )
        try:
            for span in spans:
                async for spoken in self._blocks(key, span):
                    await finals.submit(spoken)
            await finals.finish(session.heard_s)
        finally:
            await finals.stop()

    async def _blocks(self, key: SessionKey, span: TimeSpan) -> AsyncIterator[SpokenBlock]:
        cutter = BlockCutter(
            self._ports.vad,
            self._options.endpointing,
            self._options.blocks,
            start=round(span.start * SAMPLE_RATE_HZ),
        )
        audio = read_audio(self._ports.journal, self._ports.codec, key, start_s=span.start, end_s=span.end)
        async for piece in audio:
            if piece.audio is not None:
                for block in await cutter.hear(piece.audio, piece.start):
                    yield block
        for block in await cutter.finish():
            yield block
