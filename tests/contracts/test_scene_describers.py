from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.vision.gateway import SceneDescriber
from app.infrastructure.vision.dummy_describer import DummySceneDescriber
from app.infrastructure.vision.llama_cpp_describer import LlamaCppSceneDescriber
from tests.contracts.scene_describer import SceneDescriberContract
from tests.tiny_vision_models import FAMILIES, Family, write_tiny_vision_model


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
