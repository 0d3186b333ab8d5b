from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.domain.vision.gateway import SceneDescriber
from app.infrastructure.vision.dummy_describer import DummySceneDescriber
from app.infrastructure.vision.llama_cpp_describer import LlamaCppSceneDescriber
from app.infrastructure.vision.openai_describer import OpenAiSceneDescriber
from tests.contracts.scene_describer import SceneDescriberContract
from tests.tiny_vision_models import FAMILIES, Family, write_tiny_vision_model
from tests.vision_server import run_vision_server


@pytest.mark.unit
class TestDummySceneDescriber(SceneDescriberContract):
    @pytest.fixture
    def describer(self) -> SceneDescriber:
        return DummySceneDescriber()


@pytest.fixture(scope="module", params=FAMILIES)
def tiny_model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SceneDescriber]:
    family: Family = request.param
    model = write_tiny_vision_model(tmp_path_factory.mktemp("vision"), family)
    describer = LlamaCppSceneDescriber(str(model), Path, threads=1)
    yield describer
    describer.close()


@pytest.mark.integration
class TestLlamaCppSceneDescriber(SceneDescriberContract):
    @pytest.fixture
    def describer(self, tiny_model: SceneDescriber) -> SceneDescriber:
        return tiny_model


@pytest.mark.unit
class TestOpenAiSceneDescriber(SceneDescriberContract):
    @pytest.fixture(params=[True, False], ids=["streaming", "whole"])
    async def describer(self, request: pytest.FixtureRequest) -> AsyncIterator[SceneDescriber]:
        async with run_vision_server() as server:
            yield OpenAiSceneDescriber(server.url, "tiny", streaming=request.param)
