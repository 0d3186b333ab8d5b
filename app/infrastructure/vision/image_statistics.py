"""How bright and how sharp a photo is."""

import numpy as np

from app.domain.vision.models import MAX_SIDE_PX, Pixels

WIDTH_PX = 320
"""Sharpness depends on the size of the picture: photos are compared at this width."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def brightness_and_sharpness(pixels: Pixels) -> tuple[float, float]:
    """As ``SceneEvidence`` describes them.

    Args:
        pixels: uint8, height x width x 3, RGB.

    Returns:
        Mean luma, 0 to 1; and the variance of the luma's Laplacian (0 for photos without an inside).
    """
    import cv2

    height, width = pixels.shape[:2]
    scale = min(WIDTH_PX / width, MAX_SIDE_PX / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    luma = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32) @ _LUMA
    inner = luma[1:-1, 1:-1]
    laplacian = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * inner
    sharpness = float(laplacian.var()) if inner.size else 0.0
    return float(luma.mean()) / 255, sharpness
