"""A scene describer without weights, for tests and the ``dummy`` profile."""

import numpy as np

from app.domain.vision.gateway import SceneDescriber
from app.domain.vision.models import (
    Box,
    DescribeOptions,
    DescriberCapabilities,
    DetectedObject,
    Photo,
    Risk,
    Scene,
    Severity,
)

_COLOURS = {"es": ("rojo", "verde", "azul"), "en": ("red", "green", "blue")}
_SENTENCES = {"es": "Una foto con mucho {colour}.", "en": "A photo with much {colour}."}
_RISKS = {"es": "Hay mucho rojo delante", "en": "There is much red ahead"}
_SUGGESTIONS = {"es": "Mira con cuidado.", "en": "Look with care."}
_LABELS = ("stop sign", "potted plant", "umbrella")
_RED_WARNS, _RED_ENDANGERS = 0.6, 0.9


class DummySceneDescriber(SceneDescriber):
    """Sees colours: the strongest one is an object, and much red is a risk. Answers depend on the photo alone."""

    @property
    def model_id(self) -> str:
        """Always ``dummy``."""
        return "dummy"

    @property
    def capabilities(self) -> DescriberCapabilities:
        """Answers no questions."""
        return DescriberCapabilities(answers_prompts=False)

    async def describe(self, photo: Photo, options: DescribeOptions) -> Scene:
        """See the port."""
        language = options.language if options.language in _COLOURS else "en"
        means = photo.pixels.reshape(-1, 3).mean(axis=0)
        shares = means / max(float(means.sum()), 1.0)
        strongest = int(np.argmax(shares))
        risks: tuple[Risk, ...] = ()
        if shares[0] >= _RED_WARNS:
            severity = Severity.DANGER if shares[0] >= _RED_ENDANGERS else Severity.WARNING
            risks = (Risk("red", severity, _RISKS[language], spoken=_RISKS),)
        return Scene(
            description=_SENTENCES[language].format(colour=_COLOURS[language][strongest]),
            risks=risks,
            suggestions=(_SUGGESTIONS[language],) if risks else (),
            objects=(DetectedObject(_LABELS[strongest], float(shares[strongest]), Box(0.0, 0.0, 1.0, 1.0)),),
            text=(),
            language=language,
        )
