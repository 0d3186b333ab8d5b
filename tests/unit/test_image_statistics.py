"""Brightness and sharpness of photos, by values that can be computed by hand."""

import numpy as np
import pytest

from app.infrastructure.vision.image_statistics import WIDTH_PX, brightness_and_sharpness

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("level", "brightness"), [(0, 0.0), (255, 1.0), (51, 0.2)])
def test_a_plain_photo_is_as_bright_as_its_grey_and_has_no_edges(level: int, brightness: float) -> None:
    bright, sharp = brightness_and_sharpness(np.full((240, WIDTH_PX, 3), level, np.uint8))
    assert bright == pytest.approx(brightness, abs=1e-3)
    assert sharp == pytest.approx(0.0, abs=1e-3)


def test_green_is_brighter_than_blue() -> None:
    green, blue = np.zeros((2, 240, WIDTH_PX, 3), np.uint8)
    green[:, :, 1], blue[:, :, 2] = 255, 255
    assert brightness_and_sharpness(green)[0] == pytest.approx(0.587, abs=1e-3)
    assert brightness_and_sharpness(blue)[0] == pytest.approx(0.114, abs=1e-3)


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    chequered = np.zeros((240, WIDTH_PX, 3), np.uint8)
    chequered[::2, ::2], chequered[1::2, 1::2] = 255, 255
    # Every pixel differs from its four neighbours by 255: the Laplacian is +1020 or -1020, half each.
    assert brightness_and_sharpness(chequered)[1] == pytest.approx(1020**2, rel=1e-3)


def test_blur_takes_sharpness_away() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (240, WIDTH_PX, 3), np.uint8)
    blurred = np.mean([np.roll(noise, shift, axis=1) for shift in range(8)], axis=0).astype(np.uint8)
    assert brightness_and_sharpness(blurred)[1] < 0.5 * brightness_and_sharpness(noise)[1]


@pytest.mark.parametrize("shape", [(1, 1), (2, 3000), (3000, 2)])
def test_photos_of_every_shape_have_both(shape: tuple[int, int]) -> None:
    brightness, sharpness = brightness_and_sharpness(np.full((*shape, 3), 255, np.uint8))
    assert brightness == pytest.approx(1.0)
    assert sharpness == pytest.approx(0.0, abs=1e-3)
