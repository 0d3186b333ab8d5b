"""Settings: command line, then environment, then ``.env``, then the profile's file.

Every name is ``VIGIA_`` + the names below joined by ``__`` (``VIGIA_AUDIO__MAX_SESSION_S``); the common names
that the field uses (``HOST``, ``LOG_LEVEL``, ``VAD_THRESHOLD`` …) work as written, or prefixed, too. ``.env.example`` lists them all.
"""

import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PROFILES_DIR = Path(__file__).parent / "profiles"
Profile = Literal["dummy", "cpu", "gpu-12gb", "gpu-24gb", "jetson", "remote"]

COMMON_NAMES: Mapping[str, tuple[str, ...]] = {
    "HOST": ("server", "host"),
    "PORT": ("server", "port"),
    "LOG_LEVEL": ("log", "level"),
    "LOG_FORMAT": ("log", "format"),
    "MAX_SESSIONS": ("sessions", "max_live"),
    "SAMPLE_RATE_INPUT": ("audio", "sample_rate_input"),
    "SAMPLE_RATE_OUTPUT": ("audio", "sample_rate_output"),
    "VAD_THRESHOLD": ("listening", "vad_threshold"),
    "SILENCE_DURATION_MS": ("listening", "silence_duration_ms"),
    "MODEL_PATH": ("models", "path"),
    "MODEL_REPO_ID": ("models", "repo_id"),
    "QUANTIZATION": ("models", "quantization"),
    "DEVICE_MAP": ("models", "device_map"),
    "TORCH_DTYPE": ("models", "torch_dtype"),
    "HF_TOKEN": ("models", "hf_token"),
    "MAX_TOKENS": ("generation", "max_tokens"),
    "MAX_NEW_TOKENS": ("generation", "max_tokens"),
    "TEMPERATURE": ("generation", "temperature"),
    "TOP_P": ("generation", "top_p"),
    "MAX_VIDEO_FRAMES": ("generation", "max_video_frames"),
    "PERSIST_SESSIONS": ("sessions", "persist"),
    "SESSIONS_DB_PATH": ("sessions", "db_path"),
    "SESSIONS_TTL_SECONDS": ("sessions", "ttl_s"),
    "CANCEL_AFTER_DISCONNECT_SECONDS": ("sessions", "cancel_after_disconnect_s"),
}
"""Common names and the setting each one means."""


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


HomePath = Annotated[Path, AfterValidator(Path.expanduser)]
"""A path in which ``~`` is the user's home folder."""


class ServerSettings(BaseModel):
    """Where the server listens."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)


class LogSettings(BaseModel):
    """How much is logged, and how. Logs never hold content."""

    level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = "info"
    format: Literal["console", "json"] = "console"


class AudioSettings(BaseModel):
    """Bounds of what a recording session may send."""

    sample_rate_input: int = Field(16_000, ge=8_000, le=48_000, description="Assumed if config has no sample_rate.")
    sample_rate_output: int = Field(24_000, ge=8_000, le=48_000, description="Of spoken replies.")
    max_message_bytes: int = Field(65_536, ge=1_024, description="Larger socket messages close the socket with 1009.")
    max_session_s: int = Field(4 * 3600, ge=60, description="A session's longest duration.")
    max_upload_bytes: int = Field(512 * 1024 * 1024, ge=1_024, description="Largest recording for upload.")
    max_gap_s: int = Field(3600, ge=1, description="Longest single gap.")
    commit_interval_ms: int = Field(
        100, ge=0, le=1000, description="How long audio is gathered before one durable write and ack."
    )
    idle_timeout_s: float = Field(60.0, gt=0, description="A socket that says nothing for longer is closed with 4408.")
    max_ingest_factor: float = Field(0.0, ge=0, description="Fastest allowed pace, times real time; 0 = unlimited.")
    max_backlog_s: float = Field(20.0, gt=0, description="Audio not yet listened to before a sender is slowed.")


class ListeningSettings(BaseModel):
    """Live recognition."""

    vad_threshold: float = Field(0.5, gt=0, lt=1, description="Speech probability at which an utterance begins.")
    silence_duration_ms: int = Field(
        600, ge=100, le=5000, description="Pause that ends an utterance; after 2 s of speech 7/12 of it do."
    )
    partial_interval_ms: int = Field(1000, ge=200, le=10_000, description="Shortest time between two partial results.")
    beam_size: int = Field(5, ge=1, le=10, description="Of final segments; partial results are greedy.")


class SessionSettings(BaseModel):
    """Sessions: how many, how long they are kept."""

    max_live: int = Field(8, ge=1, description="Sockets open at once.")
    resume_window_s: float = Field(120.0, ge=0, description="How long a dropped session waits to be resumed.")
    reconnect_grace_s: float = Field(
        1.0, ge=0, description="How long a client that is back at once waits for the end of its broken connection."
    )
    persist: bool = Field(True, description="Keep chat streams on disk.")
    db_path: HomePath | None = Field(None, description="The database; default: sessions.db in the data folder.")
    ttl_s: int = Field(30 * 24 * 3600, ge=0, description="Sessions older than this are erased; 0 = never.")
    quota_bytes: int = Field(20 * 1024**3, ge=0, description="Audio kept per owner; 0 = unlimited.")
    cancel_after_disconnect_s: float = Field(0.0, ge=0, description="Chat: stop a run that nobody reads; 0 = never.")


class VisionSettings(BaseModel):
    """Photos: how they are taken in and described."""

    language: Literal["es", "en"] = Field("es", description="Of descriptions, while nobody said or spoke another.")
    max_photo_bytes: int = Field(20 * 1024 * 1024, ge=1_024, description="Largest photo.")
    max_megapixels: float = Field(40.0, gt=0, le=200, description="Most pixels of a photo, in millions.")
    rotation: int = Field(
        0,
        ge=0,
        le=270,
        multiple_of=90,
        description="Degrees clockwise that turn photos without EXIF orientation upright.",
    )
    photo_interval_s: float = Field(5.0, ge=0.5, description="Shortest time that clients should leave between photos.")
    max_interval_s: float = Field(60.0, ge=1, description="Longest, when the describer is busy or nothing changes.")
    max_waiting: int = Field(
        4, ge=1, le=64, description="Photos that wait to be described while clients wait for them."
    )
    alert_cooldown_s: float = Field(60.0, ge=0, description="How long a danger that was told is not told again.")
    describer_model: str = Field("smolvlm2-500m", description="Catalog name, or path of a GGUF file or its folder.")
    projector: HomePath | None = Field(None, description="Its projector; default: the mmproj*.gguf beside the model.")
    image_tokens: int = Field(256, ge=64, le=4096, description="How many a photo may take: detail against time.")
    server_url: str | None = Field(None, description="Of a server that understands /v1/chat/completions.")
    server_model: str = Field("", description="The server's name for its model; may be left out if it has but one.")
    server_key: SecretStr | None = None
    server_key_header: Literal["bearer", "api-key"] = "bearer"
    server_streaming: bool = Field(True, description="Take the server's answer as it is written.")
    timeout_s: float = Field(120.0, gt=0, le=600, description="Bound on waiting and describing together.")


class ModelSettings(BaseModel):
    """Which adapter and model fills each role."""

    transcriber: str = "dummy"
    vad: str = "dummy"
    diarizer: str = "dummy"
    language_model: str = "dummy"
    scene_describer: str = "dummy"
    transcriber_model: str = Field("whisper-base", description="Catalog name, or path of a CTranslate2 whisper folder.")
    language_model_model: str = Field("qwen2.5-coder-1.5b", description="Catalog name, or path of a GGUF file.")
    path: Path | None = Field(None, description="The language model's weights, instead of the catalog's.")
    repo_id: str | None = Field(None, description="Model hub repository of the main model.")
    quantization: Literal["none", "8bit", "4bit"] = "none"
    device_map: str = "auto"
    torch_dtype: str = "auto"
    hf_token: SecretStr | None = None
    threads: int = Field(0, ge=0, description="Threads a model may use; 0 = one for each core.")
    memory_mb: int = Field(0, ge=0, description="Memory of all models together; 0 = what is free, less a reserve.")
    idle_unload_s: float = Field(0.0, ge=0, description="Models that rest for longer are unloaded; 0 = never.")
    mirror: HomePath | None = Field(None, description="Folder that is tried for model files before any download.")
    context_tokens: int = Field(
        4096, ge=2048, le=131_072, description="Language model's context; the analysis needs 2048."
    )

    @property
    def language_model_weights(self) -> str:
        """What the language model is loaded from: a path, or a name in the catalog."""
        return str(self.path or self.language_model_model)


class GenerationSettings(BaseModel):
    """Defaults of text generation."""

    max_tokens: int = Field(512, ge=1)
    temperature: float = Field(0.0, ge=0, le=2)
    top_p: float = Field(1.0, gt=0, le=1)
    max_video_frames: int = Field(16, ge=1, le=256)


def default_models_dir() -> Path:
    """The user's cache folder for model files."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return base / "vigia" / "models"


class Settings(BaseSettings):
    """All settings of a server; see the module's docstring for where they come from."""

    model_config = SettingsConfigDict(
        env_prefix="VIGIA_", env_nested_delimiter="__", env_file=".env", extra="ignore", frozen=True
    )

    profile: Profile = "cpu"
    data_dir: HomePath = Path("data")
    models_dir: HomePath = Field(default_factory=default_models_dir)
    server: ServerSettings = ServerSettings()
    log: LogSettings = LogSettings()
    audio: AudioSettings = AudioSettings()
    listening: ListeningSettings = ListeningSettings()
    sessions: SessionSettings = SessionSettings()
    models: ModelSettings = ModelSettings()
    vision: VisionSettings = VisionSettings()
    generation: GenerationSettings = GenerationSettings()

    @property
    def sessions_db(self) -> Path:
        """Where the session database lies."""
        return self.sessions.db_path or self.data_dir / "sessions.db"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line (init) over environment over ``.env`` over the profile's file."""
        dotenv_file = dotenv_settings.env_file if isinstance(dotenv_settings, DotEnvSettingsSource) else None
        return (
            init_settings,
            env_settings,
            CommonNamesSource(settings_cls, env_settings),
            dotenv_settings,
            CommonNamesSource(settings_cls, DotEnvSettingsSource(settings_cls, env_file=dotenv_file, env_prefix="")),
            ProfileSource(settings_cls),
        )


class CommonNamesSource(PydanticBaseSettingsSource):
    """Reads ``COMMON_NAMES`` from the variables of an environment or ``.env`` source."""

    def __init__(self, settings_cls: type[BaseSettings], variables: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        env_vars = variables.env_vars if isinstance(variables, EnvSettingsSource) else {}
        self._variables = {name.upper(): value for name, value in env_vars.items() if value}

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """Unused: ``__call__`` gives all values at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """The values found, nested by feature."""
        found: dict[str, Any] = {}
        for name, (feature, setting) in COMMON_NAMES.items():
            value = self._variables.get(f"VIGIA_{name}", self._variables.get(name))
            if value is not None:
                found.setdefault(feature, {}).setdefault(setting, value)
        return found


class ProfileSource(PydanticBaseSettingsSource):
    """Reads ``profiles/<profile>.toml`` for the profile that the stronger sources chose."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """Unused: ``__call__`` gives all values at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """The profile's values; empty if there is no such profile (validation then names the field)."""
        profile = self.current_state.get("profile", "cpu")
        path = PROFILES_DIR / f"{profile}.toml"
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
