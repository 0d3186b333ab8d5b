import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.infrastructure.diarization.clustering import VoiceSamples, assign, find_voices

pytestmark = pytest.mark.unit


def samples(voices: np.ndarray, windows: np.ndarray, *, spread: float = 0.4, seconds: float = 3.0) -> VoiceSamples:
    """Noisy unit vectors around random directions, one for each entry of ``voices``."""
    random = np.random.default_rng(7)
    directions = np.linalg.qr(random.normal(size=(64, 16)))[0].T
    vectors = directions[voices] + spread * random.normal(size=(len(voices), 64)) / 8
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    share = np.full(len(voices), 0.2, np.float32)
    return VoiceSamples(
        vectors.astype(np.float32), np.full(len(voices), seconds, np.float32), share, windows.astype(np.intp)
    )


def same_partition(first: np.ndarray, second: np.ndarray) -> bool:
    pairs = set(zip(first.tolist(), second.tolist(), strict=True))
    return len(pairs) == len(set(first.tolist())) == len(set(second.tolist()))


def test_voices_are_found_without_their_number() -> None:
    voices = np.arange(90) % 3
    assert same_partition(find_voices(samples(voices, np.arange(90))), voices)


def test_a_given_number_is_kept() -> None:
    heard = samples(np.arange(90) % 3, np.arange(90))
    assert len(set(find_voices(heard, 2).tolist())) == 2
    assert len(set(find_voices(heard, 1).tolist())) == 1
    assert len(set(find_voices(heard, 5).tolist())) <= 5


def test_similar_voices_of_one_window_stay_apart() -> None:
    windows = np.repeat(np.arange(30), 2)
    voices = np.tile([0, 1], 30)
    heard = samples(voices, windows)
    alike = heard.vectors + 2 * heard.vectors[:1]
    alike /= np.linalg.norm(alike, axis=1, keepdims=True)
    close = VoiceSamples(alike, heard.seconds, heard.share, heard.windows)
    assert same_partition(find_voices(close), voices)


def test_a_voice_with_too_little_speech_is_no_speaker() -> None:
    voices = np.array([0] * 30 + [1])
    labels = find_voices(samples(voices, np.arange(31)))
    assert set(labels.tolist()) == {0}


def test_little_speech_is_enough_if_there_is_no_other() -> None:
    heard = samples(np.array([0]), np.array([0]), seconds=0.6)
    assert find_voices(heard).tolist() == [0]


def test_nothing_heard_is_nobody() -> None:
    nothing = samples(np.zeros(0, np.intp), np.zeros(0, np.intp))
    assert find_voices(nothing).tolist() == []


def test_a_four_hour_session_is_grouped_in_seconds() -> None:
    count = 12_000
    voices = (2 * (np.arange(count) // 38) + np.arange(count) % 2) % 6  # two at a time take turns
    began = time.process_time()
    labels = find_voices(samples(voices, np.arange(count) // 2))
    assert time.process_time() - began < 60
    assert same_partition(labels, voices)


@settings(max_examples=50)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=6), st.integers(1, 5))
def test_samples_of_one_window_get_different_voices(sizes: list[int], count: int) -> None:
    windows = np.repeat(np.arange(len(sizes)), sizes)
    heard = samples(np.arange(len(windows)) % 16, windows, spread=3.0)
    centroids = samples(np.arange(count), np.arange(count)).vectors
    labels = assign(heard, centroids)
    for window, size in enumerate(sizes):
        own = labels[windows == window].tolist()
        assert len(set(own)) == size or size > count
