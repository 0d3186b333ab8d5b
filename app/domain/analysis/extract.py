"""From labelled sentences to the items of an analysis, each with the sentences that prove it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.domain.analysis.dialogue import Dialogue
from app.domain.analysis.find_claims import find_decisions, find_questions, find_risks
from app.domain.analysis.find_tasks import find_tasks
from app.domain.analysis.labels import Label, LabelledSentence
from app.domain.analysis.lexicon import Lexicon
from app.domain.analysis.models import Evidence
from app.domain.analysis.people import People
from app.domain.analysis.readout import Readout
from app.domain.analysis.scoring import score_sentences
from app.domain.analysis.sentences import Sentence
from app.domain.analysis.words import overlap, stems

_AGAIN = 0.75
_MIN_SHARED = 3
"""Share, and least number, of content words by which an item is recognised when it comes up again."""
_CONTEXT = 3
_PLENTY = 4
"""Content words from which a decision can be understood alone."""


@dataclass(frozen=True)
class FoundItem:
    """A task, decision, open question or risk, as it was said.

    Attributes:
        kind: one of the kinds that are looked for.
        main: the sentence that says it best.
        sentences: all that belong to it, in order.
        context: what was said just before, where the sentences alone are too short to be understood; proves nothing.
        owner: of a task: speaker label or name; None if nobody took it.
        due_text: of a task: what was said about the time.
    """

    kind: Label
    main: Sentence
    sentences: tuple[Sentence, ...]
    owner: str | None = None
    due_text: str | None = None
    context: tuple[Sentence, ...] = ()

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The words of all its sentences."""
        return tuple(entry for sentence in self.sentences for entry in sentence.evidence)


def extract_items(
    labelled: Sequence[LabelledSentence],
    lexicon: Lexicon,
    names: Mapping[str, str],
    readout: Readout | None = None,
) -> tuple[FoundItem, ...]:
    """Find what a transcript comes to, in the order in which it was said.

    Args:
        labelled: every sentence of the transcript.
        lexicon: of its language.
        names: speaker label to the name that the user gave.
        readout: that of the model that labelled.
    """
    people = People([entry.sentence for entry in labelled], lexicon, names)
    dialogue = Dialogue(score_sentences(labelled, lexicon, people, readout), lexicon, people)
    decisions = find_decisions(dialogue)
    questions = find_questions(dialogue, decisions)
    taken = frozenset(index for group in (*decisions, *questions) for index in group)
    risks = find_risks(dialogue, taken)
    taken |= {index for group in risks for index in group}
    items = [
        *(_claim(dialogue, Label.DECISION, group, _fullest(dialogue, group)) for group in decisions),
        *(_claim(dialogue, Label.QUESTION, group, group[0]) for group in questions),
        *(_claim(dialogue, Label.RISK, group, _strongest(dialogue, Label.RISK, group)) for group in risks),
    ]
    for task in find_tasks(dialogue, taken):
        main = _strongest(dialogue, Label.TASK, task.indices)
        sentences = tuple(dialogue.sentences[index].sentence for index in sorted(set(task.indices)))
        items.append(FoundItem(Label.TASK, dialogue.sentences[main].sentence, sentences, task.owner, task.due_text))
    return merged(sorted(items, key=lambda item: item.sentences[0].index), lexicon)


def merged(items: Sequence[FoundItem], lexicon: Lexicon) -> tuple[FoundItem, ...]:
    """Items that come up again later, in nearly the same words, become one: the later wording with the evidence of both."""
    kept: list[FoundItem] = []
    for item in items:
        place = next((n for n, earlier in enumerate(kept) if _again(earlier, item, lexicon)), None)
        if place is None:
            kept.append(item)
            continue
        earlier = kept[place]
        sentences = {sentence.index: sentence for sentence in (*earlier.sentences, *item.sentences)}
        kept[place] = replace(
            item,
            sentences=tuple(sentences[index] for index in sorted(sentences)),
            owner=item.owner or earlier.owner,
            due_text=item.due_text or earlier.due_text,
        )
    return tuple(kept)


def _again(earlier: FoundItem, later: FoundItem, lexicon: Lexicon) -> bool:
    if earlier.kind is not later.kind or (earlier.owner and later.owner and earlier.owner != later.owner):
        return False
    one, other = stems(earlier.main.text, lexicon), stems(later.main.text, lexicon)
    return min(len(one), len(other)) >= _MIN_SHARED and overlap(one, other) >= _AGAIN


def _claim(dialogue: Dialogue, kind: Label, group: Sequence[int], main: int) -> FoundItem:
    indices = sorted(set(group))
    agreed = dialogue.accepted(indices[-1]) if kind is Label.DECISION else None
    if agreed is not None:
        indices.append(agreed)
    content = frozenset().union(*(dialogue.stems(index) for index in group))
    before = range(max(0, indices[0] - _CONTEXT), indices[0]) if len(content) < _PLENTY else range(0)
    return FoundItem(
        kind,
        dialogue.sentences[main].sentence,
        tuple(dialogue.sentences[index].sentence for index in indices),
        context=tuple(dialogue.sentences[index].sentence for index in before),
    )


def _fullest(dialogue: Dialogue, group: Sequence[int]) -> int:
    """The sentence with the most content, up to what a decision needs; the later of equals, since the last word counts."""
    return max(group, key=lambda index: (min(len(dialogue.stems(index)), _PLENTY), index))


def _strongest(dialogue: Dialogue, kind: Label, group: Sequence[int]) -> int:
    """The sentence with the most to say among the likely ones; of a task, what was promised rather than what was asked."""

    def worth(index: int) -> tuple[bool, float, int]:
        content = len(dialogue.stems(index))
        promised = kind is Label.TASK and content > 1 and dialogue.says("promises", index)
        return promised, min(dialogue.score(index, kind), 2.0), content

    return max(group, key=worth)
