"""What a known model's leaning tells of a sentence beyond its labels: linear classifiers that were fitted on that model.

They are data, made by tools/fit_analysis_weights.py: ``readouts/<model id>.npz``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.analysis.labels import KINDS, NOTHING_READ

_FOLDER = Path(__file__).with_name("readouts")
PLACES = (0, -1, 1)
"""Whose leanings count for a sentence: its own, that of the one before, and that of the one after."""
SOURCES = ALONE, IN_CONTEXT = (0, 1)
"""Leanings after a sentence alone (``LanguageModel.weigh``), and in the conversation (``LanguageModel.read``)."""


@dataclass(frozen=True, eq=False)
class Readout:
    """Classifiers of one model.

    Attributes:
        vectors: float32, sources x places x kinds x the leaning's dimensions: what a leaning adds to the log-odds.
        means: float32, sources x dimensions: the usual leanings, which add nothing.
        weights: by kind, of the other features; fitted together with ``vectors``.
    """

    vectors: NDArray[np.float32]
    means: NDArray[np.float32]
    weights: Mapping[str, Mapping[str, float]]

    def read(self, leaning: NDArray[np.float32], source: int) -> NDArray[np.float32]:
        """Log-odds, places x kinds, that a leaning adds; empty if it is not of the model that this was fitted on."""
        mean = self.means[source]
        return self.vectors[source] @ (leaning - mean) if leaning.shape == mean.shape else NOTHING_READ

    def save(self, path: Path) -> None:
        """Write it to a file."""
        names = sorted({name for weights in self.weights.values() for name in weights})
        table = [[self.weights[kind.value].get(name, 0.0) for name in names] for kind in KINDS]
        np.savez_compressed(
            path,
            vectors=self.vectors.astype(np.float16),
            means=self.means.astype(np.float16),
            names=np.array(names),
            weights=np.array(table, np.float32),
        )


def load_readout(path: Path) -> Readout:
    """Read one from a file."""
    with np.load(path, allow_pickle=False) as stored:
        names = [str(name) for name in stored["names"]]
        weights = {
            kind.value: dict(zip(names, (float(value) for value in row), strict=True))
            for kind, row in zip(KINDS, stored["weights"], strict=True)
        }
        return Readout(stored["vectors"].astype(np.float32), stored["means"].astype(np.float32), weights)


@cache
def readout_for(model_id: str) -> Readout | None:
    """The readout of a model; None if there is none."""
    path = _FOLDER / f"{model_id}.npz"
    return load_readout(path) if path in set(_FOLDER.glob("*.npz")) else None
