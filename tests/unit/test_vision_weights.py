import hashlib
from pathlib import Path

import numpy as np
import pytest

from app.domain.errors import ConfigurationError
from app.infrastructure.vision.nanodet import SHA256, WEIGHTS, NanoDet
from app.infrastructure.vision.onnx_network import open_network

pytestmark = pytest.mark.unit


def test_weights_are_the_ones_described() -> None:
    checksum = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    assert checksum == SHA256
    assert checksum in (WEIGHTS.parent / "README.md").read_text(encoding="utf-8")


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.onnx").write_bytes(b"damaged")
    with pytest.raises(ConfigurationError, match="damaged"):
        NanoDet(threads=1, weights=tmp_path / "weights.onnx")


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"weights\.onnx is missing"):
        NanoDet(threads=1, weights=tmp_path / "weights.onnx")


def test_a_network_uses_the_threads_given_and_keeps_no_memory() -> None:
    options = open_network(WEIGHTS, threads=3).get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (3, 1)
    assert not options.enable_cpu_mem_arena


def test_an_empty_photo_has_no_objects() -> None:
    assert NanoDet(threads=1).detect(np.full((48, 64, 3), 128, np.uint8)) == ()
