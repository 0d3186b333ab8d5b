"""The port of a model source: a place that can deliver a model's files."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from app.infrastructure.catalog.entries import ModelEntry, ModelFile

Advance: TypeAlias = Callable[[int], None]
"""Told now and then how many bytes of the current piece have arrived."""


class SourceError(Exception):
    """A source cannot deliver; the message says why, in a sentence fit for the operator."""


@dataclass(frozen=True)
class Piece:
    """A run of a file's bytes that is fetched, checked and, after an interruption, kept as a whole.

    Attributes:
        label: what to call it in messages.
        size_bytes: its exact length.
        sha256: of its bytes, in lower-case hexadecimal.
        fetch: writes it to the path given. Raises ``SourceError``; what it wrote until then is discarded.
    """

    label: str
    size_bytes: int
    sha256: str
    fetch: Callable[[Path, Advance], None]


class ModelSource(ABC):
    """A place that model files come from. Nothing it delivers is trusted: whoever asks checks every byte."""

    name: str
    """Names the source in messages, and its workspace."""

    @abstractmethod
    def pieces(self, entry: ModelEntry, file: ModelFile, workspace: Path) -> Sequence[Piece]:
        """Say how this source would deliver a file. Cheap: nothing is transferred yet.

        Args:
            entry: the model.
            file: the file wanted.
            workspace: a folder for what this source keeps between pieces and attempts; may not exist yet.

        Returns:
            Pieces that, joined in order, are the file; never empty.

        Raises:
            SourceError: it does not have the file, or cannot be reached.
        """
