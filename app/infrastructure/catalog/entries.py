"""What the catalog knows of each model: plain data, read from ``catalog.toml``."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.errors import ConfigurationError

CATALOG_FILE = Path(__file__).with_name("catalog.toml")
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class WheelPart:
    """A run of a model file's bytes that lies as one member in a wheel of a package registry."""

    package: str
    version: str
    member: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class HubPin:
    """A repository of the model hub at one commit."""

    repository: str
    revision: str


@dataclass(frozen=True)
class ModelFile:
    """One file of a model; ``parts`` joined in order give it, if a package registry has it."""

    name: str
    size_bytes: int
    sha256: str
    parts: tuple[WheelPart, ...] = ()


@dataclass(frozen=True)
class ModelEntry:
    """One model of the catalog.

    Attributes:
        name: what settings and commands call it.
        title: model, size and number format, for people.
        role: what it is used for.
        licence: SPDX identifiers of the weights.
        memory_mb: resident memory that it needs when loaded, about.
        files: what must be on disk; empty if ``bundled``.
        hub: where the model hub has the same files.
        opens: the file that the runtime opens; None if it opens the folder.
        bundled: ``package/folder`` that holds it, if it comes with the installation.
        note: a limit worth knowing.
    """

    name: str
    title: str
    role: str
    licence: str
    memory_mb: int
    files: tuple[ModelFile, ...] = ()
    hub: HubPin | None = None
    opens: str | None = None
    bundled: str | None = None
    note: str = ""

    @property
    def size_bytes(self) -> int:
        """Bytes of all files."""
        return sum(file.size_bytes for file in self.files)

    @property
    def source_kinds(self) -> tuple[str, ...]:
        """Where it can be had, besides the models folder and a mirror."""
        if self.bundled:
            return ("bundled",)
        hub = ("hub",) if self.hub else ()
        return hub + (("packages",) if all(file.parts for file in self.files) else ())


def read_catalog(path: Path = CATALOG_FILE) -> Mapping[str, ModelEntry]:
    """Read the catalog's entries, by name and in the file's order.

    Raises:
        ConfigurationError: a name is no plain file name, or a file's parts do not add up.
    """
    with path.open("rb") as stream:
        raw = tomllib.load(stream)
    entries = [_entry(table) for table in raw["model"]]
    return {entry.name: entry for entry in entries}


def _entry(table: dict[str, Any]) -> ModelEntry:
    hub = table.get("hub")
    return ModelEntry(
        name=_safe(table["name"]),
        title=table["title"],
        role=table["role"],
        licence=table["licence"],
        memory_mb=table["memory_mb"],
        files=tuple(_file(file) for file in table.get("file", ())),
        hub=HubPin(hub["repository"], hub["revision"]) if hub else None,
        opens=table.get("opens"),
        bundled=table.get("bundled"),
        note=table.get("note", ""),
    )


def _file(table: dict[str, Any]) -> ModelFile:
    parts = tuple(
        WheelPart(part["package"], part["version"], part["member"], part["bytes"], part["sha256"])
        for part in table.get("parts", ())
    )
    if parts and sum(part.size_bytes for part in parts) != table["bytes"]:
        raise ConfigurationError(f"the catalog is damaged: the parts of {table['name']} do not add up to its size")
    return ModelFile(_safe(table["name"]), table["bytes"], table["sha256"], parts)


def _safe(name: str) -> str:
    if not _SAFE_NAME.fullmatch(name):
        raise ConfigurationError(f"the catalog is damaged: {name!r} is no plain file name")
    return name
