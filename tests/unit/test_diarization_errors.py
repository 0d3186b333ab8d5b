from pathlib import Path

import pytest

from app.commands.bench.diarization_errors import ErrorRates, read_rttm
from app.domain.diarization.models import SpeakerTurn
from app.domain.errors import ConfigurationError

pytestmark = pytest.mark.slow  # pyannote.metrics takes seconds to import
REFERENCE = [SpeakerTurn(0.0, 4.0, "anna"), SpeakerTurn(4.0, 8.0, "bruno")]


def test_names_do_not_matter() -> None:
    found = [SpeakerTurn(0.0, 4.0, "S1"), SpeakerTurn(4.0, 8.0, "S2")]
    assert ErrorRates().add(REFERENCE, found, 8.0) == {"0": 0.0, "0.25": 0.0}


def test_confusion_and_false_speech_count() -> None:
    rates = ErrorRates()
    assert rates.add(REFERENCE, [SpeakerTurn(0.0, 8.0, "S1")], 8.0)["0"] == 0.5
    assert rates.add(REFERENCE, [*REFERENCE, SpeakerTurn(8.0, 10.0, "bruno")], 10.0)["0"] == 0.25
    assert rates.total() == {"0": 0.375, "0.25": pytest.approx(0.4, abs=0.1)}


def test_the_collar_forgives_a_quarter_of_a_second_on_each_side() -> None:
    late = [SpeakerTurn(0.0, 4.2, "S1"), SpeakerTurn(4.2, 8.0, "S2")]
    assert ErrorRates().add(REFERENCE, late, 8.0) == {"0": 0.025, "0.25": 0.0}


def test_rttm_is_read_and_its_faults_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.rttm"
    path.write_text("SPEAKER a 1 1.5 2.0 <NA> <NA> anna <NA> <NA>\n\n", encoding="utf-8")
    assert read_rttm(path) == [SpeakerTurn(1.5, 3.5, "anna")]
    path.write_text("SPEAKER a 1 soon 2.0 <NA> <NA> anna\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="line 1"):
        read_rttm(path)


def test_without_recordings_there_is_no_total() -> None:
    assert ErrorRates().total() is None
