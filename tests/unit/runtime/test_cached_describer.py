"""A describer that remembers is a describer, and asks another one only once."""

from dataclasses import replace

import pytest

from app.domain.session.models import SessionKey
from app.domain.vision.gateway import SceneDescriber
from app.domain.vision.models import DescribeOptions, Photo, Scene
from app.infrastructure.runtime.cached_describer import CachedSceneDescriber
from app.infrastructure.vision.dummy_describer import DummySceneDescriber
from tests.contracts.scene_describer import SceneDescriberContract, noise

pytestmark = pytest.mark.unit


class Counting(DummySceneDescriber):
    """Counts what it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def describe(self, photo: Photo, options: DescribeOptions) -> Scene:
        self.asked += 1
        return await super().describe(photo, options)


class TestCachedSceneDescriber(SceneDescriberContract):
    @pytest.fixture
    def describer(self) -> SceneDescriber:
        return CachedSceneDescriber(DummySceneDescriber())


async def test_the_same_question_is_answered_once() -> None:
    counting = Counting()
    describer = CachedSceneDescriber(counting)
    first = await describer.describe(noise(64, 48), DescribeOptions("en"))
    again = await describer.describe(noise(64, 48), DescribeOptions("en", urgent=False))
    assert replace(again, timings_ms=first.timings_ms) == first
    assert set(again.timings_ms) == {"remembered"}
    assert counting.asked == 1


async def test_another_photo_language_or_question_is_another_answer() -> None:
    counting = Counting()
    describer = CachedSceneDescriber(counting)
    photo = noise(64, 48)
    await describer.describe(photo, DescribeOptions("en"))
    await describer.describe(noise(64, 48, seed=2), DescribeOptions("en"))
    await describer.describe(noise(48, 64), DescribeOptions("en"))
    await describer.describe(photo, DescribeOptions("es"))
    await describer.describe(photo, DescribeOptions("en", prompt="What colour is it?"))
    await describer.describe(replace(photo, width=640, height=480), DescribeOptions("en"))
    assert counting.asked == 6


async def test_an_erasure_forgets_what_was_seen() -> None:
    counting = Counting()
    describer = CachedSceneDescriber(counting)
    await describer.describe(noise(64, 48), DescribeOptions("en"))
    describer.forget(SessionKey("local", "a"))
    await describer.describe(noise(64, 48), DescribeOptions("en"))
    assert counting.asked == 2
