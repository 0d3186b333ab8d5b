"""Port for speaker diarization."""

from collections.abc import Callable, Sequence
from typing import Protocol

from app.domain.audio.gateway import SampleSource
from app.domain.diarization.models import SpeakerTurn


class Diarizer(Protocol):
    """Finds who spoke when."""

    @property
    def model_id(self) -> str:
        """The models' names as they appear in results."""
        ...

    async def diarize(
        self,
        audio: SampleSource,
        *,
        speakers: int | None = None,
        on_progress: Callable[[float], None] | None = None,
    ) -> Sequence[SpeakerTurn]:
        """Find the speaker turns of a whole session.

        Args:
            audio: the session's audio, any length; read window by window.
            speakers: how many people speak, if known; None finds it.
            on_progress: called from the worker with the fraction done, 0 to 1.

        Returns:
            Turns in time order; empty if nobody speaks.

        Raises:
            GatewayBusy: the worker's queue is full.
            GatewayTimeout: not done by the deadline.
            GatewayUnavailable: the models cannot be loaded.
        """
        ...
