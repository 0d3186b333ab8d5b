"""What the settings choose: a profile and an adapter for each role, checked; and what these need."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.domain.errors import ConfigurationError
from app.infrastructure import registry
from app.infrastructure.catalog.entries import ModelEntry
from app.infrastructure.registry import Entry
from app.settings import PROFILES_DIR, Settings


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
    """Refuse names of adapters that do not exist.

    Raises:
        ConfigurationError: a name that the registry does not know; says which it knows.
    """
    for role, known in registry.ROLES.items():
        name = getattr(settings.models, role)
        if name not in known:
            raise ConfigurationError(
                f"no {role} is called {name!r}; set VIGIA_MODELS__{role.upper()} to {' or '.join(known)}", param=role
            )


def chosen(settings: Settings) -> Mapping[str, Entry[Any]]:
    """The registry's entry for each role.

    Raises:
        ConfigurationError: as for ``check_models``.
    """
    check_models(settings)
    return {role: known[getattr(settings.models, role)] for role, known in registry.ROLES.items()}


def models_used(settings: Settings) -> list[str]:
    """Catalog names or paths of every model that the settings' adapters load; raises as ``chosen`` does."""
    return [entry.model(settings) for entry in chosen(settings).values() if entry.model is not None]


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
