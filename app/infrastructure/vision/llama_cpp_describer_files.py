"""A vision-language model in GGUF is two files: the text model, and the projector beside it."""

from itertools import takewhile
from pathlib import Path

from app.domain.errors import ConfigurationError

_SMALL_BYTES = 2_000_000_000
"""Model and projector together: 2 billion parameters at 4 bits and their projector, which two cores can run beside
speech recognition in 8 GB of memory."""


def model_and_projector(located: Path, projector: Path | None = None) -> tuple[Path, Path]:
    """The two files.

    Args:
        located: the model, or a folder with it.
        projector: the projector; None looks for ``mmproj*.gguf`` beside the model.

    Raises:
        ConfigurationError: one of them is missing.
    """
    folder = located if located.is_dir() else located.parent
    models = [located] if located.is_file() else [path for path in _gguf_files(folder) if not _is_projector(path)]
    if not models:
        raise ConfigurationError(f"{folder.name} holds no GGUF model; set VIGIA_VISION__DESCRIBER_MODEL to one")
    projectors = [path for path in _gguf_files(folder) if _is_projector(path)] if projector is None else [projector]
    if not projectors or not projectors[0].is_file():
        raise ConfigurationError(
            f"{models[0].name} has no projector (mmproj*.gguf) beside it, so it cannot see; "
            "put it there or set VIGIA_VISION__PROJECTOR"
        )
    return models[0], max(projectors, key=lambda path: _likeness(models[0], path))


def small_vision_model(models_dir: Path) -> Path | None:
    """The folder, in the models folder, of the best vision-language model that is small enough for a few cores.

    The largest of the small ones, since they grow better with size; None if there is none.
    """
    folders = [path for path in models_dir.iterdir() if path.is_dir()] if models_dir.is_dir() else []
    sizes = {folder: size for folder in sorted(folders) if 0 < (size := _vision_model_bytes(folder)) <= _SMALL_BYTES}
    return max(sizes, key=lambda folder: sizes[folder]) if sizes else None


def _vision_model_bytes(folder: Path) -> int:
    """Size of the model and projector in a folder; 0 if they are not both there."""
    if folder.name.startswith("."):
        return 0
    try:
        return sum(path.stat().st_size for path in model_and_projector(folder))
    except (ConfigurationError, OSError):
        return 0


def _gguf_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() == ".gguf")


def _is_projector(path: Path) -> bool:
    return path.name.lower().startswith("mmproj")


def _likeness(model: Path, projector: Path) -> int:
    """How far a projector's name goes along with the model's."""
    name = projector.name.lower().removeprefix("mmproj").lstrip("-_.")
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(model.name.lower(), name, strict=False)))
