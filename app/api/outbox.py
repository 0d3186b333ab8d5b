"""What waits to be sent to a client. Newer news replaces older, so a slow reader costs little memory and misses nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio
import orjson

from app.application.sessions.feed import PartialText, Progress
from app.domain.errors import Overloaded
from app.domain.vision.alerts import Alert

MAX_WAITING = 64
"""Messages that cannot be merged; only a client that does not read has so many waiting."""
MAX_SEGMENTS = 5_000
"""Segments merged into one message: hours of speech that nobody read."""
MAX_PARTIAL_CHARACTERS = 1_000
SEND_TIMEOUT_S = 30.0
"""A client that takes nothing for so long, with the system's buffers full, is gone or broken."""


class Outbox:
    """Collects messages on one side and sends them in order on the other; acks, partials and progress are merged."""

    def __init__(self, send: Callable[[str], Awaitable[None]], send_timeout_s: float = SEND_TIMEOUT_S) -> None:
        """Prepare; ``run`` must run for messages to leave."""
        self._send = send
        self._send_timeout_s = send_timeout_s
        self._waiting: dict[str, dict[str, Any]] = {}
        self._count = 0
        self._filled = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def message(self, message: dict[str, Any]) -> None:
        """Send ``message`` after what waits.

        Raises:
            Overloaded: the client reads too slowly.
        """
        self._count += 1
        self._put(f"message {self._count}", message)

    def notice(self, error: dict[str, Any]) -> None:
        """Send the ``error`` message after what waits, unless one of the same code waits already.

        Raises:
            Overloaded: the client reads too slowly.
        """
        slot = f"notice {error['code']}"
        if slot not in self._waiting:
            self._put(slot, error)

    def last(self, message: dict[str, Any]) -> None:
        """Send ``message`` as the last one; of what waits only the newest ack goes before it."""
        self._waiting = {slot: waiting for slot, waiting in self._waiting.items() if slot == "ack"}
        self._put("last", message)

    def ack(self, chunk_id: int, audio_s: float) -> None:
        """Everything up to ``chunk_id`` is on disk."""
        self._put("ack", {"type": "ack", "chunk_id": chunk_id, "audio_ms": _ms(audio_s)})

    def progress(self, progress: Progress) -> None:
        """How far a stage is."""
        fraction = round(min(1.0, max(0.0, progress.fraction)), 3)
        self._put("progress", {"type": "progress", "stage": progress.stage, "fraction": fraction})

    def alert(self, alert: Alert) -> None:
        """A danger, to be told to the wearer now.

        Raises:
            Overloaded: the client reads too slowly.
        """
        message = {
            "type": "alert",
            "severity": alert.severity.value,
            "text": alert.text,
            "language": alert.language,
            "source": alert.source,
        }
        place = {"segment_id": alert.segment_id, "frame_id": alert.frame_id}
        self.message(message | {name: value for name, value in place.items() if value is not None})

    def limits(self, limits: Mapping[str, float]) -> None:
        """What the client should keep to from now on."""
        self._put("limits", {"type": "limits", "limits": dict(limits)})

    def partial(self, partial: PartialText) -> None:
        """New or changed recognition results."""
        waiting = self._waiting.get("partial_result")
        segments = {line["id"]: line for line in waiting["segments"]} if waiting else {}
        for line in partial.lines:
            segments[line.segment_id] = {
                "id": line.segment_id,
                "start": round(line.start, 3),
                "end": round(line.end, 3),
                "text": line.text,
                "speaker": line.speaker,
                "final": line.segment_id in partial.final,
            }
        if len(segments) > MAX_SEGMENTS:
            raise _too_slow()
        self._put(
            "partial_result",
            {
                "type": "partial_result",
                "text": partial.text[-MAX_PARTIAL_CHARACTERS:],
                "segments": list(segments.values()),
                "audio_ms": _ms(partial.audio_s),
            },
        )

    async def run(self) -> None:
        """Send until cancelled.

        Raises:
            Overloaded: the client took nothing for ``send_timeout_s``.
        """
        while True:
            await self._filled.wait()
            slot = next(iter(self._waiting))
            message = self._waiting.pop(slot)
            # Not asyncio.wait_for: before Python 3.12 it loses a cancellation that comes as the message leaves.
            with anyio.move_on_after(self._send_timeout_s) as sending:
                await self._send(orjson.dumps(message).decode())
            if sending.cancelled_caught:
                raise _too_slow()
            if not self._waiting:
                self._filled.clear()
                self._idle.set()

    async def drain(self, timeout_s: float) -> None:
        """Return when everything was handed to the network, or after ``timeout_s``."""
        with anyio.move_on_after(timeout_s):
            await self._idle.wait()

    def _put(self, slot: str, message: dict[str, Any]) -> None:
        if len(self._waiting) >= MAX_WAITING:
            raise _too_slow()
        self._waiting[slot] = message
        self._filled.set()
        self._idle.clear()


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _too_slow() -> Overloaded:
    return Overloaded("the client reads too slowly", code="slow_reader", retry_after_s=5.0)
