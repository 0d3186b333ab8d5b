"""How much of a recording is missing between two frames, by their time stamps."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av import AudioFrame, Packet

_MIN_HOLE_S = 0.02
"""Shorter than any lost packet of speech codecs; below, it is rounding in the container's time stamps."""
_MAX_HOLE_S = 60.0
"""More is no damage (a lost page of Ogg is a second) but a new clock, as where two recordings were joined."""


class RecordingClock:
    """Follows a stream's frames. A hole is seen whatever made it: a packet that cannot be decoded, or lost with its page."""

    def __init__(self) -> None:
        self.whole = True
        """Whether nothing is missing so far."""
        self._next_s: float | None = None

    def lost(self, packet: "Packet[Any]") -> None:
        """A packet could not be decoded. If it is the first one, the clock begins there."""
        self.whole = False
        if self._next_s is None and packet.pts is not None and packet.time_base is not None:
            self._next_s = float(packet.pts * packet.time_base)

    def missing_before(self, frame: "AudioFrame") -> Iterator[int]:
        """Silence that goes before the frame, in samples of its rate, in pieces of at most a second."""
        frame_s = frame.samples / frame.sample_rate
        if frame.pts is None or frame.time_base is None:
            self._next_s = None if self._next_s is None else self._next_s + frame_s
            return
        start_s = float(frame.pts * frame.time_base)
        hole_s = 0.0 if self._next_s is None else start_s - self._next_s
        if self._next_s is not None and abs(hole_s) < _MIN_HOLE_S:
            self._next_s += frame_s
            return
        self._next_s = start_s + frame_s
        missing = round(hole_s * frame.sample_rate) if 0 < hole_s <= _MAX_HOLE_S else 0
        self.whole = self.whole and not missing
        while missing > 0:
            yield min(missing, frame.sample_rate)
            missing -= frame.sample_rate
