"""A transcript as a dialogue: what answers what."""

from collections.abc import Sequence

from app.domain.analysis.labels import Label
from app.domain.analysis.lexicon import Lexicon
from app.domain.analysis.people import People
from app.domain.analysis.scoring import ScoredSentence
from app.domain.analysis.words import overlap, stems

_REPLY_SENTENCES = 3
_SHORT_WORDS = 4
"""Set by hand on evaluation/practice. Of a turn, the first sentences answer; more take later matters for the answer, fewer miss one
after "Well. Let me think." Up to so many words lean on what was said before ("Yes, on Friday."); more would drop what stands alone."""


class Dialogue:
    """Scored sentences in order, with the turns that they form."""

    def __init__(self, sentences: Sequence[ScoredSentence], lexicon: Lexicon, people: People) -> None:
        """Prepare; ``sentences`` is the whole transcript."""
        self.sentences = sentences
        self.lexicon = lexicon
        self.people = people
        self._stems = [stems(scored.text, lexicon) for scored in sentences]
        self._turn: list[int] = []
        for index, scored in enumerate(sentences):
            same = index > 0 and scored.speaker == sentences[index - 1].speaker
            self._turn.append(self._turn[-1] + (not same) if self._turn else 0)

    def __len__(self) -> int:
        return len(self.sentences)

    def text(self, index: int) -> str:
        """A sentence's words."""
        return self.sentences[index].text

    def speaker(self, index: int) -> str | None:
        """Who said it."""
        return self.sentences[index].speaker

    def score(self, index: int, kind: Label) -> float:
        """Log-odds of a kind."""
        return self.sentences[index].scores[kind]

    def probability(self, index: int, label: Label) -> float:
        """The model's probability of a label."""
        return self.sentences[index].probabilities[label]

    def says(self, what: str, index: int) -> bool:
        """Whether a sentence has a turn of phrase."""
        return self.lexicon.says(what, self.text(index))

    def asks(self, index: int) -> bool:
        """Whether a sentence is a question by its mark."""
        return self.text(index).endswith("?")

    def short(self, index: int) -> bool:
        """Whether a sentence has too few words to stand alone."""
        return len(self.text(index).split()) <= _SHORT_WORDS

    def stems(self, index: int) -> frozenset[str]:
        """The content of a sentence."""
        return self._stems[index]

    def overlap(self, one: int, other: int) -> float:
        """How much two sentences have in common, 0 to 1."""
        return overlap(self._stems[one], self._stems[other])

    def turn(self, index: int) -> int:
        """Number of the turn in which a sentence stands."""
        return self._turn[index]

    def turns_between(self, one: int, other: int) -> int:
        """How many turns later the other sentence comes."""
        return self._turn[other] - self._turn[one]

    def reply(self, index: int, *, turns: int = 1) -> list[int]:
        """The first sentences of what is said next: the turn after this one, or the next few."""
        found: list[int] = []
        for later in range(index + 1, len(self.sentences)):
            distance = self._turn[later] - self._turn[index]
            if distance > turns:
                break
            if distance >= 1 and sum(self._turn[f] == self._turn[later] for f in found) < _REPLY_SENTENCES:
                found.append(later)
        return found

    def accepted(self, index: int) -> int | None:
        """The first sentence of the next turn, if it agrees."""
        return next((later for later in self.reply(index)[:1] if self.says("acceptances", later)), None)

    def refused(self, index: int) -> bool:
        """Whether the next turn turns it down."""
        replies = self.reply(index)[:2]
        return bool(replies) and self.says("refusals", replies[0]) and not self.says("acceptances", replies[0])
