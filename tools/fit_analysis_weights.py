"""Fit the weights of ``app/domain/analysis/scoring.py`` on the practice dialogues and scenes, and write them down.

    python -m tools.fit_analysis_weights [--labels FILE] [--model NAME]

Labels of the language model are kept in FILE, so that a second run (after a change of the lexicons) takes seconds.
Ridge-penalised logistic regression, one for each kind; a planted item's line counts as the sentence of its evidence that scores best,
the others of its evidence count as neither. Printed figures leave out one dialogue at a time.
"""

import argparse
import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.application.analysis.label_sentences import LabelSentences
from app.domain.analysis.labels import Label, LabelledSentence
from app.domain.analysis.lexicon import lexicon_for
from app.domain.analysis.people import People
from app.domain.analysis.score_weights import WEIGHTS
from app.domain.analysis.scoring import KINDS, features
from app.domain.analysis.sentences import Sentence, split_sentences
from app.domain.language.gateway import LanguageModel
from app.domain.session.models import TranscriptLine
from app.infrastructure.language.llama_cpp_language_model import LlamaCppLanguageModel
from app.settings import Settings

ROOT = Path(__file__).parents[1]
PLANTED = {
    Label.TASK: "action_items",
    Label.DECISION: "decisions",
    Label.QUESTION: "open_questions",
    Label.RISK: "risks",
}
LETTERS = {"T": Label.TASK, "D": Label.DECISION, "Q": Label.QUESTION, "R": Label.RISK}
TAG = re.compile(r"\s*\{([^}]*)\}")
RIDGE = 2.0
ROUNDS = 3
HEADER = '''"""Weights of ``scoring``: log-odds for each feature; made by tools/fit_analysis_weights.py, not by hand."""

from collections.abc import Mapping

WEIGHTS: Mapping[str, Mapping[str, float]] = '''

Matrix = npt.NDArray[np.float64]
Features = Sequence[Mapping[str, float]]


class Practice:
    """One practice dialogue: its sentences, what they are, and their features."""

    def __init__(self, name: str, language: str, lines: Sequence[TranscriptLine]) -> None:
        self.name = name
        self.language = language
        self.sentences: Sequence[Sentence] = split_sentences(lines)
        self.items: dict[Label, list[list[int]]] = {kind: [] for kind in KINDS}
        self.neutral: dict[Label, set[int]] = {kind: set() for kind in KINDS}
        self.features: Features = ()

    def labelled(self, labelled: Sequence[LabelledSentence]) -> None:
        """Compute the features."""
        lexicon = lexicon_for(self.language)
        people = People(self.sentences, lexicon, {})
        self.features = [features(labelled, index, lexicon, people) for index in range(len(labelled))]

    def targets(self, kind: Label, weights: Mapping[str, float]) -> list[float | None]:
        """1 for the sentence that says an item best, None for the rest of its evidence and neutral ones, 0 for all others."""
        scores = [sum(weights.get(name, 0.0) * value for name, value in entry.items()) for entry in self.features]
        targets: list[float | None] = [None if n in self.neutral[kind] else 0.0 for n in range(len(scores))]
        for indices in self.items[kind]:
            for index in indices:
                targets[index] = None
            targets[max(indices, key=lambda index: scores[index])] = 1.0
        return targets


def read_dialogue(path: Path) -> Practice:
    """A dialogue in the format of evaluation/README.md."""
    data = json.loads(path.read_text(encoding="utf-8"))
    lines = [TranscriptLine(t["id"], t["speaker"], t["start"], t["end"], t["text"]) for t in data["transcript"]]
    dialogue = Practice(data["id"], data["language"], lines)
    for kind, planted in PLANTED.items():
        for item in data["planted"][planted]:
            proof = set(item["evidence"])
            dialogue.items[kind].append(
                [s.index for s in dialogue.sentences if proof & {entry.segment_id for entry in s.evidence}]
            )
    return dialogue


def read_scenes(path: Path) -> Practice:
    """Scenes in the format of evaluation/scenes/README.md."""
    lines: list[TranscriptLine] = []
    tags: list[tuple[str, str, str]] = []  # segment, the text up to the tag, the tag
    for number, row in enumerate(path.read_text(encoding="utf-8").splitlines()):
        if ": " not in row or row.startswith("#"):
            continue
        speaker, marked = row.split(": ", 1)
        plain = ""
        for place, part in enumerate(TAG.split(marked)):
            if place % 2:
                tags.append((f"s{number}", plain.rstrip(), part))
            else:
                plain += part
        lines.append(TranscriptLine(f"s{number}", speaker, number * 4.0, number * 4.0 + 3.5, plain.strip()))
    scenes = Practice(f"scenes-{path.stem}", path.stem[:2], lines)
    for segment, text, tag in tags:
        for sentence in scenes.sentences:
            if any(e.segment_id == segment and text.endswith(str(e.quote)) for e in sentence.evidence):
                kind = LETTERS[tag[0].upper()]
                if tag[0].isupper() and not tag.endswith("?"):
                    scenes.items[kind].append([sentence.index])
                else:
                    scenes.neutral[kind].add(sentence.index)
    return scenes


def fit(dialogues: Sequence[Practice], kind: Label, weights: Mapping[str, float]) -> dict[str, float]:
    """Newton's method on the penalised likelihood."""
    rows: list[list[float]] = []
    wanted: list[float] = []
    for dialogue in dialogues:
        for entry, target in zip(dialogue.features, dialogue.targets(kind, weights), strict=True):
            if target is not None:
                rows.append(list(entry.values()))
                wanted.append(target)
    x: Matrix = np.array(rows)
    y: Matrix = np.array(wanted)
    penalty = np.full(x.shape[1], RIDGE)
    penalty[0] = 1e-3  # the bias is free
    w: Matrix = np.zeros(x.shape[1])
    for _ in range(40):
        p = 1 / (1 + np.exp(-x @ w))
        w -= np.linalg.solve((x.T * (p * (1 - p))) @ x + np.diag(penalty), x.T @ (p - y) + penalty * w)
    return dict(zip(dialogues[0].features[0], (float(value) for value in w), strict=True))


def left_out(dialogues: Sequence[Practice], kind: Label, weights: Mapping[str, float]) -> str:
    """Precision and recall of sentences at even odds, each dialogue scored by weights fitted on the others."""
    hits = found = wanted = 0
    for dialogue in dialogues:
        fitted = fit([other for other in dialogues if other is not dialogue], kind, weights)
        for entry, target in zip(dialogue.features, dialogue.targets(kind, fitted), strict=True):
            positive = sum(fitted[name] * value for name, value in entry.items()) > 0
            found += positive and target is not None
            hits += positive and target == 1.0
            wanted += target == 1.0
    return f"{kind.value:9} precision {hits / max(1, found):.2f} recall {hits / wanted:.2f} of {wanted}"


async def label(dialogues: Sequence[Practice], engine: LanguageModel, kept: "KeptLabels") -> None:
    """Give every dialogue its features."""
    labels = LabelSentences(engine)
    for dialogue in dialogues:
        if dialogue.name not in kept.known:
            fresh = await labels.label(dialogue.sentences, dialogue.language)
            kept.add(dialogue.name, [{k.value: p for k, p in entry.probabilities.items()} for entry in fresh])
        dialogue.labelled(
            [
                LabelledSentence(sentence, {Label(name): p for name, p in probabilities.items()})
                for sentence, probabilities in zip(dialogue.sentences, kept.known[dialogue.name], strict=True)
            ]
        )


class KeptLabels:
    """The model's labels by dialogue, in a file if there is one."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.known: dict[str, list[dict[str, float]]] = {}
        if path is not None and path.is_file():
            self.known = json.loads(path.read_text(encoding="utf-8"))

    def add(self, name: str, labels: list[dict[str, float]]) -> None:
        """Keep one dialogue's labels."""
        self.known[name] = labels
        if self._path is not None:
            self._path.write_text(json.dumps(self.known), encoding="utf-8")


def main() -> None:
    """Label, fit, report, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--labels", type=Path, help="where labels are kept between runs")
    parser.add_argument("--model", default="qwen2.5-coder-1.5b", help="catalog name or path")
    arguments = parser.parse_args()
    dialogues = [read_dialogue(path) for path in sorted((ROOT / "evaluation" / "practice").glob("*.json"))]
    dialogues += [read_scenes(path) for path in sorted((ROOT / "evaluation" / "scenes").glob("*.txt"))]
    local = Settings().models_dir / arguments.model
    engine = LlamaCppLanguageModel(str(local if local.exists() else arguments.model), Path)
    asyncio.run(label(dialogues, engine, KeptLabels(arguments.labels)))
    engine.close()
    weights: dict[str, dict[str, float]] = {}
    for kind in KINDS:
        fitted = dict(WEIGHTS[kind.value])
        for _ in range(ROUNDS):
            fitted = fit(dialogues, kind, fitted)
        print(left_out(dialogues, kind, fitted))
        weights[kind.value] = {name: round(value, 2) for name, value in fitted.items() if abs(value) >= 0.05}
    target = ROOT / "app" / "domain" / "analysis" / "score_weights.py"
    target.write_text(HEADER + json.dumps(weights, indent=4) + "\n", encoding="utf-8")
    print(f"written: {target.relative_to(ROOT)} (format it with ruff)")


if __name__ == "__main__":
    main()
