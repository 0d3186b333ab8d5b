"""Which sentences settle something, leave a question open, or warn of a risk."""

from app.domain.analysis.dialogue import Dialogue
from app.domain.analysis.labels import Label
from app.domain.analysis.words import overlap

_THRESHOLD, _DECISION_THRESHOLD = -0.1, -0.4
"""Log-odds from which a sentence counts, and from which a decision does. On practice conversations left out of the fit, the harmonic mean
of recall and precision is the same from 0.4 below to 0.2 above (76 to 77 %); what is found falsely does more harm than what is missed."""
_CERTAIN = 1.5
"""Log-odds that a decision needs whose words could just move the conversation on ("let's begin with …")."""
_DOUBT_THRESHOLD = -3.0
"""The words say it clearly; the model only has to allow it."""
_UNKNOWN = 0.3
"""The model's probability of "open question" from which a statement says that nobody knows."""
_STATED = 0.4
"""The model's probability of "fact" from which a reply is an answer."""
_UNANSWERED_THRESHOLD = 0.9
"""Log-odds from which a question counts even if nobody says that the answer is not known."""
_LITTLE = 3
"""Content words up to which "that stays open" speaks of the question before it."""
_AT_ONCE_CHARS = 6
"""What may come before "I don't know": "well, …"."""
_QUESTION_WORDS = 3
_DECISION_TURNS = 4
_ANSWER_TURNS = 3
_RISK_TURNS = 2
_SAME_OVERLAP = 0.34
_REVOKED_OVERLAP = 0.5
"""Set by hand on evaluation/practice. Shorter questions are asides ("And you?"). Later turns, and less in common, are taken for the
same matter with higher turns and lower overlaps (a third: one word of three), which merges different ones; the other way round,
what is said twice is told twice. To revoke or settle something takes more in common, since it removes it."""


def find_decisions(dialogue: Dialogue) -> list[list[int]]:
    """Groups of sentences, one a decision that holds at the end; the last of a group says it best."""
    groups: list[list[int]] = []
    for index in range(len(dialogue)):
        if not _decides(dialogue, index):
            continue
        group = next((g for g in reversed(groups) if _same_decision(dialogue, g, index)), None)
        if group is None:
            groups.append([index])
        else:
            group.append(index)
    groups = [group for group in groups if any(dialogue.stems(index) for index in group)]
    return [group for number, group in enumerate(groups) if not _revoked(dialogue, group, groups[number + 1 :])]


def _decides(dialogue: Dialogue, index: int) -> bool:
    value = dialogue.score(index, Label.DECISION)
    if dialogue.asks(index) or value < (_CERTAIN if dialogue.says("procedures", index) else _DECISION_THRESHOLD):
        return False
    if dialogue.says("postponements", index) or not _rather_decision(dialogue, index):
        return False
    if dialogue.says("unknowns", index) and not (dialogue.says("acceptances", index) and value >= _THRESHOLD):
        return False
    return not (dialogue.says("proposals", index) and dialogue.refused(index))


def _rather_decision(dialogue: Dialogue, index: int) -> bool:
    """Whether a sentence is a decision rather than a task (or another kind): what the group does is, what one promises is not."""
    best = dialogue.sentences[index].best()
    promised = dialogue.says("promises", index) and dialogue.score(index, Label.TASK) >= _THRESHOLD
    asked = dialogue.says("requests", index) or dialogue.says("needs", index)
    if best is Label.TASK:
        return dialogue.says("decisions", index) and not promised and not asked
    return best is Label.DECISION and not promised


def _same_decision(dialogue: Dialogue, group: list[int], index: int) -> bool:
    last = group[-1]
    distance = dialogue.turns_between(last, index)
    if distance > _DECISION_TURNS:
        return False
    if distance == 0 and index == last + 1:
        return True
    common = max(dialogue.overlap(earlier, index) for earlier in group)
    if common >= _REVOKED_OVERLAP and dialogue.says("changes", index):
        return False  # it takes the place of the earlier one
    if common >= _SAME_OVERLAP:
        return True
    return distance <= 2 and (len(dialogue.stems(index)) <= 1 or len(dialogue.stems(last)) <= 1)


def _revoked(dialogue: Dialogue, group: list[int], later: list[list[int]]) -> bool:
    content = frozenset().union(*(dialogue.stems(index) for index in group))
    for other in later:
        changed = any(dialogue.says("changes", i) for index in other for i in range(max(0, index - 2), index + 1))
        if changed and any(overlap(content, dialogue.stems(index)) >= _REVOKED_OVERLAP for index in other):
            return True
    return False


def find_questions(dialogue: Dialogue, decisions: list[list[int]]) -> list[list[int]]:
    """Groups of sentences, one a question that nobody could answer; the first of a group asks it."""
    groups: list[list[int]] = []
    for index in range(len(dialogue)):
        sentences = _open_question(dialogue, index)
        if not sentences or _settled(dialogue, index, decisions):
            continue
        group = next((g for g in groups if _same_question(dialogue, g, index)), None)
        if group is None:
            groups.append(sentences)
        else:
            group.extend(sentence for sentence in sentences if sentence not in group)
    return groups


def _open_question(dialogue: Dialogue, index: int) -> list[int]:
    """The question and what leaves it open; empty if it is none."""
    if dialogue.asks(index):
        if not _is_matter(dialogue, index):
            return []
        unknown = _left_open(dialogue, index)
        if unknown is None and dialogue.score(index, Label.QUESTION) >= _UNANSWERED_THRESHOLD:
            return [] if _answered(dialogue, index) else [index]
        return [index, unknown] if unknown is not None else []
    if dialogue.says("doubts", index) and dialogue.score(index, Label.QUESTION) >= _DOUBT_THRESHOLD:
        return [index]
    return _unmarked_question(dialogue, index)


def _unmarked_question(dialogue: Dialogue, index: int) -> list[int]:
    """A choice to which somebody answers at once that it is not known: recognisers lose question marks."""
    replies = dialogue.reply(index)[:1]
    if not replies or dialogue.turns_between(index, index + 1) == 0 or not dialogue.says("choices", index):
        return []
    known = dialogue.lexicon.find("unknowns", dialogue.text(replies[0]))
    at_once = known is not None and known.start() <= _AT_ONCE_CHARS
    return [index, replies[0]] if at_once and len(dialogue.stems(index)) >= _LITTLE else []


def _is_matter(dialogue: Dialogue, index: int) -> bool:
    """Whether a question is about something, and no courtesy or request."""
    if len(dialogue.text(index).split()) < _QUESTION_WORDS or not dialogue.stems(index):
        return False
    if dialogue.says("courtesies", index) or dialogue.says("greetings", index):
        return False
    return dialogue.score(index, Label.TASK) < max(_THRESHOLD, dialogue.score(index, Label.QUESTION))


def _answered(dialogue: Dialogue, index: int) -> bool:
    return any(
        dialogue.says("answers", reply) or dialogue.probability(reply, Label.FACT) >= _STATED
        for reply in dialogue.reply(index)[:2]
    )


def _left_open(dialogue: Dialogue, index: int) -> int | None:
    for reply in dialogue.reply(index, turns=_ANSWER_TURNS):
        if dialogue.asks(reply) and dialogue.turns_between(index, reply) > 1:
            return None
        if _does_not_know(dialogue, reply):
            return reply
        if dialogue.turns_between(index, reply) == 1 and dialogue.says("answers", reply):
            return None
    return None


def _does_not_know(dialogue: Dialogue, index: int) -> bool:
    """Whether a sentence says that something is not known, in known words or to the model."""
    if dialogue.asks(index):
        return False
    return dialogue.says("unknowns", index) or dialogue.probability(index, Label.QUESTION) >= _UNKNOWN


def _same_question(dialogue: Dialogue, group: list[int], index: int) -> bool:
    distance = dialogue.turns_between(group[-1], index)
    if index in group or distance <= 1:
        return True
    alike = dialogue.overlap(group[0], index) >= _SAME_OVERLAP or len(dialogue.stems(index)) <= _LITTLE
    return distance <= _ANSWER_TURNS and alike


def _settled(dialogue: Dialogue, index: int, decisions: list[list[int]]) -> bool:
    return any(
        decided > index and dialogue.overlap(index, decided) >= _REVOKED_OVERLAP
        for group in decisions
        for decided in group
    )


def find_risks(dialogue: Dialogue, taken: frozenset[int]) -> list[list[int]]:
    """Groups of sentences, one a risk; sentences in ``taken`` belong to other kinds."""
    groups: list[list[int]] = []
    for index in range(len(dialogue)):
        if index in taken or not _warns(dialogue, index):
            continue
        if groups and _same_risk(dialogue, groups[-1], index):
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def _warns(dialogue: Dialogue, index: int) -> bool:
    if dialogue.asks(index) or dialogue.score(index, Label.RISK) < _THRESHOLD:
        return False
    return dialogue.sentences[index].best() is Label.RISK


def _same_risk(dialogue: Dialogue, group: list[int], index: int) -> bool:
    distance = dialogue.turns_between(group[-1], index)
    return distance == 0 or (distance <= _RISK_TURNS and dialogue.overlap(group[-1], index) >= _SAME_OVERLAP)
