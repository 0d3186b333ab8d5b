"""Practice conversations for the weights of the analysis: their sentences, and what each of them is.

Formats: evaluation/README.md (dialogues) and evaluation/scenes/README.md (marked text).
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from app.commands.bench.matching import Planted
from app.domain.analysis.labels import KINDS, Label
from app.domain.analysis.sentences import Sentence, split_sentences
from app.domain.session.models import TranscriptLine

EVALUATION = Path(__file__).parents[1] / "evaluation"
PLANTED = {
    Label.TASK: "action_items",
    Label.DECISION: "decisions",
    Label.QUESTION: "open_questions",
    Label.RISK: "risks",
}
_LETTERS = {"T": Label.TASK, "D": Label.DECISION, "Q": Label.QUESTION, "R": Label.RISK}
_MARK = re.compile(r"\s*\{([^}]*)\}")
_PARTS = re.compile(r"(?P<letter>[TDQR])(?P<number>\d*)(:(?P<owner>.*))?", re.IGNORECASE)


class Practice:
    """One conversation.

    Attributes:
        items: by kind, the indices of the sentences that say an item.
        neutral: by kind, sentences that count as neither right nor wrong.
        planted: the items as the bench matches them; empty for scenes, in which support is not marked.
        names: speaker label to name.
    """

    def __init__(self, name: str, language: str, lines: Sequence[TranscriptLine]) -> None:
        self.name = name
        self.language = language
        self.lines = tuple(lines)
        self.sentences: Sequence[Sentence] = split_sentences(lines)
        self.items: dict[Label, list[list[int]]] = {kind: [] for kind in KINDS}
        self.neutral: dict[Label, set[int]] = {kind: set() for kind in KINDS}
        self.planted: list[Planted] = []
        self.names: dict[str, str | None] = {}

    @property
    def fingerprint(self) -> str:
        """Changes with the words."""
        text = "\0".join([self.language, *(sentence.text for sentence in self.sentences)])
        return f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def read_practice() -> list[Practice]:
    """All of them."""
    dialogues = [read_dialogue(path) for path in sorted((EVALUATION / "practice").glob("*.json"))]
    talks = [read_marked(path) for path in sorted((EVALUATION / "practice").glob("*.txt"))]
    scenes = [read_marked(path) for path in sorted((EVALUATION / "scenes").glob("*.txt"))]
    for scene in scenes:
        scene.planted = []  # support is not marked there
    return dialogues + talks + scenes


def read_dialogue(path: Path) -> Practice:
    """A dialogue in the format of evaluation/README.md."""
    data = json.loads(path.read_text(encoding="utf-8"))
    lines = [TranscriptLine(t["id"], t["speaker"], t["start"], t["end"], t["text"]) for t in data["transcript"]]
    dialogue = Practice(data["id"], data["language"], lines)
    dialogue.names = data["speakers"]
    for kind, planted in PLANTED.items():
        for item in data["planted"][planted]:
            proof = frozenset(item["evidence"])
            said = [s.index for s in dialogue.sentences if proof & {entry.segment_id for entry in s.evidence}]
            dialogue.items[kind].append(said)
            dialogue.planted.append(Planted(planted, item["text"], proof, item.get("owner")))
    return dialogue


def read_marked(path: Path) -> Practice:
    """Text in the format of evaluation/scenes/README.md.

    Raises:
        ValueError: a mark is wrong.
    """
    lines: list[TranscriptLine] = []
    marks: list[tuple[str, str, str]] = []  # segment, the text up to the mark, the mark
    names: dict[str, str | None] = {}
    for number, row in enumerate(path.read_text(encoding="utf-8").splitlines()):
        header = re.fullmatch(r"# (S\d+): (.*)", row)
        if header is not None:
            names[header[1]] = None if header[2].strip() == "-" else header[2].strip()
        if ": " not in row or row.startswith("#"):
            continue
        speaker, marked = row.split(": ", 1)
        plain = ""
        for place, part in enumerate(_MARK.split(marked)):
            if place % 2:
                marks.append((f"s{number}", plain.rstrip(), part))
            else:
                plain += part
        lines.append(TranscriptLine(f"s{number}", speaker, number * 4.0, number * 4.0 + 3.5, plain.strip()))
    talk = Practice(path.stem, path.stem[:2], lines)
    talk.names = names
    _count(talk, marks)
    return talk


def _count(talk: Practice, marks: Sequence[tuple[str, str, str]]) -> None:
    said: dict[tuple[Label, str], list[int]] = defaultdict(list)
    owners: dict[tuple[Label, str], str] = {}
    for order, (segment, text, mark) in enumerate(marks):
        parts = _PARTS.fullmatch(mark.rstrip("?"))
        if parts is None:
            raise ValueError(f"{talk.name}: {{{mark}}} is no mark")
        kind = _LETTERS[parts["letter"].upper()]
        index = _marked(talk, segment, text)
        if index is None:
            raise ValueError(f"{talk.name}: {{{mark}}} must stand after a sentence, not after {text[-20:]!r}")
        if parts["letter"].islower() or mark.endswith("?"):
            talk.neutral[kind].add(index)
            continue
        key = (kind, parts["number"] or f" (mark {order})")
        said[key].append(index)
        if parts["owner"] is not None:
            owners[key] = parts["owner"]
    for (kind, number), indices in said.items():
        if kind is Label.TASK and (kind, number) not in owners:
            raise ValueError(f"{talk.name}: T{number} has no owner")
        talk.items[kind].append(sorted(set(indices)))
        talk.planted.append(_planted(talk, kind, indices, owners.get((kind, number))))


def _planted(talk: Practice, kind: Label, indices: Sequence[int], owner: str | None) -> Planted:
    proof = frozenset(str(entry.segment_id) for index in indices for entry in talk.sentences[index].evidence)
    words = " ".join(talk.sentences[index].text for index in indices)
    return Planted(PLANTED[kind], words, proof, None if owner in ("-", "") else owner)


def _marked(talk: Practice, segment: str, text: str) -> int | None:
    """The sentence that ends in ``segment`` where ``text`` does."""
    for sentence in talk.sentences:
        last = sentence.evidence[-1]
        if last.segment_id == segment and text.endswith(str(last.quote)):
            return sentence.index
    return None
