"""A photo and what is asked about it, as messages of a chat."""

import base64
import io
from typing import Any

from app.domain.vision.models import DescribeOptions, Photo
from app.domain.vision.scene_prompt import scene_instruction, scene_request, written_language

_LONGEST_SIDE_PX = 1280
"""Qwen2.5-VL looks at no more than 1.3 megapixels by default; a larger photo costs time on the way and is made smaller there."""
_JPEG_QUALITY = 85


def scene_messages(photo: Photo, options: DescribeOptions) -> list[dict[str, Any]]:
    """The instruction, and the photo with the request. Blocking: large photos are encoded anew."""
    url = "data:image/jpeg;base64," + base64.b64encode(_jpeg(photo)).decode("ascii")
    content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": scene_request(options)}]
    return [
        {"role": "system", "content": scene_instruction(written_language(options.language))},
        {"role": "user", "content": content},
    ]


def _jpeg(photo: Photo) -> bytes:
    """The photo as it is, unless it is larger than anybody looks at."""
    height, width = photo.pixels.shape[:2]
    if photo.jpeg and max(height, width) <= _LONGEST_SIDE_PX:
        return photo.jpeg
    from PIL import Image

    image = Image.fromarray(photo.pixels)
    image.thumbnail((_LONGEST_SIDE_PX, _LONGEST_SIDE_PX))
    output = io.BytesIO()
    image.save(output, "JPEG", quality=_JPEG_QUALITY)
    return output.getvalue()
