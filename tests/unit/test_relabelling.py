import pytest

from app.domain.diarization.models import SpeakerTurn
from app.domain.diarization.relabelling import keep_labels

pytestmark = pytest.mark.unit

BEFORE = (SpeakerTurn(10, 14, "S1"), SpeakerTurn(14, 20, "S2"), SpeakerTurn(20, 22, "S1"))


def test_a_first_diarization_stays_as_it_is() -> None:
    assert keep_labels((), BEFORE) == BEFORE


def test_voices_keep_their_labels_when_another_is_heard_earlier() -> None:
    now = (
        SpeakerTurn(0, 9, "S1"),
        SpeakerTurn(10, 14.2, "S2"),
        SpeakerTurn(13.9, 20, "S3"),
        SpeakerTurn(20, 22, "S2"),
    )
    assert [turn.speaker for turn in keep_labels(BEFORE, now)] == ["S3", "S1", "S2", "S1"]


def test_the_longer_common_time_decides() -> None:
    now = (SpeakerTurn(10, 13, "S1"), SpeakerTurn(13, 20, "S2"), SpeakerTurn(20, 22, "S1"))
    assert [turn.speaker for turn in keep_labels(BEFORE, now)] == ["S1", "S2", "S1"]


def test_voices_that_were_one_before_are_told_apart() -> None:
    now = (SpeakerTurn(10, 14, "S1"), SpeakerTurn(14, 20, "S2"), SpeakerTurn(20, 22, "S3"))
    assert [turn.speaker for turn in keep_labels(BEFORE, now)] == ["S1", "S2", "S3"]


def test_no_label_is_given_to_another_voice_later() -> None:
    only = (SpeakerTurn(14, 20, "S1"),)
    assert [turn.speaker for turn in keep_labels(BEFORE, only)] == ["S2"]
    again = (SpeakerTurn(0, 9, "S1"), SpeakerTurn(14, 20, "S2"))
    kept = keep_labels(keep_labels(BEFORE, only), again, reserved=["S1"])
    assert [turn.speaker for turn in kept] == ["S3", "S2"]


def test_overlapping_turns_out_of_order_of_their_ends() -> None:
    before = (SpeakerTurn(0, 30, "S1"), SpeakerTurn(1, 2, "S2"), SpeakerTurn(25, 26, "S2"))
    now = (SpeakerTurn(1, 2, "S1"), SpeakerTurn(3, 30, "S2"), SpeakerTurn(25, 26, "S1"))
    assert [turn.speaker for turn in keep_labels(before, now)] == ["S2", "S1", "S2"]
