"""What recordings say, and how far a transcript is from it."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.domain.errors import ConfigurationError

Counts = tuple[int, int]
"""Word errors (substitutions, deletions and insertions) and words of the reference."""


def read_references(path: Path) -> dict[str, str]:
    """Texts by file name (or by the end of the path, such as ``en/a.wav``).

    The file is JSON: an object ``{"a.wav": "text"}``, or a list of objects with ``file`` and ``text``.

    Raises:
        ConfigurationError: it cannot be read, or is neither.
    """
    try:
        return _parse(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{path} holds no references ({type(error).__name__})", param="reference") from error


def reference_of(recording: Path, references: Mapping[str, str]) -> str | None:
    """The reference of one recording; None if there is none."""
    whole = f"/{recording.as_posix()}"
    found = [name for name in references if whole.endswith(f"/{name}")]
    return references[max(found, key=len)] if found else None


def normalize(text: str) -> str:
    """Lower case, without punctuation; accents, digits and spelling count. Hyphens and slashes divide words."""
    composed = unicodedata.normalize("NFC", text).casefold()
    without_apostrophes = re.sub(r"[’']", "", composed)
    return " ".join(re.sub(r"[^\w\s]|_", " ", without_apostrophes).split())


def word_errors(reference: str, transcript: str) -> Counts:
    """Word errors of a transcript, both normalised (Levenshtein distance by jiwer).

    Raises:
        ConfigurationError: jiwer is not installed.
    """
    try:
        import jiwer
    except ImportError as error:
        raise ConfigurationError("bench audio needs jiwer: pip install -r requirements-dev.txt") from error
    said = normalize(reference)
    if not said:
        return (len(normalize(transcript).split()), 0)
    found = jiwer.process_words(said, normalize(transcript))
    return (found.substitutions + found.deletions + found.insertions, len(said.split()))


def rate(counts: Iterable[Counts]) -> float | None:
    """Word error rate of several recordings together; None without reference words."""
    pairs: Sequence[Counts] = list(counts)
    words = sum(pair[1] for pair in pairs)
    return sum(pair[0] for pair in pairs) / words if words else None


def _parse(data: Any) -> dict[str, str]:
    if isinstance(data, dict):
        return {str(name): str(text) for name, text in data.items()}
    return {str(entry["file"]): str(entry["text"]) for entry in data}
