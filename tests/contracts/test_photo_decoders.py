import asyncio
from collections.abc import Iterator

import pytest

from app.domain.vision.gateway import PhotoDecoder
from app.infrastructure.photos.limited_photo_decoder import LimitedPhotoDecoder
from tests.contracts.photo_decoder import PhotoDecoderContract


@pytest.fixture(scope="module")
def limited() -> Iterator[PhotoDecoder]:
    decoder = LimitedPhotoDecoder()
    yield decoder
    asyncio.run(decoder.close())


@pytest.mark.unit
class TestLimitedPhotoDecoder(PhotoDecoderContract):
    @pytest.fixture
    def decoder(self, limited: PhotoDecoder) -> PhotoDecoder:
        return limited
