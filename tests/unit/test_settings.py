"""Settings come from the command line, then the environment, then .env, then the profile."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from app.settings import COMMON_NAMES, Settings

pytestmark = pytest.mark.unit
ENV_EXAMPLE = Path(__file__).parents[2] / ".env.example"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in COMMON_NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("VIGIA_PROFILE", raising=False)


def setting(settings: Settings, name: str) -> object:
    feature, field = COMMON_NAMES[name]
    return getattr(getattr(settings, feature), field)


def test_cpu_is_the_default_profile_and_fills_every_role_with_a_real_model() -> None:
    models = Settings().models
    assert "dummy" not in (models.transcriber, models.vad, models.diarizer, models.language_model)


def test_what_people_write_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "WARNING")
    monkeypatch.setenv("VIGIA_DATA_DIR", "~/sessions")
    monkeypatch.setenv("SESSIONS_DB_PATH", "~/sessions.db")
    settings = Settings()
    assert settings.log.level == "warning"
    assert settings.data_dir == Path.home() / "sessions"
    assert settings.sessions_db == Path.home() / "sessions.db"


def test_the_profile_decides_what_nothing_stronger_says() -> None:
    assert Settings(profile="dummy").models.transcriber == "dummy"


def test_each_source_wins_over_the_next(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("VIGIA_PROFILE=dummy\nPORT=1001\nMAX_SESSIONS=3\nLOG_LEVEL=debug\n")
    monkeypatch.setenv("PORT", "1002")
    monkeypatch.setenv("MAX_SESSIONS", "4")
    settings = Settings.model_validate({"sessions": {"max_live": 5}})
    assert settings.profile == "dummy"
    assert settings.log.level == "debug"
    assert settings.server.port == 1002
    assert settings.sessions.max_live == 5


def test_the_prefixed_name_wins_over_the_common_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "1001")
    monkeypatch.setenv("VIGIA_SERVER__PORT", "1002")
    assert Settings().server.port == 1002


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("HOST", "0.0.0.0", "0.0.0.0"),
        ("LOG_FORMAT", "json", "json"),
        ("SAMPLE_RATE_INPUT", "48000", 48000),
        ("SAMPLE_RATE_OUTPUT", "16000", 16000),
        ("VAD_THRESHOLD", "0.6", 0.6),
        ("SILENCE_DURATION_MS", "700", 700),
        ("MODEL_PATH", "/models/x", Path("/models/x")),
        ("MODEL_REPO_ID", "owner/name", "owner/name"),
        ("QUANTIZATION", "4bit", "4bit"),
        ("DEVICE_MAP", "cuda:0", "cuda:0"),
        ("TORCH_DTYPE", "bfloat16", "bfloat16"),
        ("MAX_TOKENS", "99", 99),
        ("MAX_NEW_TOKENS", "98", 98),
        ("TEMPERATURE", "0.7", 0.7),
        ("TOP_P", "0.9", 0.9),
        ("MAX_VIDEO_FRAMES", "8", 8),
        ("PERSIST_SESSIONS", "0", False),
        ("SESSIONS_DB_PATH", "/tmp/s.db", Path("/tmp/s.db")),
        ("SESSIONS_TTL_SECONDS", "60", 60),
        ("CANCEL_AFTER_DISCONNECT_SECONDS", "5", 5.0),
    ],
)
@pytest.mark.parametrize("source", ["environment", "file", "prefixed"])
def test_common_names(
    name: str, text: str, value: object, source: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if source == "file":
        (tmp_path / ".env").write_text(f"{name}={text}\n")
    else:
        monkeypatch.setenv(f"VIGIA_{name}" if source == "prefixed" else name, text)
    assert setting(Settings(), name) == value


def test_the_token_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    settings = Settings()
    assert settings.models.hf_token is not None
    assert settings.models.hf_token.get_secret_value() == "hf_secret"
    assert "hf_secret" not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize(("name", "text"), [("PORT", "70000"), ("VAD_THRESHOLD", "2"), ("QUANTIZATION", "3bit")])
def test_bad_values_are_refused_by_name(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(ValidationError, match=COMMON_NAMES[name][1]):
        Settings()


def test_an_unknown_profile_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIA_PROFILE", "../cpu")
    with pytest.raises(ValidationError, match="profile"):
        Settings()


def test_env_example_gives_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = Settings()
    (tmp_path / ".env").write_text(ENV_EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    assert Settings() == defaults


def test_env_example_names_every_setting() -> None:
    text = ENV_EXAMPLE.read_text(encoding="utf-8")
    listed = set(re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE))
    assert set(COMMON_NAMES) <= listed
    common = set(COMMON_NAMES.values())
    for feature, field in Settings.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            for name in model.model_fields:
                assert (feature, name) in common or f"VIGIA_{feature.upper()}__{name.upper()}" in listed, (
                    feature,
                    name,
                )
        else:
            assert f"VIGIA_{feature.upper()}" in listed
