"""What decodes photos."""

from app.infrastructure.photos.limited_photo_decoder import LimitedPhotoDecoder
from app.settings import Settings


def build_photo_decoder(settings: Settings) -> LimitedPhotoDecoder:
    """A decoder with the settings' bounds; nothing is started yet."""
    vision = settings.vision
    return LimitedPhotoDecoder(
        max_megapixels=vision.max_megapixels, max_bytes=vision.max_photo_bytes, rotation=vision.rotation
    )
