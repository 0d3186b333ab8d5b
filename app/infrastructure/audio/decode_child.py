"""The process that decodes one recording: the file is its standard input, messages with audio its standard output.

A message is a header (kind, length of the body; ``HEADER``) and a body: pcm16 at 16 kHz mono (``AUDIO``), a sentence that
says why the recording is refused (``REFUSED``), or nothing: the end, of all of it (``WHOLE``) or of what could be decoded
(``END``). Without one of these three it has crashed.
"""

import contextlib
import struct
import sys
from typing import BinaryIO

from app.infrastructure.runtime.process_limits import limit_self

HEADER = struct.Struct("<cI")
AUDIO, REFUSED, WHOLE, END = b"A", b"R", b"W", b"E"
MAX_AUDIO_BYTES = 64 * 1024
MAX_REFUSAL_BYTES = 1000


def send_recording(file: BinaryIO, output: BinaryIO) -> None:
    """Decode ``file`` and write it to ``output`` as messages."""
    from app.domain.audio.pcm import to_pcm16
    from app.domain.errors import InvalidInput
    from app.infrastructure.audio.file_decoder import decode_file

    try:
        blocks = decode_file(file)
        while True:
            try:
                audio = to_pcm16(next(blocks))
            except StopIteration as end:
                return _send(output, WHOLE if end.value else END, b"")
            for start in range(0, len(audio), MAX_AUDIO_BYTES):
                _send(output, AUDIO, audio[start : start + MAX_AUDIO_BYTES])
    except InvalidInput as error:
        _send(output, REFUSED, error.message.encode()[:MAX_REFUSAL_BYTES])


def _send(output: BinaryIO, kind: bytes, body: bytes) -> None:
    output.write(HEADER.pack(kind, len(body)) + body)
    output.flush()


if __name__ == "__main__":
    limit_self(int(sys.argv[1]), int(sys.argv[2]))
    with contextlib.suppress(BrokenPipeError):  # the reader has had enough
        send_recording(sys.stdin.buffer, sys.stdout.buffer)
