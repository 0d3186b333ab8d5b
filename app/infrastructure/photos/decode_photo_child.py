"""The process that decodes photos, one after another: requests are its standard input, replies its standard output.

A request is ``REQUEST`` (length of the file) and the file. A reply is ``REPLY`` and a body. For a photo (``PHOTO``) that is the
pixels, RGB by row, then the same as JPEG; refusals have none. Whoever reads replies must not trust them: decoding
hostile photos is what this process is for.
"""

import struct
import sys
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import BinaryIO

from app.infrastructure.runtime.process_limits import limit_next_piece, limit_self

REQUEST = struct.Struct("<I")
REPLY = struct.Struct("<cIIIII")
"""Kind; width and height as decoded; width and height of the upright photo as sent; bytes of the JPEG."""
PHOTO, DAMAGED, ANIMATED, TOO_MANY_PIXELS, TOO_LITTLE_MEMORY = b"P", b"D", b"A", b"X", b"M"


@dataclass(frozen=True)
class ChildLimits:
    """What the child is started with, as its command line's arguments.

    Attributes:
        memory_bytes: address space.
        life_cpu_s: CPU time of all its photos together.
        photo_cpu_s: CPU time of one photo.
        max_pixels: width x height that is decoded.
        max_side_px: longer side of what it sends.
        rotation: degrees clockwise by which photos without an orientation of their own are turned.
    """

    memory_bytes: int
    life_cpu_s: int
    photo_cpu_s: int
    max_pixels: int
    max_side_px: int
    rotation: int = 0

    def arguments(self) -> list[str]:
        """For the command line; ``from_arguments`` reads them."""
        return [str(number) for number in astuple(self)]

    @classmethod
    def from_arguments(cls, arguments: list[str]) -> "ChildLimits":
        """The limits that ``arguments`` told."""
        return cls(*(int(argument) for argument in arguments))


def serve(
    requests: BinaryIO, replies: BinaryIO, limits: ChildLimits, limit_photo: Callable[[int], None] = limit_next_piece
) -> None:
    """Answer requests until there are no more. Each photo's memory is freed before the next one is read.

    Args:
        requests: lengths and files.
        replies: takes the answers.
        limits: of this process.
        limit_photo: bounds the CPU seconds of the next photo, for the process as a whole.
    """
    while len(header := requests.read(REQUEST.size)) == REQUEST.size:
        limit_photo(limits.photo_cpu_s)
        data = requests.read(REQUEST.unpack(header)[0])
        _reply(data, replies, limits)
        replies.flush()


def _reply(data: bytes, replies: BinaryIO, limits: ChildLimits) -> None:
    from app.infrastructure.photos.pillow_decoding import Refused, decode_with_pillow

    try:
        photo = decode_with_pillow(
            data, max_pixels=limits.max_pixels, max_side_px=limits.max_side_px, rotation=limits.rotation
        )
    except Refused as refused:
        replies.write(REPLY.pack(refused.kind, 0, 0, *refused.size, 0))
    except MemoryError:
        replies.write(REPLY.pack(TOO_LITTLE_MEMORY, 0, 0, 0, 0, 0))
    except Exception:  # whatever a parser of hostile bytes raises
        replies.write(REPLY.pack(DAMAGED, 0, 0, 0, 0, 0))
    else:
        replies.write(REPLY.pack(PHOTO, *photo.size, *photo.original_size, len(photo.jpeg)))
        replies.write(photo.rgb)
        replies.write(photo.jpeg)


if __name__ == "__main__":
    from app.infrastructure.photos.pillow_decoding import load_codecs

    chosen = ChildLimits.from_arguments(sys.argv[1:])
    load_codecs(chosen.max_pixels)
    limit_self(chosen.memory_bytes, chosen.life_cpu_s)
    serve(sys.stdin.buffer, sys.stdout.buffer, chosen)
