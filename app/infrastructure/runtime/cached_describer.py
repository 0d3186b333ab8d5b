"""A scene describer that remembers what it said of the same photo."""

import asyncio
import hashlib
import time
from dataclasses import replace

import numpy as np

from app.domain.session.models import SessionKey
from app.domain.vision.gateway import SceneDescriber
from app.domain.vision.models import DescribeOptions, DescriberCapabilities, Photo, Scene
from app.infrastructure.runtime.result_cache import CacheLimits, ResultCache


class CachedSceneDescriber(SceneDescriber):
    """Answers of the same model to the same pixels, question and language are the same: they are computed once."""

    def __init__(self, describer: SceneDescriber, limits: CacheLimits | None = None) -> None:
        """Remember nothing yet.

        Args:
            describer: answers what is not remembered; the same to the same.
            limits: how much is remembered, and for how long.
        """
        self.describer = describer
        self._cache: ResultCache[Scene] = ResultCache(limits or CacheLimits(), _size_bytes)

    @property
    def model_id(self) -> str:
        """The describer's."""
        return self.describer.model_id

    @property
    def capabilities(self) -> DescriberCapabilities:
        """The describer's."""
        return self.describer.capabilities

    async def describe(self, photo: Photo, options: DescribeOptions) -> Scene:
        """See the port. A remembered scene's only timing is how long it took to find."""
        began = time.monotonic()
        pixels = await asyncio.to_thread(_digest, photo)
        key = (self.model_id, pixels, photo.width, photo.height, options.language, options.prompt)
        found = self._cache.find(key)
        if found is not None:
            return replace(found, timings_ms={"remembered": round((time.monotonic() - began) * 1000)})
        # Who waits for an answer does not wait for one that gives way to others.
        return await self._cache.compute(key, lambda: self.describer.describe(photo, options), manner=options.urgent)

    def forget(self, key: SessionKey) -> None:
        """Forget every scene when a session is erased: they do not tell whose they are, and none of its may be left."""
        self._cache.forget()


def _digest(photo: Photo) -> bytes:
    """Of the pixels and their shape; takes about a millisecond a megabyte."""
    digest = hashlib.blake2b(repr(photo.pixels.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(photo.pixels).data)
    return digest.digest()


def _size_bytes(scene: Scene) -> int:
    return len(repr(scene))
