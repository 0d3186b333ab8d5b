"""Where photos lie on their session's clock, although client and server may disagree about the time of day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

MAX_SKEW_S = 300.0
"""Largest difference between the clocks that is corrected. A quartz clock nobody sets drifts by about a minute a month (20 ppm): this is
half a year of it. What is further off is a time zone, a clock that was never set or a late upload, and is not guessed at."""
_SET_SINCE = 1_577_836_800.0
"""2020-01-01: clocks without a battery start at 1970 or at the date of their firmware, so an earlier time is no time of day."""
_LONGEST_S = 86_400.0
"""A day, longer than a session lasts: one that began earlier was recorded before and is uploaded now."""
_UPLOAD_S = 5.0
"""A photo of 40 KB takes this long over a slow mobile link (64 kbit/s): a shorter lag tells nothing about clocks."""
_EVEN_S = 3.0
"""Lags that differ by less count as equal: uploads of photos of one size over one link differ by about as much."""
_EVEN_ARRIVALS, _EVEN_SPAN_S = 3, 30.0
"""So many equal lags of photos taken over so long a time: photos that waited for a connection arrive together, which makes their lags
as different as the times at which they were taken; only photos taken within ``_EVEN_S`` could be mistaken."""


@dataclass(frozen=True)
class SessionClock:
    """When a session began.

    Attributes:
        created_at: unix seconds on the server's clock.
        started_at: unix seconds on the client's clock, if it said so: the session's zero; else that is ``created_at``.
    """

    created_at: float
    started_at: float | None = None


@dataclass(frozen=True)
class PhotoTime:
    """When a photo was taken and came.

    Attributes:
        frame_id: its name in the session.
        received_at: unix seconds on the server's clock.
        captured_at: unix seconds on the client's clock, if it said so.
    """

    frame_id: str
    received_at: float
    captured_at: float | None = None


@dataclass(frozen=True)
class PlacedPhotos:
    """The answer.

    Attributes:
        offsets_s: frame id to seconds on the session's clock, negative before its start.
        clock_skew_s: how far the client's clock is taken to be ahead of the server's, at most ``MAX_SKEW_S`` either way.
    """

    offsets_s: Mapping[str, float]
    clock_skew_s: float


def place_photos(clock: SessionClock, photos: Sequence[PhotoTime]) -> PlacedPhotos:
    """Find out when each photo was taken, on the session's clock.

    If the client gave both times, both are its own and their difference is right whatever its clock shows. If it gave only one, the
    other is the server's, and the estimated skew is taken off. A photo with no time, or one that cannot be true (from the future, or
    of a clock that was never set while the other one was), lies where it arrived: of a photo sent at once that is nearly right.
    Whether a time is believed depends on that photo alone, and all believed ones are corrected alike: they keep the order
    in which they were taken, and one more photo moves the others by no more than it changes the skew.

    Args:
        clock: the session's.
        photos: the session's, in any order.
    """
    skew = clock_skew(clock, photos)
    return PlacedPhotos({photo.frame_id: _offset(clock, photo, skew) for photo in photos}, skew)


def clock_skew(clock: SessionClock, photos: Iterable[PhotoTime]) -> float:
    """How far the client's clock is ahead, in seconds; 0 if the arrivals do not tell.

    Nothing arrives before it happened, so the smallest lag bounds the skew: if it is negative, the clock is ahead by at least
    that much. If it is positive, it is the delay of an upload or a clock that is behind; only when several photos, taken over a while,
    share it, the clock is the simpler reason. Late uploads have longer lags and change nothing.
    """
    arrivals = [(photo.captured_at, photo.received_at) for photo in photos if photo.captured_at is not None]
    if clock.started_at is not None:
        arrivals.append((clock.started_at, clock.created_at))
    lags = [(there - here, here) for here, there in arrivals if _is_set(here) and there - here >= -MAX_SKEW_S]
    least = min((lag for lag, _ in lags), default=0.0)
    if least < 0:
        return -least
    even = [here for lag, here in lags if lag <= least + _EVEN_S]
    if not _UPLOAD_S <= least <= MAX_SKEW_S or len(even) < _EVEN_ARRIVALS or max(even) - min(even) < _EVEN_SPAN_S:
        return 0.0
    return -least


def _offset(clock: SessionClock, photo: PhotoTime, skew: float) -> float:
    if photo.captured_at is None or not _is_believed(clock, photo.captured_at, photo.received_at):
        return photo.received_at - _zero_on_server(clock, skew)
    if clock.started_at is not None:
        return photo.captured_at - clock.started_at
    return photo.captured_at - skew - clock.created_at


def _is_believed(clock: SessionClock, captured_at: float, received_at: float) -> bool:
    started = clock.started_at
    # A clock that is an hour ahead in both times is as good as a right one.
    ahead = 0.0 if started is None else max(0.0, started - clock.created_at)
    if captured_at - received_at > MAX_SKEW_S + ahead:
        return False
    return _is_set(captured_at) == (started is None or _is_set(started))


def _zero_on_server(clock: SessionClock, skew: float) -> float:
    """The session's zero on the server's clock; its creation if the start lies in the future, or too long ago to count from."""
    started = clock.started_at
    if started is None or not -MAX_SKEW_S <= clock.created_at - started <= _LONGEST_S:
        return clock.created_at
    return started - skew


def _is_set(time: float) -> bool:
    return time >= _SET_SINCE
