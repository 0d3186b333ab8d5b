"""Who describes photos if nobody says: a small vision-language model, if one is there."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.composition.choice import models_to_pull, models_used, packages_used, resolved
from app.composition.models import build_scene_describer
from app.domain.errors import ConfigurationError
from app.infrastructure.catalog.entries import read_catalog
from app.infrastructure.vision.llama_cpp_describer_files import model_and_projector, small_vision_model
from app.settings import Settings


def automatic(models_dir: Path, **vision: object) -> Settings:
    return Settings.model_validate(
        {"profile": "dummy", "models_dir": models_dir, "models": {"scene_describer": "auto"}, "vision": vision}
    )


def place(folder: Path, model: str = "a.gguf", projector: str | None = "mmproj-a.gguf", size: int = 8) -> Path:
    folder.mkdir(parents=True)
    for name in filter(None, (model, projector)):
        with (folder / name).open("wb") as file:
            file.truncate(size)  # takes no room on the disk
    return folder


@pytest.mark.unit
def test_without_a_model_the_composed_describer_is_used(tmp_path: Path) -> None:
    place(tmp_path / "words", projector=None)
    place(tmp_path / ".parts")
    place(tmp_path / "huge", size=3_000_000_000)
    settings = automatic(tmp_path)
    assert small_vision_model(tmp_path) is None
    assert small_vision_model(tmp_path / "nowhere") is None
    assert models_used(settings) == ["nanodet-g"]
    assert build_scene_describer(settings).model_id.startswith("nanodet-g")


@pytest.mark.unit
def test_the_best_of_the_small_models_is_used(tmp_path: Path) -> None:
    place(tmp_path / "smolvlm2-500m", size=1000)
    place(tmp_path / "qwen3-vl-2b", size=2000)
    place(tmp_path / "qwen2.5-vl-3b", size=3_000_000_000)
    settings = automatic(tmp_path)
    assert models_used(settings) == ["qwen3-vl-2b"]
    assert packages_used(settings) == {"llama_cpp": "llama-cpp-python"}
    assert models_to_pull(settings, read_catalog()) == ["qwen3-vl-2b"]  # what lies there is checked
    assert build_scene_describer(settings).model_id == "qwen3-vl-2b"


@pytest.mark.unit
def test_a_model_given_by_its_path_is_used(tmp_path: Path) -> None:
    place(tmp_path / "models" / "other")
    own = place(tmp_path / "own") / "a.gguf"
    assert models_used(automatic(tmp_path / "models", describer_model=str(own))) == [str(own)]


@pytest.mark.unit
def test_what_is_said_is_done(tmp_path: Path) -> None:
    place(tmp_path / "smolvlm2-500m")
    chosen = Settings.model_validate({"profile": "dummy", "models_dir": tmp_path})
    assert resolved(chosen) is chosen
    assert build_scene_describer(chosen).model_id == "dummy"


@pytest.mark.slow
def test_commands_tell_which_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place(tmp_path / "tiny")
    monkeypatch.setenv("VIGIA_MODELS__SCENE_DESCRIBER", "auto")
    options = ["--profile", "dummy", "--models-dir", str(tmp_path), "--json"]
    checks = json.loads(CliRunner().invoke(app, ["doctor", *options]).stdout)["checks"]
    found = {check["name"]: check["detail"] for check in checks}
    assert found["photos"] == "described by llama-cpp with tiny (chosen automatically)"
    assert found["model tiny"] == str(tmp_path / "tiny")
    assert json.loads(CliRunner().invoke(app, ["models", "list", *options]).stdout)["used"] == [str(tmp_path / "tiny")]


@pytest.mark.unit
def test_a_vision_server_without_an_address_is_told_before_anything_starts() -> None:
    settings = Settings.model_validate({"profile": "dummy", "models": {"scene_describer": "openai"}})
    with pytest.raises(ConfigurationError, match="VIGIA_VISION__SERVER_URL"):
        build_scene_describer(settings)
    served = {"server_url": "http://localhost:8080", "server_model": "eyes", "server_key": "k"}
    assert (
        build_scene_describer(settings.model_validate({**settings.model_dump(), "vision": served})).model_id == "eyes"
    )


@pytest.mark.unit
def test_the_projector_that_is_named_like_the_model_is_taken(tmp_path: Path) -> None:
    folder = place(tmp_path / "several", "qwen.gguf", "mmproj-a.gguf")
    (folder / "mmproj-qwen.gguf").touch()
    assert model_and_projector(folder) == (folder / "qwen.gguf", folder / "mmproj-qwen.gguf")
    assert model_and_projector(folder / "qwen.gguf", folder / "mmproj-a.gguf")[1].name == "mmproj-a.gguf"
