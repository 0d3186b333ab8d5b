"""What the settings say about models reaches the adapters and the recognition."""

from pathlib import Path

import pytest

from app.composition.choice import models_used
from app.composition.models import build_models, close_adapters, listening_options
from app.domain.errors import ConfigurationError, GatewayUnavailable
from app.domain.vad.endpointing import EndpointingOptions
from app.infrastructure.registry import LANGUAGE_MODELS
from app.settings import Settings

pytestmark = pytest.mark.unit


async def test_the_server_loads_the_weights_that_model_path_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.gguf"
    monkeypatch.setenv("MODEL_PATH", str(own))
    settings = Settings(profile="cpu")
    asked: list[str] = []

    def locate(name: str) -> Path:
        asked.append(name)
        raise ConfigurationError("not there")

    model = LANGUAGE_MODELS[settings.models.language_model].make(settings, locate)
    with pytest.raises(ConfigurationError):
        await model.count_tokens("hello")
    close_adapters(model)
    assert asked == [str(own)]
    assert model.model_id == "own"
    assert str(own) in models_used(settings)


def endpointing(silence_ms: int) -> EndpointingOptions:
    return listening_options(Settings.model_validate({"listening": {"silence_duration_ms": silence_ms}})).endpointing


def test_the_pause_that_ends_an_utterance_is_the_operators_choice() -> None:
    assert endpointing(600) == EndpointingOptions()
    assert endpointing(1200).silence_s == 1.2
    assert endpointing(1200).long_silence_s == pytest.approx(0.7)
    assert endpointing(300).long_silence_s == pytest.approx(0.175)


async def test_every_model_that_needs_loading_has_a_worker_that_closing_stops() -> None:
    models = build_models(Settings(profile="cpu"))
    in_use = models.in_use()
    models.close()
    for role, model in in_use.items():
        assert not model.loaded, role
        with pytest.raises(GatewayUnavailable, match="shutting down"):
            await model.probe()


def test_dummies_need_no_worker() -> None:
    models = build_models(Settings(profile="dummy"))
    assert all(model.loaded for model in models.in_use().values())
    models.close()
