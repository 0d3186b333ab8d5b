"""What a model's leaning adds to the scores of sentences."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from app.domain.analysis import readout as readout_module
from app.domain.analysis.labels import KINDS, Label, LabelledSentence
from app.domain.analysis.lexicon import lexicon_for
from app.domain.analysis.people import People
from app.domain.analysis.readout import ALONE, IN_CONTEXT, PLACES, SOURCES, Readout, load_readout, readout_for
from app.domain.analysis.scoring import score_sentences
from tests.unit.analysis.conversation import sentences

pytestmark = pytest.mark.unit
SIZE = 3


def readout(**weights: float) -> Readout:
    """Its own leaning's first number counts 1 for a task, the next sentence's 10, the one's before 100."""
    vectors = np.zeros((len(SOURCES), len(PLACES), len(KINDS), SIZE), np.float32)
    vectors[ALONE, :, KINDS.index(Label.TASK), 0] = (1, 10, 100)
    vectors[IN_CONTEXT] = -2 * vectors[ALONE]
    means = np.array([[0.5, 0, 0], [0, 0, 0]], np.float32)
    return Readout(vectors, means, {kind.value: weights if kind is Label.TASK else {} for kind in KINDS})


def scores(chosen: Readout | None, *leanings: float) -> list[float]:
    """Task scores of three sentences with these leanings."""
    spoken = sentences("S1: The sails are white.", "S2: The mast is old.", "S1: The hull is red.")
    labelled = [
        LabelledSentence(
            sentence,
            dict.fromkeys(Label, 1 / len(Label)),
            readout().read(np.array([leaning, 7, 7], np.float32), ALONE),
        )
        for sentence, leaning in zip(spoken, leanings, strict=True)
    ]
    lexicon = lexicon_for("en")
    return [s.scores[Label.TASK] for s in score_sentences(labelled, lexicon, People(spoken, lexicon, {}), chosen)]


def test_a_leaning_counts_for_its_sentence_and_both_neighbours() -> None:
    assert scores(readout(bias=2.0), 0.5, 1.5, 0.5) == pytest.approx([102, 3, 12])
    assert scores(readout(bias=2.0), 1.5, 0.5, 0.5) == pytest.approx([3, 12, 2])


def test_a_leaning_in_context_has_vectors_and_a_mean_of_its_own() -> None:
    task = KINDS.index(Label.TASK)
    leaning = np.array([1.5, 7, 7], np.float32)
    assert readout().read(leaning, ALONE)[:, task] == pytest.approx([1, 10, 100])
    assert readout().read(leaning, IN_CONTEXT)[:, task] == pytest.approx([-3, -30, -300])


def test_without_a_readout_leanings_do_not_count() -> None:
    assert scores(None, 0.5, 1.5, 0.5) == scores(None, 0.5, 0.5, 0.5)


def test_a_leaning_of_another_size_is_not_read() -> None:
    assert readout().read(np.zeros(SIZE + 1, np.float32), ALONE).size == 0
    assert readout().read(np.zeros(0, np.float32), IN_CONTEXT).size == 0
    spoken = sentences("S1: The sails are white.")
    lexicon = lexicon_for("en")
    unread = [LabelledSentence(spoken[0], dict.fromkeys(Label, 1 / len(Label)))]
    (with_readout,) = score_sentences(unread, lexicon, People(spoken, lexicon, {}), readout(bias=50.0))
    (without,) = score_sentences(unread, lexicon, People(spoken, lexicon, {}))
    assert with_readout.scores == without.scores


def test_a_readout_is_kept_in_a_file(tmp_path: Path) -> None:
    readout(bias=2.0, asks=-1.5).save(tmp_path / "model.npz")
    stored = load_readout(tmp_path / "model.npz")
    assert stored.vectors == pytest.approx(readout().vectors)
    assert stored.means == pytest.approx(readout().means)
    assert stored.weights["task"] == {"asks": -1.5, "bias": 2.0}


def test_every_readout_is_written_down_with_its_checksum() -> None:
    folder = Path(readout_module.__file__).with_name("readouts")
    told = (folder / "README.md").read_text(encoding="utf-8")
    stored = sorted(folder.glob("*.npz"))
    assert stored
    for path in stored:
        content = path.read_bytes()
        assert f"| `{path.name}` |" in told
        assert f"| {len(content):,} | `{hashlib.sha256(content).hexdigest()}` |" in told
        assert readout_for(path.stem) is not None


@pytest.mark.parametrize("model_id", ["no-such-model", "../score_weights", "", "/etc/passwd"])
def test_other_models_have_none(model_id: str) -> None:
    assert readout_for(model_id) is None
