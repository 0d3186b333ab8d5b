"""Which sentences say that somebody will do something, and who."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.domain.analysis.dialogue import Dialogue
from app.domain.analysis.due import find_due
from app.domain.analysis.labels import Label

_THRESHOLD = 0.2
"""Log-odds from which a sentence counts, chosen like those of ``find_claims``."""
_DOUBTFUL = -0.6
"""Requests are kept from here on if they are accepted, and what must be done in any case."""
_SAME_TURNS = 4
_SAME_OVERLAP = 0.34
"""Set by hand on evaluation/practice: how far apart, and how alike, sentences on one task are. More turns or less in common merge
tasks that differ; fewer or more tell a task twice that is repeated or agreed to."""


@dataclass
class FoundTask:
    """Sentences that belong to one task.

    Attributes:
        indices: of its sentences, in order.
        owner: speaker label or name.
        due_text: what was said about the time.
    """

    indices: list[int] = field(default_factory=list)
    owner: str | None = None
    due_text: str | None = None


def find_tasks(dialogue: Dialogue, taken: frozenset[int] = frozenset()) -> list[FoundTask]:
    """The tasks of a dialogue; sentences in ``taken`` belong to other kinds."""
    tasks: list[FoundTask] = []
    for index in range(len(dialogue)):
        if index in taken or not _is_task(dialogue, index):
            continue
        same = next((task for task in reversed(tasks) if _belongs(dialogue, task, index)), None)
        if same is None:
            tasks.append(FoundTask([index]))
        else:
            same.indices.append(index)
    tasks = [task for task in tasks if not _only_words(dialogue, task)]
    for task in tasks:
        task.owner = _owner(dialogue, task)
        task.due_text = _due(dialogue, task)
        task.indices += _taken_on(dialogue, task)
    return tasks


def _is_task(dialogue: Dialogue, index: int) -> bool:
    value = dialogue.score(index, Label.TASK)
    best = dialogue.sentences[index].best()
    if best is not Label.TASK and not (best is Label.DECISION and dialogue.says("promises", index)):
        return False
    if dialogue.says("courtesies", index) and not dialogue.says("promises", index):
        return False
    request = dialogue.says("requests", index) or dialogue.people.addressed(dialogue.text(index)) is not None
    if request and _turned_down(dialogue, index):
        return False
    if (request and _agreed(dialogue, index)) or dialogue.says("needs", index):
        return value >= _DOUBTFUL
    return value >= _THRESHOLD


def _agreed(dialogue: Dialogue, index: int) -> bool:
    """Whether the next turn agrees to a request; to "don't forget …" a no does."""
    return dialogue.accepted(index) is not None or (dialogue.says("negations", index) and dialogue.refused(index))


def _turned_down(dialogue: Dialogue, index: int) -> bool:
    """Asked, and refused or done already."""
    replies = dialogue.reply(index)[:2]
    if any(dialogue.says("promises", reply) for reply in replies):
        return False
    if dialogue.says("negations", index):  # "don't forget …" – "no, I won't"
        return False
    return dialogue.refused(index) or any(
        dialogue.says("past", reply) and dialogue.score(reply, Label.TASK) < _THRESHOLD for reply in replies[:1]
    )


def _belongs(dialogue: Dialogue, task: FoundTask, index: int) -> bool:
    """Whether a sentence speaks of a task that was found before."""
    last = task.indices[-1]
    distance = dialogue.turns_between(last, index)
    if distance > _SAME_TURNS:
        return False
    common = dialogue.overlap(last, index)
    if _promisers(dialogue, [*task.indices, index]) > 1:
        return False
    if distance == 0:
        return common >= _SAME_OVERLAP or not _stands_alone(dialogue, index)
    if _opens(dialogue, last) and not _opens(dialogue, index):
        if distance == 1:
            return True
        return common >= _SAME_OVERLAP or not dialogue.stems(index)
    return common >= 0.5 or (distance == 1 and not _stands_alone(dialogue, index))


def _taken_on(dialogue: Dialogue, task: FoundTask) -> list[int]:
    """The words with which somebody agrees to what was asked, unless they are part of the task already."""
    agreed = dialogue.accepted(task.indices[-1]) if _opens(dialogue, task.indices[-1]) else None
    return [agreed] if agreed is not None and not dialogue.asks(agreed) else []


def _promisers(dialogue: Dialogue, indices: Sequence[int]) -> int:
    return len({dialogue.speaker(index) for index in indices if dialogue.says("promises", index)})


def _opens(dialogue: Dialogue, index: int) -> bool:
    """Whether a sentence asks for something to be done, rather than promising it."""
    return not dialogue.says("promises", index) and (
        dialogue.says("requests", index)
        or dialogue.says("needs", index)
        or dialogue.people.addressed(dialogue.text(index)) is not None
        or dialogue.asks(index)
    )


def _stands_alone(dialogue: Dialogue, index: int) -> bool:
    return len(dialogue.stems(index)) >= 2


def _only_words(dialogue: Dialogue, task: FoundTask) -> bool:
    """Whether nothing says what is to be done."""
    return not any(dialogue.stems(index) for index in task.indices)


def _owner(dialogue: Dialogue, task: FoundTask) -> str | None:
    last = task.indices[-1]
    if any(dialogue.says("unassigned", index) for index in (*task.indices, *dialogue.reply(last, turns=2))):
        return None
    for index in task.indices:
        if dialogue.says("offers", index) or (dialogue.says("promises", index) and not dialogue.asks(index)):
            return dialogue.speaker(index)
    for index in task.indices:
        owner = _asked(dialogue, index) or _other(dialogue, index)
        if owner is not None:
            return owner
    return _agreeing(dialogue, last)


def _agreeing(dialogue: Dialogue, index: int) -> str | None:
    """Who says yes to what was told without a name ("The form on my desk by Friday." "Friday. Okay, yes.")."""
    if dialogue.says("needs", index) or dialogue.says("others_will", index):
        return None
    return next((dialogue.speaker(r) for r in dialogue.reply(index)[:2] if dialogue.says("acceptances", r)), None)


def _asked(dialogue: Dialogue, index: int) -> str | None:
    """Who is asked by name, is said to do it, or takes on what was asked."""
    name = dialogue.people.addressed(dialogue.text(index))
    if name is not None and dialogue.people.speaker_called(name) != dialogue.speaker(index):
        return dialogue.people.owner_called(name)
    acting = dialogue.lexicon.find("others_will", dialogue.text(index))
    if acting is not None:
        named = dialogue.people.acting(dialogue.text(index))
        if named is not None:
            return dialogue.people.owner_called(named)
        if not dialogue.says("needs", index):
            return None if dialogue.asks(index) else _role(dialogue, acting.group())
    if not dialogue.says("requests", index):
        return None
    replies = dialogue.reply(index)
    if dialogue.accepted(index) is not None or (replies and not dialogue.says("needs", index)):
        return dialogue.speaker(replies[0])
    others = [speaker for speaker in dialogue.people.speakers if speaker != dialogue.speaker(index)]
    return others[0] if len(others) == 1 and not dialogue.says("needs", index) else None


def _role(dialogue: Dialogue, text: str) -> str | None:
    role = dialogue.lexicon.find("roles", text)
    return role["role"] if role is not None else None


def _other(dialogue: Dialogue, index: int) -> str | None:
    """The person who is talked about: named in the sentence, or just before."""
    acting = dialogue.lexicon.find("others_will", dialogue.text(index))
    if acting is None:
        return None
    for place in (index, index - 1, index - 2):
        names = dialogue.people.mentioned(dialogue.text(place)) if place >= 0 else []
        if names:
            return dialogue.people.owner_called(names[0])
    return None


def _due(dialogue: Dialogue, task: FoundTask) -> str | None:
    language = dialogue.lexicon.language
    promised = sorted(task.indices, key=lambda index: not dialogue.says("promises", index))
    nearby = [later for later in (task.indices[-1] + 1, task.indices[-1] + 2) if later < len(dialogue)]
    for index in (*promised, *(later for later in nearby if _is_detail(dialogue, later))):
        due = find_due(dialogue.text(index), language)
        if due is not None:
            return due
    return None


def _is_detail(dialogue: Dialogue, index: int) -> bool:
    """Whether a sentence can only add to what was said before it: it says little, or begins with the time."""
    if dialogue.asks(index):
        return False
    if dialogue.short(index) or len(dialogue.stems(index)) <= 1:
        return True
    due = find_due(dialogue.text(index), dialogue.lexicon.language)
    return due is not None and dialogue.text(index).startswith(due)
