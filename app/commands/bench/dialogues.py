"""Evaluation dialogues: conversations with the items that a careful human would note (``evaluation/README.md``)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.commands.bench.matching import KINDS, Planted
from app.domain.errors import ConfigurationError
from app.domain.session.models import TranscriptLine


@dataclass(frozen=True)
class Dialogue:
    """One conversation.

    Attributes:
        dialogue_id: its name.
        language: ISO 639-1.
        names: speaker label to the name, None if nobody says it.
        lines: in time order.
        planted: what is to be found.
    """

    dialogue_id: str
    language: str
    names: Mapping[str, str | None]
    lines: tuple[TranscriptLine, ...]
    planted: tuple[Planted, ...]

    @property
    def duration_s(self) -> float:
        """Seconds from the session's start to the end of the last line."""
        return self.lines[-1].end if self.lines else 0.0


def read_dialogue(path: Path) -> Dialogue:
    """Read one file.

    Raises:
        ConfigurationError: it is not there, or not a dialogue.
    """
    try:
        return _parse(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{path} is not an evaluation dialogue ({type(error).__name__})") from error


def dialogue_paths(places: Iterable[Path]) -> list[Path]:
    """The files named, and the ``.json`` files of the folders named.

    Raises:
        ConfigurationError: there are none.
    """
    paths = [path for place in places for path in (sorted(place.glob("*.json")) if place.is_dir() else [place])]
    if not paths:
        raise ConfigurationError("no evaluation dialogues (*.json) there")
    return paths


def _parse(raw: Mapping[str, Any]) -> Dialogue:
    lines = tuple(
        TranscriptLine(line["id"], line["speaker"], float(line["start"]), float(line["end"]), line["text"])
        for line in raw["transcript"]
    )
    return Dialogue(raw["id"], raw["language"], raw["speakers"], lines, tuple(_planted(raw["planted"])))


def _planted(raw: Mapping[str, Any]) -> Iterator[Planted]:
    for kind in KINDS:
        for item in raw[kind]:
            yield Planted(kind, item["text"], frozenset(item["evidence"]), item.get("owner"))
