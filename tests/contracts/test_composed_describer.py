"""The describer of small networks, on the contract suite, and what only it promises."""

import importlib.util
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from app.domain.errors import ConfigurationError
from app.domain.vision.models import DescribeOptions, Photo
from app.infrastructure.vision.composed_describer import ComposedSceneDescriber
from app.infrastructure.vision.nanodet import WEIGHTS
from app.infrastructure.vision.scene_networks import SceneNetworks
from app.infrastructure.vision.text_reader import FILES, bundled_models
from tests.contracts.scene_describer import SceneDescriberContract, photo_of

pytestmark = pytest.mark.integration


def nothing_installed(name: str) -> Path:
    raise ConfigurationError(f"{name} is not installed")


def with_text(text: str, *, turned: bool = False) -> Photo:
    import cv2

    pixels = np.full((480, 640, 3), 230, np.uint8)
    cv2.putText(pixels, text, (40, 250), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (20, 20, 20), 4, cv2.LINE_AA)
    return photo_of(np.ascontiguousarray(pixels[::-1, ::-1]) if turned else pixels)


@pytest.fixture(scope="module")
def loaded() -> Iterator[ComposedSceneDescriber]:
    describer = ComposedSceneDescriber(nothing_installed, threads=2)
    yield describer
    describer.close()


class TestComposedSceneDescriber(SceneDescriberContract):
    @pytest.fixture
    def describer(self, loaded: ComposedSceneDescriber) -> ComposedSceneDescriber:
        return loaded


async def test_it_names_its_networks_and_their_size(loaded: ComposedSceneDescriber) -> None:
    await loaded.worker.warm_up()
    assert loaded.model_id == "nanodet-g-416+pp-ocrv6"
    sizes = [path.stat().st_size for path in (WEIGHTS, *(bundled_models() / name for name in FILES.values()))]
    assert loaded.worker.weights_bytes == sum(sizes)


@pytest.mark.parametrize("turned", [False, True])
async def test_it_reads_text_also_when_it_stands_on_its_head(loaded: ComposedSceneDescriber, turned: bool) -> None:
    scene = await loaded.describe(with_text("WET FLOOR 2026", turned=turned), DescribeOptions("en"))
    assert "".join(scene.text).replace(" ", "") == "WETFLOOR2026"


@pytest.mark.parametrize("quarters", range(4))
async def test_a_page_is_read_from_its_own_top_however_it_lies(loaded: ComposedSceneDescriber, quarters: int) -> None:
    import cv2

    lines = ["FIRST LINE", "SECOND ROW", "THIRD WORDS", "AND THE END"]
    pixels = np.full((640, 640, 3), 230, np.uint8)
    for row, text in enumerate(lines):
        cv2.putText(pixels, text, (60, 140 + 120 * row), cv2.FONT_HERSHEY_SIMPLEX, 1.8, (20, 20, 20), 4, cv2.LINE_AA)
    scene = await loaded.describe(photo_of(np.ascontiguousarray(np.rot90(pixels, quarters))), DescribeOptions("en"))
    assert [text.replace(" ", "") for text in scene.text] == [text.replace(" ", "") for text in lines]


async def test_it_tells_how_long_each_stage_took(loaded: ComposedSceneDescriber) -> None:
    scene = await loaded.describe(with_text("EXIT"), DescribeOptions("en", urgent=False))
    assert list(scene.timings_ms) == ["detect", "read", "segment", "compose"]
    assert scene.timings_ms["read"] > 0


def only(wanted: str) -> Callable[[str], Path]:
    def locate(name: str) -> Path:
        return WEIGHTS if name == wanted else nothing_installed(name)

    return locate


def test_a_detector_in_the_models_folder_is_used_instead_of_the_bundled_one() -> None:
    assert SceneNetworks(only("yolox-nano"), threads=1).model_id == "yolox-nano-416+pp-ocrv6"


@pytest.mark.skipif(importlib.util.find_spec("ai_edge_litert") is not None, reason="LiteRT is installed")
def test_without_its_package_streets_are_not_segmented_and_the_log_says_what_to_install(
    caplog: pytest.LogCaptureFixture,
) -> None:
    networks = SceneNetworks(only("street-segmentation"), threads=1)
    assert networks.model_id == "nanodet-g-416+pp-ocrv6"
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == ["streets are not segmented: install the package ai-edge-litert"]
