import itertools

import numpy as np
import pytest

from app.domain.audio.models import SAMPLE_RATE_HZ
from app.domain.vad.endpointing import FRAME_S, Endpointer, EndpointingOptions, Utterance, quietest
from app.domain.vad.gateway import VAD_FRAME_SAMPLES

pytestmark = pytest.mark.unit
OPTIONS = EndpointingOptions(silence_s=0.32, pad_s=0.096, shortest_s=0.1, longest_s=8.0)


def run(endpointer: Endpointer, *stretches: tuple[float, int]) -> list[Utterance]:
    """Feed ``(probability, frames)`` stretches and end."""
    found = []
    for probability, frames in stretches:
        found += endpointer.feed([probability] * frames, [20 * probability - 40] * frames)
    return found + endpointer.finish()


def frames(utterances: list[Utterance]) -> list[tuple[int, int]]:
    return [(each.speech_start // VAD_FRAME_SAMPLES, each.speech_end // VAD_FRAME_SAMPLES) for each in utterances]


def test_silence_has_no_utterances() -> None:
    assert run(Endpointer(OPTIONS), (0.1, 1000)) == []


def test_a_pause_ends_an_utterance() -> None:
    found = run(Endpointer(OPTIONS), (0, 10), (0.9, 20), (0, 10), (0.9, 20), (0, 5), (0.9, 5), (0, 40))
    assert frames(found) == [(10, 30), (40, 70)]
    assert all(each.pause for each in found)


def test_a_long_utterance_ends_at_a_shorter_pause() -> None:
    options = EndpointingOptions(silence_s=0.64, long_s=1.0, long_silence_s=0.32)
    stretches = [(0, 10), (0.9, 20), (0, 12), (0.9, 40), (0, 12), (0.9, 20), (0, 12), (0.9, 3), (0, 40)]
    assert frames(run(Endpointer(options), *stretches)) == [(10, 82), (94, 129)]


def test_hysteresis_keeps_an_utterance_together() -> None:
    assert frames(run(Endpointer(OPTIONS), (0.6, 10), (0.4, 50), (0.6, 10), (0.4, 3))) == [(0, 73)]
    assert run(Endpointer(OPTIONS), (0.4, 100)) == []


def test_padding_never_reaches_into_another_utterance() -> None:
    found = run(Endpointer(OPTIONS), (0, 1), (0.9, 20), (0, 10), (0.9, 20), (0, 1))
    assert found[0].start == 0
    assert found[0].end <= found[1].start
    assert found[1].end == 52 * VAD_FRAME_SAMPLES


def test_a_click_is_no_utterance_but_a_short_answer_is() -> None:
    assert run(Endpointer(OPTIONS), (0, 20), (0.9, 2), (0, 40)) == []
    assert frames(run(Endpointer(OPTIONS), (0, 20), (0.9, 5), (0, 40))) == [(20, 25)]


def test_a_click_at_the_very_beginning_is_no_utterance_either() -> None:
    assert run(Endpointer(OPTIONS), (0.9, 2), (0, 40)) == []
    jumped = Endpointer(OPTIONS)
    run(jumped, (0.9, 20), (0, 40))
    jumped.jump(100 * VAD_FRAME_SAMPLES)
    assert run(jumped, (0.9, 2), (0, 40)) == []


def test_the_rest_of_a_cut_utterance_is_kept_however_short() -> None:
    resumed = Endpointer(OPTIONS, 100 * VAD_FRAME_SAMPLES)
    assert frames(run(resumed, (0.9, 2), (0, 40))) == [(100, 102)]


def test_long_speech_is_cut_at_its_quietest_place_without_a_hole() -> None:
    stretches = [(0.95, 120), (0.5, 6), (0.95, 300), (0.6, 6), (0.95, 100)]
    found = run(Endpointer(OPTIONS), *stretches)
    assert [each.pause for each in found] == [False] * (len(found) - 1) + [True]
    assert all(before.end == after.start for before, after in itertools.pairwise(found))
    assert max(each.duration_s for each in found) <= OPTIONS.longest_s + 0.2
    assert 120 <= found[0].end // VAD_FRAME_SAMPLES <= 126


def test_nothing_before_the_start_or_a_jump_is_used() -> None:
    endpointer = Endpointer(OPTIONS, start=1000)
    assert endpointer.feed([0.9] * 20, [0] * 20) == []
    first = endpointer.finish()
    endpointer.jump(500_000)
    second = run(endpointer, (0.9, 20))
    assert first[0].start == 1000
    assert second[0].start == 500_000


def test_pieces_give_what_the_whole_gives() -> None:
    random = np.random.default_rng(5)
    probabilities = np.repeat(random.random(200), random.integers(1, 40, 200)).tolist()
    levels = [30 * value for value in probabilities]
    whole = Endpointer(OPTIONS)
    expected = whole.feed(probabilities, levels) + whole.finish()
    pieces, found = Endpointer(OPTIONS), []
    for at in range(0, len(probabilities), 7):
        found += pieces.feed(probabilities[at : at + 7], levels[at : at + 7])
    assert found + pieces.finish() == expected
    assert len(expected) > 10


def test_the_quietest_place_may_be_anywhere_after_the_earliest() -> None:
    levels = [0.0] * 100
    levels[20:26] = [-50.0] * 6
    levels[60:66] = [-40.0] * 6
    assert 20 <= quietest([0.9] * 100, levels, earliest=10) <= 25
    assert 60 <= quietest([0.9] * 100, levels, earliest=40) <= 65
    assert FRAME_S == VAD_FRAME_SAMPLES / SAMPLE_RATE_HZ
