import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.vision.clock import MAX_SKEW_S, PhotoTime, SessionClock, clock_skew, place_photos

pytestmark = pytest.mark.unit

NOW = 1_763_710_000.0
CREATED = SessionClock(created_at=NOW)
"""The client gave no start: zero is the server's."""


def photos(*times: tuple[float | None, float]) -> list[PhotoTime]:
    """Photos by captured and received seconds after ``NOW``."""
    return [
        PhotoTime(f"f{number}", NOW + received, None if captured is None else NOW + captured)
        for number, (captured, received) in enumerate(times, 1)
    ]


def offsets(clock: SessionClock, *times: tuple[float | None, float]) -> list[float]:
    return [round(offset, 3) for offset in place_photos(clock, photos(*times)).offsets_s.values()]


def test_both_times_of_the_client_need_no_correction() -> None:
    hour_ahead = SessionClock(created_at=NOW, started_at=NOW + 3_600)
    assert offsets(hour_ahead, (3_610, 11), (3_620.5, 21)) == [10.0, 20.5]
    never_set = SessionClock(created_at=NOW, started_at=50.0)
    assert place_photos(never_set, [PhotoTime("f1", NOW + 32, 81.0)]).offsets_s == {"f1": 31.0}


def test_without_any_time_of_the_client_photos_lie_where_they_arrived() -> None:
    assert offsets(CREATED, (None, 12), (None, 40)) == [12.0, 40.0]


def test_a_clock_that_is_ahead_is_set_back_by_what_is_certain() -> None:
    # A minute ahead; the quickest photo took 0.4 s.
    assert offsets(CREATED, (70, 12), (80, 20.4), (90, 33)) == [10.4, 20.4, 30.4]
    assert clock_skew(CREATED, photos((70, 12), (80, 20.4), (90, 33))) == pytest.approx(59.6)


def test_a_clock_that_is_behind_is_set_forward_when_several_photos_agree() -> None:
    assert offsets(CREATED, (-90, 11), (-80, 20.5), (-50, 51)) == [10.5, 20.5, 50.5]


def test_a_late_upload_is_no_skew() -> None:
    assert offsets(CREATED, (10, 100)) == [10.0]
    # Taken while there was no connection, sent together, out of order.
    assert offsets(CREATED, (70, 200), (10, 201), (40, 202), (100, 203)) == [70.0, 10.0, 40.0, 100.0]
    # Taken within a moment, and as late as each other.
    assert offsets(CREATED, (10, 100), (11, 101), (12, 102)) == [10.0, 11.0, 12.0]


def test_late_uploads_hide_no_skew() -> None:
    live = [(-90.0, 10.5), (-70.0, 30.5), (-50.0, 50.5)]
    late = [(-40.0, 400.0), (-30.0, 401.0)]
    assert offsets(CREATED, *live, *late) == [10.5, 30.5, 50.5, 60.5, 70.5]


def test_short_delays_of_uploads_are_no_skew() -> None:
    assert offsets(CREATED, (10, 12), (30, 32), (60, 62)) == [10.0, 30.0, 60.0]


def test_times_that_cannot_be_true_give_way_to_arrivals() -> None:
    milliseconds = place_photos(CREATED, [PhotoTime("f1", NOW + 5, NOW * 1_000), PhotoTime("f2", NOW + 9, NOW + 8)])
    assert milliseconds.offsets_s == {"f1": 5.0, "f2": 8.0}
    assert milliseconds.clock_skew_s == 0.0
    assert place_photos(CREATED, [PhotoTime("f1", NOW + 5, 12.0)]).offsets_s == {"f1": 5.0}
    assert offsets(CREATED, (3_600, 5)) == [5.0]
    started = SessionClock(created_at=NOW, started_at=NOW)
    assert place_photos(started, [PhotoTime("f1", NOW + 5, 12.0)]).offsets_s == {"f1": 5.0}


def test_arrivals_count_from_the_start_on_the_servers_clock() -> None:
    ahead = SessionClock(created_at=NOW, started_at=NOW + 100)
    assert offsets(ahead, (None, 30)) == [30.0]
    began_offline = SessionClock(created_at=NOW, started_at=NOW - 1_200)
    assert offsets(began_offline, (None, 30)) == [1_230.0]
    recorded_last_week = SessionClock(created_at=NOW, started_at=NOW - 7 * 86_400)
    assert offsets(recorded_last_week, (None, 30)) == [30.0]
    an_hour_ahead = SessionClock(created_at=NOW, started_at=NOW + 3_600)
    assert offsets(an_hour_ahead, (None, 30)) == [30.0]


def test_photos_of_long_ago_keep_their_order() -> None:
    week = 7 * 86_400.0
    found = offsets(CREATED, (-week + 30, 1), (-week + 10, 2), (-week + 20, 3))
    assert sorted(range(3), key=found.__getitem__) == [1, 2, 0]


clocks = st.builds(
    SessionClock, st.just(NOW), st.none() | st.floats(-400, 400).map(lambda shift: NOW + shift) | st.just(20.0)
)
times = st.lists(
    st.tuples(st.none() | st.integers(-2_000, 2_000) | st.just(-NOW), st.integers(0, 2_000)), min_size=1, max_size=12
)


@given(clocks, times)
def test_what_is_believed_keeps_its_order_and_the_skew_its_bound(
    clock: SessionClock, moments: list[tuple[float | None, float]]
) -> None:
    taken = photos(*moments)
    placed = place_photos(clock, taken)
    assert abs(placed.clock_skew_s) <= MAX_SKEW_S
    assert set(placed.offsets_s) == {photo.frame_id for photo in taken}
    live = [
        p for p in taken if p.captured_at is not None and p.captured_at > NOW - 2_001 and p.captured_at <= p.received_at
    ]
    if clock.started_at != 20.0:  # else no time of day can be compared with the session's start
        by_capture = sorted(live, key=lambda photo: photo.captured_at or 0.0)
        found = [placed.offsets_s[photo.frame_id] for photo in by_capture]
        assert found == sorted(found)


@given(clocks, times, st.tuples(st.integers(-2_000, 2_500), st.integers(2_000, 2_500)))
def test_one_more_photo_moves_the_others_by_no_more_than_the_correction(
    clock: SessionClock, moments: list[tuple[float | None, float]], later: tuple[float, float]
) -> None:
    before, after = place_photos(clock, photos(*moments)), place_photos(clock, photos(*moments, later))
    change = abs(after.clock_skew_s - before.clock_skew_s)
    for frame_id, offset in before.offsets_s.items():
        assert abs(after.offsets_s[frame_id] - offset) <= change + 1e-6


@given(st.floats(0, MAX_SKEW_S - 5), st.lists(st.tuples(st.integers(0, 600), st.floats(0, 4)), min_size=1, max_size=12))
def test_a_clock_that_is_ahead_is_found_up_to_the_quickest_upload(
    ahead: float, moments: list[tuple[int, float]]
) -> None:
    placed = place_photos(CREATED, photos(*((at + ahead, at + delay) for at, delay in moments)))
    quickest = min(delay for _, delay in moments)
    for (at, _), offset in zip(moments, placed.offsets_s.values(), strict=True):
        assert offset == pytest.approx(at + min(quickest, ahead), abs=1e-3)
