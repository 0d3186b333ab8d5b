"""Photos that were seen, for tests."""

from app.domain.vision.models import Risk, Scene, SeenPhoto, Severity

NOW = 1_763_710_000.0


def scene(description: str, *risks: Risk, language: str = "es", text: tuple[str, ...] = ()) -> Scene:
    return Scene(description, risks, (), (), text, language)


def seen(
    frame_id: str,
    offset_s: float,
    described: Scene | str | None,
    *risks: Risk,
    language: str = "es",
    duplicate_of: str | None = None,
) -> SeenPhoto:
    """A photo; ``described`` may be the description alone."""
    found = scene(described, *risks, language=language) if isinstance(described, str) else described
    return SeenPhoto(frame_id, NOW + offset_s, offset_s, found, duplicate_of)


def danger(kind: str, text: str) -> Risk:
    return Risk(kind, Severity.DANGER, text)


def warning(kind: str, text: str) -> Risk:
    return Risk(kind, Severity.WARNING, text)


def info(kind: str, text: str) -> Risk:
    return Risk(kind, Severity.INFO, text)
