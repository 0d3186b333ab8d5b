"""What a sentence is to an analysis."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from app.domain.analysis.sentences import Sentence


class Label(StrEnum):
    """The kinds of sentences that are told apart."""

    TASK = "task"
    DECISION = "decision"
    QUESTION = "question"
    RISK = "risk"
    FACT = "fact"
    CHAT = "chat"


KINDS = (Label.TASK, Label.DECISION, Label.QUESTION, Label.RISK)
"""What is looked for; the other labels are what is not."""
NOTHING_READ: NDArray[np.float32] = np.zeros((0, 0), np.float32)


@dataclass(frozen=True, eq=False)
class LabelledSentence:
    """A sentence and what a language model takes it for.

    Attributes:
        sentence: the words.
        probabilities: of each label; they sum to 1.
        readings: float32, what the model's ``Readout`` reads in it, places x kinds; empty for models without one.
    """

    sentence: Sentence
    probabilities: Mapping[Label, float]
    readings: NDArray[np.float32] = field(default_factory=lambda: NOTHING_READ)

    @property
    def label(self) -> Label:
        """The most probable label."""
        return max(self.probabilities, key=lambda label: self.probabilities[label])
