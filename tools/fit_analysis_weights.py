"""Fit the weights of ``app/domain/analysis/scoring.py`` on the practice conversations, and write them down.

    python -m tools.fit_analysis_weights [--kept FOLDER] [--model NAME]

Two sets come of it: ``score_weights.py`` for any language model, from its labels and the lexicons; and
``readouts/<model>.npz`` for this model, with its leaning besides (``readout.py``). What the model says is kept in FOLDER, so that a
second run (after a change of the lexicons) takes a minute or two.

Ridge-penalised logistic regression, one for each kind; an item counts as the sentence of its evidence that scores best, the others
count as neither. Printed figures are of items, with the weights of a sixth of the conversations fitted on the other five.
"""

import argparse
import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.application.analysis.label_sentences import LabelSentences
from app.application.analysis.read_conversation import ReadConversation
from app.application.analysis.word_items import said
from app.commands.bench.matching import Found, match, owner_is_right
from app.domain.analysis.extract import extract_items
from app.domain.analysis.labels import KINDS, Label, LabelledSentence
from app.domain.analysis.lexicon import lexicon_for
from app.domain.analysis.people import People
from app.domain.analysis.readout import PLACES, SOURCES, Readout
from app.domain.analysis.scoring import features
from app.domain.language.gateway import LanguageModel
from app.infrastructure.language.llama_cpp_language_model import LlamaCppLanguageModel
from app.settings import Settings
from tools.practice import PLANTED, Practice, read_practice

ANALYSIS = Path(__file__).parents[1] / "app" / "domain" / "analysis"
FOLDS = 6
ROUNDS = 3
RIDGE, LEANING_RIDGE = 2.0, 12.0
COMPONENTS = 64
"""Principal components of the leaning that take part."""
NEIGHBOURS = (1.0, 0.6, 0.6)
"""How large the leanings of the sentence, the one before and the one after are made: smaller is trusted less."""
LABELS_BIAS = 0.5
"""Added to what labels alone say: thresholds were chosen with leanings (labels alone: 61/82 % recall and precision; with it 69/74)."""
HEADER = '''"""Weights of ``scoring``: log-odds for each feature; made by tools/fit_analysis_weights.py, not by hand."""

from collections.abc import Mapping

WEIGHTS: Mapping[str, Mapping[str, float]] = '''

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Example:
    """A practice conversation as a model sees it.

    Attributes:
        features: sentences x features.
        leanings: sources x sentences x dimensions.
    """

    practice: Practice
    labelled: Sequence[LabelledSentence]
    names: Sequence[str]
    features: Matrix
    leanings: Matrix

    def targets(self, kind: Label, scores: Matrix) -> Matrix:
        """1 for the sentence that says an item best, NaN for the rest of its evidence and neutral ones, 0 for all others."""
        targets = np.zeros(len(scores))
        targets[list(self.practice.neutral[kind])] = np.nan
        for indices in self.practice.items[kind]:
            targets[indices] = np.nan
            stated = [index for index in indices if not self.practice.sentences[index].text.endswith("?")]
            best = stated if kind is Label.DECISION and stated else indices  # a question settles nothing
            targets[max(best, key=lambda index: scores[index])] = 1.0
        return targets


def fit(examples: Sequence[Example], components: int) -> Readout:
    """Weights of the features and, with ``components``, vectors for the leaning."""
    bases, means = zip(*(_basis(examples, source, components) for source in SOURCES), strict=True)
    inputs = [
        np.concatenate(
            [e.features, *(part for s in SOURCES for part in _around((e.leanings[s] - means[s]) @ bases[s]))], axis=1
        )
        for e in examples
    ]
    known = examples[0].features.shape[1]
    penalty = np.full(inputs[0].shape[1], LEANING_RIDGE)
    penalty[:known] = RIDGE
    penalty[0] = 1e-3  # the bias is free
    weights: dict[str, dict[str, float]] = {}
    vectors = np.zeros((len(SOURCES), len(PLACES), len(KINDS), len(means[0])), np.float32)
    for number, kind in enumerate(KINDS):
        fitted = np.zeros(len(penalty))
        fitted[:known] = [float(name == f"label.{kind.value}") for name in examples[0].names]
        for _ in range(ROUNDS):
            targets = [e.targets(kind, x @ fitted) for e, x in zip(examples, inputs, strict=True)]
            fitted = _regression(np.concatenate(inputs), np.concatenate(targets), penalty)
        weights[kind.value] = dict(zip(examples[0].names, (float(v) for v in fitted[:known]), strict=True))
        parts = fitted[known:].reshape(len(SOURCES), len(PLACES), components)
        for source in SOURCES:
            for place, scale in enumerate(NEIGHBOURS):
                vectors[source, place, number] = scale * bases[source] @ parts[source, place]
    return Readout(vectors, np.array(means, np.float32), weights)


def _basis(examples: Sequence[Example], source: int, components: int) -> tuple[Matrix, Matrix]:
    """The directions (dimensions x components) in which leanings differ most, and their mean.

    Differences are brought nearer to each other, so that the smaller ones have their say.
    """
    leanings = np.concatenate([example.leanings[source] for example in examples])
    mean: Matrix = leanings.mean(0)
    variances, directions = np.linalg.eigh(np.cov(leanings - mean, rowvar=False))  # ascending
    sizes = variances[::-1][:components]
    basis: Matrix = directions[:, ::-1][:, :components] / (sizes * sizes[:1]) ** 0.25
    return basis, mean


def _around(values: Matrix) -> Sequence[Matrix]:
    """Each row, the one before it and the one after it, scaled."""
    none = np.zeros_like(values[:1])
    before, after = np.concatenate([none, values[:-1]]), np.concatenate([values[1:], none])
    return [scale * part for scale, part in zip(NEIGHBOURS, (values, before, after), strict=True)]


def _regression(x: Matrix, y: Matrix, penalty: Matrix) -> Matrix:
    """Newton's method on the penalised likelihood; NaN in ``y`` is left out."""
    x, y = x[~np.isnan(y)], y[~np.isnan(y)]
    weights = np.zeros(x.shape[1])
    for _ in range(40):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        step = np.linalg.solve((x.T * (p * (1 - p))) @ x + np.diag(penalty), x.T @ (p - y) + penalty * weights)
        weights -= step
        if np.abs(step).max() < 1e-4:
            break
    return weights


def left_out(examples: Sequence[Example], components: int) -> None:
    """Print how many items are found, every conversation with weights that were fitted on others."""
    counts: Counter[tuple[str, str]] = Counter()
    for fold in range(FOLDS):
        readout = fit([e for n, e in enumerate(examples) if n % FOLDS != fold], components)
        for example in (e for n, e in enumerate(examples) if n % FOLDS == fold and e.practice.planted):
            compare(example, readout, counts)
    for group in sorted({group for group, _ in counts}):
        hit, wanted, extra = (counts[group, what] for what in ("hit", "wanted", "extra"))
        print(f"{group:16} recall {hit / max(1, wanted):.3f} of {wanted:3}  precision {hit / max(1, hit + extra):.3f}")
    print(f"owners right {counts['all', 'owner'] / max(1, counts['all', 'owned']):.3f} of {counts['all', 'owned']}")


def compare(example: Example, readout: Readout, counts: Counter[tuple[str, str]]) -> None:
    """Count what is found, missed and wrongly found in one conversation."""
    practice = example.practice
    lexicon = lexicon_for(practice.language)
    read = [
        LabelledSentence(
            entry.sentence,
            entry.probabilities,
            np.sum([readout.read(example.leanings[s, n].astype(np.float32), s) for s in SOURCES], axis=0),
        )
        for n, entry in enumerate(example.labelled)
    ]
    items = extract_items(read, lexicon, {}, readout)
    found = [Found(PLANTED[i.kind], said(i, lexicon).text, i.evidence, i.owner) for i in items]
    result = match(practice.planted, found, practice.lines)
    for planted in practice.planted:
        _add(counts, practice, planted.kind, "wanted")
    for planted, item in result.pairs:
        _add(counts, practice, planted.kind, "hit")
        if planted.kind == PLANTED[Label.TASK]:
            counts["all", "owned"] += 1
            counts["all", "owner"] += owner_is_right(planted.owner, item.owner, practice.names)
    for item in result.false:
        _add(counts, practice, item.kind, "extra")


def _add(counts: Counter[tuple[str, str]], practice: Practice, kind: str, what: str) -> None:
    for group in ("all", kind, practice.language):
        counts[group, what] += 1


class Whole(Readout):
    """Reads a leaning as it is."""

    def __init__(self) -> None:
        super().__init__(np.zeros((0, 0, 0, 0), np.float32), np.zeros((0, 0), np.float32), {})

    def read(self, leaning: npt.NDArray[np.float32], source: int) -> npt.NDArray[np.float32]:
        """One row."""
        return leaning[None]


async def ask(practices: Sequence[Practice], engine: LanguageModel, kept: Path | None) -> list[Example]:
    """Have every sentence labelled and read, unless the answers were kept."""

    def whole(model_id: str) -> Readout:
        return Whole()

    examples: list[Example] = []
    for number, practice in enumerate(practices):
        path = kept / f"{practice.fingerprint}.npz" if kept is not None else None
        if path is not None and path.is_file():
            with np.load(path) as stored:
                probabilities, leanings = stored["probabilities"], stored["leanings"]
        else:
            print(f"{number + 1} of {len(practices)}: {practice.name}", flush=True)
            labelled = await LabelSentences(engine, whole).label(practice.sentences, practice.language)
            read = await ReadConversation(engine, whole).read([s.text for s in practice.sentences], practice.language)
            probabilities = np.array([[entry.probabilities[label] for label in Label] for entry in labelled])
            leanings = np.array([[entry.readings[0] for entry in labelled], [entry[0] for entry in read]])
            if path is not None:
                np.savez(path, probabilities=probabilities, leanings=leanings.astype(np.float16))
        examples.append(example_of(practice, probabilities, leanings))
    return examples


def example_of(practice: Practice, probabilities: Matrix, leanings: Matrix) -> Example:
    """Compute the features."""
    labelled = [
        LabelledSentence(sentence, dict(zip(Label, (float(p) for p in row), strict=True)))
        for sentence, row in zip(practice.sentences, probabilities, strict=True)
    ]
    lexicon = lexicon_for(practice.language)
    people = People(practice.sentences, lexicon, {})
    rows = [features(labelled, index, lexicon, people) for index in range(len(labelled))]
    values: Matrix = np.array([list(row.values()) for row in rows])
    return Example(practice, labelled, list(rows[0]), values, leanings.astype(np.float64))


def write(labels_only: Readout, readout: Readout, model_id: str) -> None:
    """Put both sets of weights where the analysis finds them."""
    rounded = {
        kind: {
            name: round(value + LABELS_BIAS * (name == "bias"), 2)
            for name, value in weights.items()
            if abs(value) >= 0.05
        }
        for kind, weights in labels_only.weights.items()
    }
    (ANALYSIS / "score_weights.py").write_text(HEADER + json.dumps(rounded, indent=4) + "\n", encoding="utf-8")
    readout.save(ANALYSIS / "readouts" / f"{model_id}.npz")
    print("written; format score_weights.py with ruff")


def main() -> None:
    """Label, fit, report, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kept", type=Path, help="folder in which the model's answers are kept between runs")
    parser.add_argument("--model", default="qwen2.5-coder-1.5b", help="catalog name or path")
    arguments = parser.parse_args()
    if arguments.kept is not None:
        arguments.kept.mkdir(parents=True, exist_ok=True)
    local = Settings().models_dir / arguments.model
    engine = LlamaCppLanguageModel(str(local if local.exists() else arguments.model), Path)
    examples = asyncio.run(ask(read_practice(), engine, arguments.kept))
    engine.close()
    for components in (0, COMPONENTS):
        print(f"held out, {components} components of the leaning:")
        left_out(examples, components)
    write(fit(examples, 0), fit(examples, COMPONENTS), engine.model_id)


if __name__ == "__main__":
    main()
