import hashlib
from pathlib import Path

import pytest

from app.domain.errors import ConfigurationError
from app.infrastructure.diarization.networks import SHA256, WEIGHTS_DIR, DiarizationNetworks

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("name", list(SHA256))
def test_weights_are_the_ones_described(name: str) -> None:
    checksum = hashlib.sha256((WEIGHTS_DIR / name).read_bytes()).hexdigest()
    assert checksum == SHA256[name]
    assert checksum in (WEIGHTS_DIR / "README.md").read_text(encoding="utf-8")


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    for name in SHA256:
        (tmp_path / name).write_bytes(b"damaged")
    with pytest.raises(ConfigurationError, match="damaged"):
        DiarizationNetworks(threads=1, weights_dir=tmp_path)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"segmentation-3\.0\.onnx is missing"):
        DiarizationNetworks(threads=1, weights_dir=tmp_path)
