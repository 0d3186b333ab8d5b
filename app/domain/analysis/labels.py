"""What a sentence is to an analysis."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from app.domain.analysis.sentences import Sentence


class Label(str, Enum):
    """The kinds of sentences that are told apart."""

    TASK = "task"
    DECISION = "decision"
    QUESTION = "question"
    RISK = "risk"
    FACT = "fact"
    CHAT = "chat"


@dataclass(frozen=True)
class LabelledSentence:
    """A sentence with the probability of each label (they sum to 1)."""

    sentence: Sentence
    probabilities: Mapping[Label, float]

    @property
    def label(self) -> Label:
        """The most probable label."""
        return max(self.probabilities, key=lambda label: self.probabilities[label])
