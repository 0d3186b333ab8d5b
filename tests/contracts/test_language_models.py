import pytest

from app.domain.language.gateway import LanguageModel
from app.infrastructure.language.dummy_language_model import DummyLanguageModel
from tests.contracts.language_model import LanguageModelContract

pytestmark = pytest.mark.unit


class TestDummyLanguageModel(LanguageModelContract):
    @pytest.fixture
    def model(self) -> LanguageModel:
        return DummyLanguageModel(context_tokens=512)
