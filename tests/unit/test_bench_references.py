import json
from pathlib import Path

import numpy as np
import pytest

from app.commands.bench.audio_figures import percentile
from app.commands.bench.child_process import in_child_process
from app.commands.bench.references import normalize, rate, read_references, reference_of, word_errors
from app.domain.errors import ConfigurationError

pytestmark = pytest.mark.unit


def test_both_shapes_of_references_are_read(tmp_path: Path) -> None:
    path = tmp_path / "references.json"
    path.write_text(json.dumps([{"file": "en/a.wav", "text": "one", "lang": "en"}]))
    assert read_references(path) == {"en/a.wav": "one"}
    path.write_text(json.dumps({"a.wav": "two"}))
    assert read_references(path) == {"a.wav": "two"}
    path.write_text("[1]")
    with pytest.raises(ConfigurationError):
        read_references(path)


def test_the_most_exact_name_wins() -> None:
    references = {"a.wav": "any", "en/a.wav": "english"}
    assert reference_of(Path("/data/en/a.wav"), references) == "english"
    assert reference_of(Path("a.wav"), references) == "any"
    assert reference_of(Path("ba.wav"), references) is None


def test_normalisation_keeps_letters_and_drops_punctuation() -> None:
    assert normalize("¿Qué tal, Íñigo? It's text-to-speech/3_D…") == "qué tal íñigo its text to speech 3 d"


def test_word_errors_are_substitutions_deletions_and_insertions() -> None:
    assert word_errors("one two three", "One, two three!") == (0, 3)
    assert word_errors("one two three", "won three four") == (3, 3)
    assert word_errors("one two", "") == (2, 2)
    assert word_errors("", "thanks") == (1, 0)
    assert rate([(1, 3), (0, 7)]) == pytest.approx(0.1)
    assert rate([]) is None


def test_percentiles() -> None:
    assert percentile([], 50) is None
    assert percentile([3.0], 95) == 3.0
    assert percentile([float(n) for n in range(101)], 95) == pytest.approx(95)


def test_a_child_process_answers_with_its_peak_memory() -> None:
    ours = np.ones(256 * 2**20, np.uint8)  # must not count as the child's
    result, peak_mib = in_child_process(normalize, "A!")
    assert result == "a"
    assert 10 < peak_mib < ours.nbytes / 2**20
