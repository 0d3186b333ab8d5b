"""Photos of nearly the same are near, others far, and those of nothing are not taken for each other."""

import functools
import io
import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.domain.vision.fingerprint import (
    BITS,
    LOCAL_CHANGE,
    NEAR_DUPLICATE_BITS,
    distance,
    fingerprint,
    is_near_duplicate,
    local_change,
)
from app.domain.vision.models import Pixels
from tests.photos import saved

pytestmark = pytest.mark.unit
WIDTH, HEIGHT = 640, 480
SEEDS = range(12)
SQUARES_BITS = 6144


@functools.cache
def scene(seed: int) -> Pixels:
    """Shapes of all sizes, the larger the stronger, as in photos (Field 1987: amplitude falls as 1 / frequency)."""
    random = np.random.default_rng(seed)
    total = np.full((HEIGHT, WIDTH, 3), 110.0)
    for cells in (2, 4, 8, 16, 32, 64):
        shapes = Image.fromarray(random.integers(0, 256, (cells, cells, 3), np.uint8))
        total += (np.asarray(shapes.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)) - 127.5) / cells
    pixels: Pixels = np.clip(total, 0, 255).astype(np.uint8)
    return pixels


def grain(pixels: Pixels, deviation: float, seed: int = 7) -> Pixels:
    noise = np.random.default_rng(seed).normal(0, deviation, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def flat(*color: int) -> Pixels:
    return np.full((HEIGHT, WIDTH, 3), color, np.uint8)


def lit_from_the_side(start: int, end: int) -> Pixels:
    row = np.linspace(start, end, WIDTH)
    return np.broadcast_to(row[None, :, None], (HEIGHT, WIDTH, 3)).astype(np.uint8)


def encoded(pixels: Pixels) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(saved(Image.fromarray(pixels), quality=25, subsampling=2))))


def cropped(pixels: Pixels) -> Pixels:
    dy, dx = HEIGHT // 100, WIDTH // 100
    return np.asarray(Image.fromarray(pixels[dy:-dy, dx:-dx]).resize((WIDTH, HEIGHT)))


SLIGHT_CHANGES: dict[str, Callable[[Pixels], Pixels]] = {
    "encoded anew": encoded,
    "lighter": lambda pixels: np.clip(pixels * 1.1, 0, 255).astype(np.uint8),
    "darker": lambda pixels: (pixels * 0.9).astype(np.uint8),
    "cropped": cropped,
    "moved": lambda pixels: pixels[HEIGHT // 100 :, WIDTH // 100 :],
    "grain": lambda pixels: grain(pixels, 8),
    "smaller": lambda pixels: np.asarray(Image.fromarray(pixels).resize((320, 240))),
    "larger": lambda pixels: np.asarray(Image.fromarray(pixels).resize((1920, 1440))),
}


@pytest.mark.parametrize("change", SLIGHT_CHANGES)
def test_slight_changes_are_near(change: str) -> None:
    apart = [distance(fingerprint(scene(seed)), fingerprint(SLIGHT_CHANGES[change](scene(seed)))) for seed in SEEDS]
    assert max(apart) <= NEAR_DUPLICATE_BITS
    assert all(
        is_near_duplicate(fingerprint(scene(seed)), fingerprint(SLIGHT_CHANGES[change](scene(seed)))) for seed in SEEDS
    )


@pytest.mark.parametrize(("width", "height"), [(90, 100), (200, 200), (160, 288)])
@pytest.mark.parametrize("color", [(20, 20, 20), (20, 235, 40), (240, 240, 240)])
def test_something_new_that_stands_out_is_seen_wherever_it_is(
    width: int, height: int, color: tuple[int, int, int]
) -> None:
    for seed, (left, top) in zip(SEEDS, itertools.product((0, 150, 275, 470), (0, 60, 190)), strict=False):
        photo = scene(seed).copy()
        photo[top : top + height, left : left + width] = color
        assert not is_near_duplicate(fingerprint(scene(seed)), fingerprint(encoded(grain(photo, 5))))
        assert local_change(fingerprint(scene(seed)), fingerprint(photo)) > LOCAL_CHANGE


def test_a_light_that_goes_out_is_seen() -> None:
    for seed in SEEDS:
        assert not is_near_duplicate(fingerprint(scene(seed)), fingerprint((scene(seed) * 0.4).astype(np.uint8)))


def test_fingerprints_of_another_kind_are_far() -> None:
    assert not is_near_duplicate(fingerprint(scene(1)) >> SQUARES_BITS, fingerprint(scene(1)))


def test_different_photos_are_far() -> None:
    prints = [fingerprint(scene(seed)) for seed in SEEDS]
    assert min(distance(a, b) for a, b in itertools.combinations(prints, 2)) > NEAR_DUPLICATE_BITS + 4


def test_something_taken_away_is_seen() -> None:
    wall = np.concatenate([np.full((300, WIDTH, 3), 150), np.full((180, WIDTH, 3), 210)]).astype(np.uint8)
    with_things = []
    for count in range(1, 4):
        photo = grain(wall, 3)
        for left in (60, 280, 500)[:count]:
            photo[140:400, left : left + 60] = (90, 120, 150)
        with_things.append(fingerprint(photo))
    assert min(distance(a, b) for a, b in itertools.combinations(with_things, 2)) > NEAR_DUPLICATE_BITS


def test_photos_of_nothing_are_told_apart_by_what_little_they_show() -> None:
    shown = [flat(0, 0, 0), flat(255, 255, 255), flat(120, 120, 120), flat(200, 60, 60), flat(60, 60, 200)]
    shown += [lit_from_the_side(20, 220), lit_from_the_side(220, 20), lit_from_the_side(100, 140), scene(1)]
    for change in (lambda pixels: pixels, lambda pixels: grain(pixels, 10), encoded):
        prints = [fingerprint(change(pixels)) for pixels in shown]
        assert min(distance(a, b) for a, b in itertools.combinations(prints, 2)) > NEAR_DUPLICATE_BITS


@pytest.mark.parametrize("brightness", [8, 120, 247])
def test_the_same_nothing_is_the_same(brightness: int) -> None:
    pixels = flat(*[brightness] * 3)
    prints = {fingerprint(grain(pixels, deviation, seed=round(deviation))) for deviation in (0, 2, 5, 8)}
    first = fingerprint(encoded(pixels))
    assert all(distance(first, each) == 0 and is_near_duplicate(first, each) for each in prints)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2048), (2048, 1), (2, 3), (31, 33), (257, 255), (2048, 1536)])
def test_photos_of_every_shape_have_one(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    found = fingerprint(pixels)
    assert 0 <= found < 1 << SQUARES_BITS + BITS
    assert int(f"{found:016x}", 16) == found
    assert found == fingerprint(np.asfortranarray(pixels))


@given(st.integers(0, 2**BITS - 1), st.integers(0, 2**BITS - 1))
def test_distance(a: int, b: int) -> None:
    a, b = a << SQUARES_BITS, b << SQUARES_BITS
    assert distance(a, a) == 0
    assert distance(a, b) == distance(b, a)
    assert distance(a, a ^ (((1 << BITS) - 1) << SQUARES_BITS)) == BITS
    assert (distance(a, b) == 0) == (a == b)
