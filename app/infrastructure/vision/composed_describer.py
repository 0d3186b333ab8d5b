"""The describer of the cpu profile: small networks find things and text, and rules put them into words."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from app.domain.vision.compose import compose_scene
from app.domain.vision.gateway import SceneDescriber
from app.domain.vision.models import DescribeOptions, DescriberCapabilities, Photo, Scene, SceneEvidence
from app.infrastructure.runtime.cores import threads_for
from app.infrastructure.runtime.worker import CancelToken, ModelWorker, Priority
from app.infrastructure.vision.scene_networks import BUNDLED_ID, SceneNetworks
from app.infrastructure.vision.turned_views import as_sent

DEADLINE_S = 60.0
"""Waiting plus running: a photo takes about half a second on two idle cores, at most a few if it is full of text."""


_NOTHING = SceneEvidence((), (), None, brightness=0.5, sharpness=100.0, width=1, height=1)


class ComposedSceneDescriber(SceneDescriber):
    """Tells only what its networks saw; answers a few questions about it."""

    def __init__(self, locate: Callable[[str], Path], *, threads: int = 0, deadline_s: float = DEADLINE_S) -> None:
        """Prepare the describer; nothing is loaded yet.

        Args:
            locate: finds models of the catalog; called when the networks are loaded.
            threads: of each network, which run one after another; 0 = one for each core.
            deadline_s: bound on waiting plus running.
        """
        self._locate = locate
        self._threads = threads_for("scene_describer", threads)
        self._model_id = BUNDLED_ID
        self.worker = ModelWorker("scene-describer", self._load, deadline_s=deadline_s)

    @property
    def model_id(self) -> str:
        """The networks' names; before they are loaded, those that come with the installation."""
        return self._model_id

    @property
    def capabilities(self) -> DescriberCapabilities:
        """Answers only a few questions."""
        return DescriberCapabilities(answers_prompts=False)

    async def describe(self, photo: Photo, options: DescribeOptions) -> Scene:
        """See the port. Times by stage: ``detect``, ``read``, ``segment``, ``compose``.

        A photo that was sent askew is told as the wearer saw it; boxes of objects are in the photo as it was sent.
        """

        def work(networks: SceneNetworks, token: CancelToken) -> Scene:
            sight = networks.look(photo, token.check)
            began = time.perf_counter()
            scene = compose_scene(sight.evidence, options)
            compose_ms = round((time.perf_counter() - began) * 1000)
            timings_ms = {**sight.timings_ms, "compose": compose_ms}
            return replace(scene, objects=as_sent(scene.objects, sight.turn), timings_ms=timings_ms)

        priority = Priority.PHOTO if options.urgent else Priority.POST_SESSION
        return await self.worker.run(work, priority=priority)

    def close(self) -> None:
        """Stop the worker and let go of the networks."""
        self.worker.close()

    def _load(self) -> SceneNetworks:
        networks = SceneNetworks(self._locate, threads=self._threads)
        self._model_id = networks.model_id
        self.worker.weights_bytes = networks.weights_bytes
        for language in self.capabilities.languages:  # its words are read from disk the first time
            compose_scene(_NOTHING, DescribeOptions(language))
        return networks
