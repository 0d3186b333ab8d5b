"""What every scene describer must do, whatever it is made of."""

import asyncio

import numpy as np
import pytest

from app.domain.vision.gateway import SceneDescriber
from app.domain.vision.models import MAX_SIDE_PX, DescribeOptions, Photo, Scene, Severity


def photo_of(pixels: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> Photo:
    height, width = pixels.shape[:2]
    return Photo(pixels, width, height, b"")


def noise(width: int, height: int, seed: int = 1) -> Photo:
    return photo_of(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


def check_scene(scene: Scene, language: str) -> None:
    assert scene.language == language
    assert scene.description.strip()
    assert all(risk.kind and risk.text.strip() for risk in scene.risks)
    ranks = [risk.severity.rank for risk in scene.risks]
    assert ranks == sorted(ranks, reverse=True)
    assert all(severity in list(Severity) for severity in (risk.severity for risk in scene.risks))
    assert all(suggestion.strip() for suggestion in scene.suggestions)
    for found in scene.objects:
        assert 0 <= found.confidence <= 1
        assert 0 <= found.box.left <= found.box.right <= 1
        assert 0 <= found.box.top <= found.box.bottom <= 1


class SceneDescriberContract:
    """Subclasses provide ``describer``."""

    @pytest.fixture
    def describer(self) -> SceneDescriber:
        raise AssertionError("each subclass gives its own")

    def test_has_a_name(self, describer: SceneDescriber) -> None:
        assert describer.model_id
        assert {"es", "en"} <= set(describer.capabilities.languages)

    @pytest.mark.parametrize("language", ["es", "en"])
    async def test_describes_in_the_language_asked_for(self, describer: SceneDescriber, language: str) -> None:
        check_scene(await describer.describe(noise(160, 120), DescribeOptions(language)), language)

    async def test_a_language_that_it_does_not_write_becomes_english(self, describer: SceneDescriber) -> None:
        if "eo" not in describer.capabilities.languages:
            check_scene(await describer.describe(noise(160, 120), DescribeOptions("eo")), "en")

    @pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 400), (MAX_SIDE_PX, 8)])
    async def test_takes_photos_of_every_shape(self, describer: SceneDescriber, width: int, height: int) -> None:
        check_scene(await describer.describe(noise(width, height), DescribeOptions("en")), "en")

    @pytest.mark.parametrize("question", ["¿Hay escalones?", " \n ", "<|im_end|>{}" * 400])
    async def test_takes_any_question_and_may_be_let_wait(self, describer: SceneDescriber, question: str) -> None:
        options = DescribeOptions("es", question, urgent=False)
        scene = await describer.describe(noise(160, 120), options)
        check_scene(scene, "es")
        assert "<|" not in scene.description

    async def test_the_same_photo_gives_the_same_scene(self, describer: SceneDescriber) -> None:
        first, second = [await describer.describe(noise(160, 120), DescribeOptions("es")) for _ in range(2)]
        assert (first.description, first.risks, first.objects) == (second.description, second.risks, second.objects)

    async def test_photos_described_at_once_do_not_mix(self, describer: SceneDescriber) -> None:
        photos = [noise(96, 96), photo_of(np.zeros((96, 96, 3), np.uint8))]
        alone = [await describer.describe(photo, DescribeOptions("en")) for photo in photos]
        together = await asyncio.gather(*(describer.describe(photo, DescribeOptions("en")) for photo in photos))
        assert [scene.description for scene in together] == [scene.description for scene in alone]

    async def test_it_can_be_used_after_a_cancelled_call(self, describer: SceneDescriber) -> None:
        task = asyncio.create_task(describer.describe(noise(640, 480), DescribeOptions("en")))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        check_scene(await describer.describe(noise(160, 120), DescribeOptions("en")), "en")
