"""Speaker diarization on onnxruntime: pyannote segmentation-3.0 and CAM++ voice embeddings.

The shape of the pipeline is that of pyannote.audio 3 (Bredin, 2023): local segmentation, embedding, global
clustering, reconstruction; and a second pass that corrects frames by voice.
"""

from collections.abc import Callable, Sequence

from app.domain.audio.gateway import SampleSource
from app.domain.diarization.gateway import Diarizer
from app.domain.diarization.models import SpeakerTurn
from app.infrastructure.diarization.clustering import centroids_of, find_voices
from app.infrastructure.diarization.networks import DiarizationNetworks
from app.infrastructure.diarization.reconstruction import speech_frames, speech_turns
from app.infrastructure.diarization.resegmentation import resegment
from app.infrastructure.diarization.windows import Windows, hear_windows
from app.infrastructure.runtime.cores import threads_for
from app.infrastructure.runtime.worker import CancelToken, ModelWorker, Priority

FIRST_PASS_SHARE = 0.7
"""Of the progress: about the first pass's share of the time."""

DEADLINE_S = 3600.0
"""For one session: four hours of audio take about ten minutes on one idle core."""


class OnnxDiarizer(Diarizer):
    """Runs anywhere onnxruntime runs, without torch; the weights come with the application."""

    def __init__(self, *, threads: int = 0, deadline_s: float = DEADLINE_S) -> None:
        """Prepare the diarizer; nothing is loaded yet.

        Args:
            threads: of which the networks may use half; 0 = one for each core.
            deadline_s: bound on waiting plus running.
        """
        self._threads = threads_for("diarizer", threads)
        self.worker = ModelWorker("diarizer", self._load, deadline_s=deadline_s)

    @property
    def model_id(self) -> str:
        """Both networks' names."""
        return "pyannote-segmentation-3.0+campplus-zh-en"

    async def diarize(
        self,
        audio: SampleSource,
        *,
        speakers: int | None = None,
        on_progress: Callable[[float], None] | None = None,
    ) -> Sequence[SpeakerTurn]:
        """See the port. Memory grows by about 100 MB an hour of audio beyond the networks."""
        report = on_progress or (lambda fraction: None)
        return await self.worker.run(
            lambda networks, token: find_turns(audio, networks, speakers, report, token),
            priority=Priority.POST_SESSION,
        )

    def close(self) -> None:
        """Stop the worker and let go of the networks."""
        self.worker.close()

    def _load(self) -> DiarizationNetworks:
        networks = DiarizationNetworks(threads=self._threads)
        self.worker.weights_bytes = networks.weights_bytes
        return networks


def find_turns(
    audio: SampleSource,
    networks: DiarizationNetworks,
    speakers: int | None,
    report: Callable[[float], None],
    token: CancelToken,
) -> list[SpeakerTurn]:
    """The whole pipeline; blocking."""

    def stage(share: float, offset: float) -> Callable[[float], None]:
        def between(fraction: float) -> None:
            token.check()
            report(offset + share * fraction)

        return between

    turns: list[SpeakerTurn] = []
    if audio.samples:
        windows = hear_windows(audio, networks, stage(FIRST_PASS_SHARE, 0.0))
        if windows.activity.any():
            turns = _join(windows, audio, networks, speakers, stage(1 - FIRST_PASS_SHARE, FIRST_PASS_SHARE))
    report(1.0)
    return turns


def _join(
    windows: Windows,
    audio: SampleSource,
    networks: DiarizationNetworks,
    speakers: int | None,
    between: Callable[[float], None],
) -> list[SpeakerTurn]:
    """Local speakers of all windows become speakers of the session."""
    samples = windows.samples
    labels = find_voices(samples, speakers)
    speech = speech_frames(windows, labels, audio.samples)
    if speech.shape[1] > 1:
        speech = resegment(speech, centroids_of(samples, labels), audio, networks, between)
    return speech_turns(speech, audio.samples)
