"""What the settings choose: a profile and an adapter for each role, checked; and what these need."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.domain.errors import ConfigurationError
from app.infrastructure import registry
from app.infrastructure.catalog.entries import ModelEntry, read_catalog
from app.infrastructure.registry import Entry
from app.infrastructure.vision.llama_cpp_describer_files import small_vision_model
from app.infrastructure.vision.openai_describer_endpoint import endpoint
from app.settings import PROFILES_DIR, Settings

AUTO = "auto"
_WITHOUT_VISION_MODEL = "composed"
"""The scene describer that needs no vision-language model."""


def resolved(settings: Settings) -> Settings:
    """The settings with what is chosen automatically put in: who describes photos.

    A vision-language model that is small enough for a few cores and lies in the models folder, or that the settings name by
    a path; without one, the describer that needs none.
    """
    if settings.models.scene_describer != AUTO:
        return settings
    named = Path(settings.vision.describer_model).expanduser()
    found = named if named.exists() else small_vision_model(settings.models_dir)
    if found is None:
        return _with_describer(settings, _WITHOUT_VISION_MODEL, settings.vision.describer_model)
    in_catalog = found.parent == settings.models_dir and found.name in read_catalog()
    return _with_describer(settings, "llama-cpp", found.name if in_catalog else str(found))


def _with_describer(settings: Settings, adapter: str, model: str) -> Settings:
    models = settings.models.model_copy(update={"scene_describer": adapter})
    vision = settings.vision.model_copy(update={"describer_model": model})
    return settings.model_copy(update={"models": models, "vision": vision})


def check_models(settings: Settings) -> None:
    """Refuse settings whose models cannot be built, before anything is opened, fetched or measured.

    Raises:
        ConfigurationError: as for ``check_profile`` and ``check_adapters``.
    """
    check_profile(settings)
    check_adapters(settings)


def check_profile(settings: Settings) -> None:
    """Refuse a profile that is only planned.

    Raises:
        ConfigurationError: it has no settings file yet.
    """
    if not (PROFILES_DIR / f"{settings.profile}.toml").is_file():
        there = " or ".join(sorted(path.stem for path in PROFILES_DIR.glob("*.toml")))
        raise ConfigurationError(
            f"not available yet: the profile {settings.profile}; choose --profile {there}", param="profile"
        )


def check_adapters(settings: Settings) -> None:
    """Refuse names of adapters that do not exist, and a vision server that cannot be asked.

    Raises:
        ConfigurationError: a name that the registry does not know, says which it knows; or an address that is none.
    """
    settings = resolved(settings)
    for role, known in registry.ROLES.items():
        name = getattr(settings.models, role)
        if name not in known:
            names = " or ".join([*known, AUTO] if role == "scene_describer" else known)
            raise ConfigurationError(
                f"no {role} is called {name!r}; set VIGIA_MODELS__{role.upper()} to {names}", param=role
            )
    if settings.models.scene_describer == "openai":
        endpoint(settings.vision.server_url, None, settings.vision.server_key_header)


def chosen(settings: Settings) -> Mapping[str, Entry[Any]]:
    """The registry's entry for each role; they are for ``resolved`` settings.

    Raises:
        ConfigurationError: as for ``check_models``.
    """
    check_models(settings)
    settings = resolved(settings)
    return {role: known[getattr(settings.models, role)] for role, known in registry.ROLES.items()}


def models_used(settings: Settings) -> list[str]:
    """Catalog names or paths of every model that the settings' adapters load; raises as ``chosen`` does."""
    final = resolved(settings)
    return [entry.model(final) for entry in chosen(settings).values() if entry.model is not None]


def packages_used(settings: Settings) -> dict[str, str]:
    """Python modules that the settings' adapters load, with their distributions; raises as ``chosen`` does."""
    return {module: name for entry in chosen(settings).values() for module, name in entry.packages.items()}


def models_to_pull(settings: Settings, entries: Mapping[str, ModelEntry]) -> list[str]:
    """Those of ``models_used`` that do not come with the installation and were not given by a path that exists.

    Raises as ``chosen`` does.
    """
    return [
        name
        for name in models_used(settings)
        if not (entries[name].bundled if name in entries else Path(name).expanduser().exists())
    ]
