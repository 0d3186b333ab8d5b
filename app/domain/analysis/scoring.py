"""How likely a sentence is a task, decision, open question or risk: the model's labels weighed with turns of phrase."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.analysis.due import find_due
from app.domain.analysis.labels import KINDS, Label, LabelledSentence
from app.domain.analysis.lexicon import Lexicon
from app.domain.analysis.people import People
from app.domain.analysis.readout import PLACES, Readout
from app.domain.analysis.score_weights import WEIGHTS
from app.domain.analysis.sentences import Sentence

_CUES = [
    "promises",
    "empty_promises",
    "requests",
    "courtesies",
    "needs",
    "others_will",
    "past",
    "hypotheses",
    "decisions",
    "proposals",
    "acceptances",
    "refusals",
    "changes",
    "unknowns",
    "doubts",
    "dangers",
    "conditions",
    "reliefs",
    "greetings",
    "procedures",
]
_FITTED = "es"
"""The model and the lexicons lean differently in Spanish: it has a bias of its own."""
_FLOOR = 1e-4
_MARGIN = 1.5
_LONG_WORDS = 20
_SHORT_WORDS = 3
_BRIEF_WORDS = 6
_LOOK_BACK = 4
_LOOK_AHEAD = 3
"""Set by hand on evaluation/practice. The weights were fitted with these values: change one, and fit them again
(``tools/fit_analysis_weights.py``). A lower floor lets one label that the model rules out outweigh all else; a lower margin lets in more
where there is no lexicon. More words, or sentences further away, say less of the sentence; fewer miss the question or the reply."""


@dataclass(frozen=True)
class ScoredSentence:
    """A sentence with the log-odds of each kind that is looked for, and the model's own probabilities."""

    sentence: Sentence
    scores: Mapping[Label, float]
    probabilities: Mapping[Label, float]

    @property
    def text(self) -> str:
        """The words."""
        return self.sentence.text

    @property
    def speaker(self) -> str | None:
        """Who said it."""
        return self.sentence.speaker

    def best(self) -> Label:
        """The likeliest of the kinds."""
        return max(KINDS, key=lambda kind: self.scores[kind])


def score_sentences(
    labelled: Sequence[LabelledSentence], lexicon: Lexicon, people: People, readout: Readout | None = None
) -> list[ScoredSentence]:
    """Weigh every sentence of a transcript, with the readout by which it was labelled, if there is one."""
    if not lexicon.phrases:
        return [ScoredSentence(e.sentence, _label_odds(e), e.probabilities) for e in labelled]
    read = readout is not None and all(entry.readings.size for entry in labelled)
    weights = readout.weights if readout is not None and read else WEIGHTS
    scored: list[ScoredSentence] = []
    for index, entry in enumerate(labelled):
        values = features(labelled, index, lexicon, people)
        scores = {
            kind: sum(weights[kind.value].get(name, 0.0) * value for name, value in values.items())
            + (_read(labelled, index, place) if read else 0.0)
            for place, kind in enumerate(KINDS)
        }
        scored.append(ScoredSentence(entry.sentence, scores, entry.probabilities))
    return scored


def _read(labelled: Sequence[LabelledSentence], index: int, kind: int) -> float:
    """What the readout finds in a sentence and its neighbours."""
    return sum(
        float(labelled[index + offset].readings[place, kind])
        for place, offset in enumerate(PLACES)
        if 0 <= index + offset < len(labelled)
    )


def _label_odds(entry: LabelledSentence) -> Mapping[Label, float]:
    """For languages without a lexicon: the model's odds alone, with a margin, since it likes to see too much."""
    odds = {kind: min(max(entry.probabilities[kind], _FLOOR), 1 - _FLOOR) for kind in KINDS}
    return {kind: math.log(p / (1 - p)) - _MARGIN for kind, p in odds.items()}


def features(labelled: Sequence[LabelledSentence], index: int, lexicon: Lexicon, people: People) -> dict[str, float]:
    """What the weights are for.

    The labels' log probabilities; the lexicon's turns of phrase, the sentence's form, and what is said around it (0 or 1).
    """
    entry = labelled[index]
    text = entry.sentence.text
    words = len(text.split())
    values = {"bias": 1.0}
    values.update({f"label.{k.value}": math.log(max(_FLOOR, p)) for k, p in entry.probabilities.items()})
    values.update({cue: float(lexicon.says(cue, text)) for cue in _CUES})
    values[f"language.{_FITTED}"] = float(lexicon.language == _FITTED)
    values["asks"] = float(text.endswith("?"))
    values["length"] = min(words, _LONG_WORDS) / _LONG_WORDS
    values["short"] = float(words <= _SHORT_WORDS)
    values["addressed"] = float(people.addressed(text) is not None)
    values["due"] = float(find_due(text, lexicon.language) is not None)
    values.update(_surroundings(labelled, index, lexicon))
    asked = max(values["requests"], values["needs"], values["addressed"])
    values["asked_and_promised"] = asked * values["reply_promises"]
    choosing = max(values["after_choice"], values["after_question"], values["after_proposal"])
    values["concludes"] = choosing * float(words <= _BRIEF_WORDS and lexicon.says("conclusions", text))
    values["proposed_and_accepted"] = values["proposals"] * values["reply_accepts"]
    values["proposed_and_refused"] = values["proposals"] * values["reply_refuses"]
    values["asked_and_accepted"] = asked * values["reply_accepts"]
    return values


def _surroundings(labelled: Sequence[LabelledSentence], index: int, lexicon: Lexicon) -> dict[str, float]:
    speaker = labelled[index].sentence.speaker
    before = [entry.sentence.text for entry in labelled[max(0, index - _LOOK_BACK) : index]]
    after = [e.sentence for e in labelled[index + 1 : index + 1 + _LOOK_AHEAD] if e.sentence.speaker != speaker][:1]
    reply = after[0].text if after else ""
    return {
        "after_choice": float(any(text.endswith("?") and lexicon.says("choices", text) for text in before)),
        "after_question": float(bool(before) and before[-1].endswith("?")),
        "after_proposal": float(any(lexicon.says("proposals", text) for text in before)),
        "reply_accepts": float(lexicon.says("acceptances", reply)),
        "reply_refuses": float(lexicon.says("refusals", reply) and not lexicon.says("acceptances", reply)),
        "reply_promises": float(lexicon.says("promises", reply)),
        "reply_thanks": float(lexicon.says("thanks", reply)),
    }
