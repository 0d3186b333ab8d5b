from pathlib import Path

import numpy as np
import pytest

from app.commands.bench.references import reference_of
from app.commands.bench.variants import with_variants
from app.domain.audio.models import SAMPLE_RATE_HZ
from app.infrastructure.audio.av_codec import AvAudioCodec
from tests.wav_files import write_words

pytestmark = pytest.mark.unit


def test_variants_sound_alike_and_say_the_same(tmp_path: Path) -> None:
    for language in ("en", "es"):
        (tmp_path / language).mkdir()
        write_words(tmp_path / language / "a.wav", [1, 2])
    recordings = [tmp_path / "en" / "a.wav", tmp_path / "es" / "a.wav"]
    paths, texts = with_variants(recordings, {"en/a.wav": "one two"}, tmp_path / "variants")

    assert [path.name for path in paths[:4]] == ["a.wav", "a quieter.wav", "a later.wav", "a with noise.wav"]
    assert [reference_of(path, texts) for path in paths] == ["one two"] * 4 + [None] * 4
    plain, quieter, later, noisy = (
        np.concatenate(list(AvAudioCodec().read_recording(path, max_duration_s=60))) for path in paths[:4]
    )
    assert np.allclose(quieter, 0.3 * plain, atol=1e-4)
    assert later.size == plain.size + round(0.15 * SAMPLE_RATE_HZ)
    assert np.array_equal(later[-plain.size :], plain)
    assert 0.001 < float(np.std(noisy - plain)) < 0.003
