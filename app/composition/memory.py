"""The memory that models may have together, what each needs, and refusing what can never fit."""

import contextlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.composition.choice import chosen, resolved
from app.domain.errors import ConfigurationError
from app.infrastructure import registry
from app.infrastructure.catalog.catalog import Catalog
from app.infrastructure.catalog.entries import ModelEntry, read_catalog
from app.infrastructure.registry import Entry
from app.infrastructure.runtime.memory import available_bytes, total_bytes
from app.settings import ModelSettings, Settings

log = logging.getLogger(__name__)
MEGABYTE = 1_000_000
RESERVE_BYTES = 400 * MEGABYTE
"""Not for models: the server itself with its libraries takes about 300 MB, measured, and a margin."""
_WORKING_SHARE, _WORKING_BYTES = 1.2, 100 * MEGABYTE
"""Beyond its files, a model that the catalog does not know is taken to need a fifth more, and its working memory."""


def memory_needs(settings: Settings, entries: Mapping[str, ModelEntry] | None = None) -> dict[str, int]:
    """What each role's model needs, about, in bytes, before it was ever measured; 0 if it loads none.

    Raises:
        ConfigurationError: as for ``check_models``.
    """
    known = read_catalog() if entries is None else entries
    settings = resolved(settings)
    return {role: adapter_bytes(entry, settings, known) for role, entry in chosen(settings).items()}


def memory_budget(settings: Settings, needs: Mapping[str, int]) -> int:
    """Bytes for all models together: the setting's, or what the process can have now, less a reserve.

    A busy machine does not make the server refuse to start: the largest model always gets its room.

    Raises:
        ConfigurationError: a model can never fit; says what would.
    """
    settings = resolved(settings)
    limit = _limit_bytes(settings)
    refused = {role: need for role, need in needs.items() if need > limit}
    if refused:
        raise ConfigurationError(
            "; ".join(_refusal(settings, role, need, limit) for role, need in refused.items()),
            param=next(iter(refused)),
        )
    if settings.models.memory_mb:
        return limit
    largest, free = max(needs.values(), default=0), available_bytes() - RESERVE_BYTES
    if free < largest:
        log.warning("memory is short", extra={"available_bytes": free, "needed_bytes": largest})
    return max(free, largest)


def _limit_bytes(settings: Settings) -> int:
    return settings.models.memory_mb * MEGABYTE or max(0, total_bytes() - RESERVE_BYTES)


def adapter_bytes(entry: Entry[Any], settings: Settings, entries: Mapping[str, ModelEntry]) -> int:
    """What an adapter needs with all its parts, about; 0 if it loads none."""
    names = [] if entry.model is None else [entry.model(settings), *entry.also, *_installed(entry, settings)]
    return sum(_need_bytes(name, entries) for name in names)


def _installed(entry: Entry[Any], settings: Settings) -> list[str]:
    """Which of the optional parts will be loaded, too."""
    catalog = Catalog.from_settings(settings)
    found = []
    for name in entry.if_installed:
        with contextlib.suppress(ConfigurationError):
            catalog.locate(name)
            found.append(name)
    return found


def _need_bytes(name: str, entries: Mapping[str, ModelEntry]) -> int:
    if name in entries:
        return entries[name].memory_mb * MEGABYTE
    path = Path(name).expanduser()
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    return int(size * _WORKING_SHARE) + _WORKING_BYTES if size else 0


def _refusal(settings: Settings, role: str, need: int, limit: int) -> str:
    model = registry.ROLES[role][getattr(settings.models, role)].model
    name = Path(model(settings)).name if model is not None else role
    advice = [f"set {setting} ({needs // MEGABYTE} MB)" for setting, needs in _smaller(settings, role, limit)]
    if settings.models.memory_mb:
        advice.append(f"set VIGIA_MODELS__MEMORY_MB to {-(-need // MEGABYTE)} or more")
    else:
        advice.append("give it a machine or a container with more memory")
    return (
        f"the {role} {name} needs about {need // MEGABYTE} MB of memory, and models can have {limit // MEGABYTE} MB: "
        + ", or ".join(advice)
    )


def _smaller(settings: Settings, role: str, limit: int) -> list[tuple[str, int]]:
    """The largest choice that fits, as a setting and its need: another model for the adapter, or another adapter."""
    entries, fits = read_catalog(), list[tuple[str, int]]()
    default = ModelSettings.model_fields.get(f"{role}_model")
    if default is not None:
        kind = entries[default.default].role
        for entry in entries.values():
            if entry.role == kind:
                fits.append((f"VIGIA_MODELS__{role.upper()}_MODEL={entry.name}", entry.memory_mb * MEGABYTE))
    for name, adapter in registry.ROLES[role].items():
        if adapter.model is not None and default is None:
            need = adapter_bytes(adapter, settings, entries)
            fits.append((f"VIGIA_MODELS__{role.upper()}={name}", need))
    return sorted((each for each in fits if 0 < each[1] <= limit), key=lambda each: -each[1])[:1]
