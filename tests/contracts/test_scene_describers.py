import pytest

from app.domain.vision.gateway import SceneDescriber
from app.infrastructure.vision.dummy_describer import DummySceneDescriber
from tests.contracts.scene_describer import SceneDescriberContract


@pytest.mark.unit
class TestDummySceneDescriber(SceneDescriberContract):
    @pytest.fixture
    def describer(self) -> SceneDescriber:
        return DummySceneDescriber()
