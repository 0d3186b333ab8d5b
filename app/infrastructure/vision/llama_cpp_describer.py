"""Vision-language models in GGUF files, run by llama.cpp."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from app.domain.vision.gateway import SceneDescriber
from app.domain.vision.models import DescribeOptions, DescriberCapabilities, Photo, Pixels, Scene
from app.domain.vision.scene_answer import scene_of_answer
from app.domain.vision.scene_prompt import (
    MAX_ANSWER_TOKENS,
    scene_instruction,
    scene_request,
    scene_schema,
    written_language,
)
from app.infrastructure.runtime.cores import threads_for
from app.infrastructure.runtime.worker import CancelToken, ModelWorker, Priority
from app.infrastructure.vision.llama_cpp_describer_engine import LlamaCppVisionEngine
from app.infrastructure.vision.llama_cpp_describer_files import model_and_projector
from app.infrastructure.vision.llama_cpp_describer_layout import layout_of

_MAX_RATIO = 4
"""Of a photo's sides; narrower ones get a black border. Some projectors cut a photo into one tile for each length of its
shorter side, hundreds for a strip."""


class LlamaCppSceneDescriber(SceneDescriber):
    """A GGUF vision-language model behind one worker: one photo at a time, cancelled between tokens."""

    def __init__(
        self,
        model: str,
        locate: Callable[[str], Path],
        *,
        projector: Path | None = None,
        context_tokens: int = 4096,
        image_tokens: int = 256,
        threads: int = 0,
        deadline_s: float = 120.0,
    ) -> None:
        """Prepare; the files are loaded by the first use.

        Args:
            model: catalog name, or path of a GGUF file or of a folder with one.
            locate: finds it.
            projector: its projector; None takes the ``mmproj*.gguf`` beside it.
            context_tokens: instruction, photo and answer together; less if the model was trained on less.
            image_tokens: how many a photo may take.
            threads: 0 = one for each core.
            deadline_s: bound on waiting plus running of one call.
        """
        self._name = model
        self._locate = locate
        self._projector = projector
        self._context_tokens = context_tokens
        self._image_tokens = image_tokens
        self._threads = threads_for("scene_describer", threads)
        self.worker = ModelWorker(f"scene describer {Path(model).name}", self._load, deadline_s=deadline_s)

    @property
    def model_id(self) -> str:
        """The catalog name, or the file's name without its ending."""
        return Path(self._name).stem if self._name.lower().endswith(".gguf") else Path(self._name).name

    @property
    def capabilities(self) -> DescriberCapabilities:
        """Answers questions."""
        return DescriberCapabilities(answers_prompts=True)

    def close(self) -> None:
        """Stop the worker and free the model. Blocking."""
        self.worker.close()

    async def describe(self, photo: Photo, options: DescribeOptions) -> Scene:
        """See the port."""
        return await self.worker.run(
            lambda engine, token: _describe(engine, token, photo.pixels, options),
            priority=Priority.PHOTO if options.urgent else Priority.POST_SESSION,
        )

    def _load(self) -> LlamaCppVisionEngine:
        model, projector = model_and_projector(self._locate(self._name), self._projector)
        engine = LlamaCppVisionEngine(
            model,
            projector,
            context_tokens=self._context_tokens,
            threads=self._threads,
            image_tokens=self._image_tokens,
        )
        self.worker.weights_bytes = model.stat().st_size + projector.stat().st_size
        return engine


def _describe(engine: LlamaCppVisionEngine, token: CancelToken, pixels: Pixels, options: DescribeOptions) -> Scene:
    language = written_language(options.language)
    layout = layout_of(engine.text)
    before = layout.before_photo(engine.text, scene_instruction(language))
    after = layout.after_photo(engine.text, scene_request(options))
    began = time.monotonic()
    reading = engine.show(before, _not_too_narrow(pixels), after, token)
    seen = time.monotonic()
    scene = scene_of_answer(reading.write(scene_schema(), MAX_ANSWER_TOKENS, token.check), language)
    written = time.monotonic()
    timings = {"see": seen - began, "write": written - seen}
    return replace(scene, timings_ms={stage: round(seconds * 1000) for stage, seconds in timings.items()})


def _not_too_narrow(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    short = -(-max(height, width) // _MAX_RATIO)
    return np.pad(pixels, ((0, max(0, short - height)), (0, max(0, short - width)), (0, 0)))
