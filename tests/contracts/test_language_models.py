from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.language.gateway import LanguageModel
from app.infrastructure.language.dummy_language_model import DummyLanguageModel
from app.infrastructure.language.llama_cpp_language_model import LlamaCppLanguageModel
from app.settings import Settings
from tests.contracts.language_model import LanguageModelContract


@pytest.mark.unit
class TestDummyLanguageModel(LanguageModelContract):
    @pytest.fixture
    def model(self) -> LanguageModel:
        return DummyLanguageModel(context_tokens=512)


@pytest.fixture(scope="module")
def small_model() -> Iterator[LanguageModel]:
    model = LlamaCppLanguageModel(str(Settings().models_dir / "smollm2-135m"), Path, context_tokens=512)
    yield model
    model.close()


@pytest.mark.integration
class TestLlamaCppLanguageModel(LanguageModelContract):
    @pytest.fixture
    def model(self, small_model: LanguageModel) -> LanguageModel:
        return small_model
