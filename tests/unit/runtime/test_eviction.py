"""Which models make room, as a pure function."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.infrastructure.runtime.eviction import USUAL_PATIENCE, Candidate, Eviction, aged, plan_eviction

pytestmark = pytest.mark.unit
PHOTO, FINAL, POST = 1, 2, 4

candidates = st.lists(
    st.builds(
        Candidate,
        key=st.integers(0, 99),
        bytes=st.integers(0, 50),
        urgency=st.integers(0, 4),
        idle_s=st.none() | st.floats(0, 30),
    ),
    max_size=6,
    unique_by=lambda each: each.key,
)


def plan(missing: int, models: list[Candidate], urgency: int = POST) -> Eviction:
    return plan_eviction(missing, models, urgency, USUAL_PATIENCE)


@given(st.integers(1, 120), candidates, st.integers(0, 4))
def test_what_goes_now_is_idle_enough_and_no_more_than_needed(
    missing: int, models: list[Candidate], urgency: int
) -> None:
    known = {each.key: each for each in models}
    eviction = plan(missing, models, urgency)
    gone = [known[key] for key in eviction.now]
    assert all(each.idle_s is not None for each in gone)
    assert all(each.urgency >= urgency or (each.idle_s or 0) >= USUAL_PATIENCE.keep_s for each in gone)
    if gone:
        freed = sum(each.bytes for each in gone)
        assert freed >= missing
        assert all(freed - each.bytes < missing for each in gone)
        assert eviction.wait_for == ()
    elif sum(each.bytes for each in models) >= missing:
        assert sum(known[key].bytes for key in eviction.wait_for) >= missing


def test_the_least_urgent_goes_first_then_the_least_recently_used() -> None:
    models = [Candidate(1, 10, FINAL, 60.0), Candidate(2, 10, POST, 1.0), Candidate(3, 10, POST, 2.0)]
    assert plan(10, models).now == (3,)
    assert plan(20, models).now == (3, 2)
    assert plan(30, models).now == (3, 2, 1)


def test_a_model_of_a_live_session_is_kept_for_a_while_from_less_urgent_work_only() -> None:
    resting = [Candidate(1, 10, FINAL, 1.0)]
    assert plan(10, resting, POST) == Eviction(wait_for=(1,))
    assert plan(10, resting, PHOTO) == Eviction(now=(1,))
    assert plan(10, [Candidate(1, 10, FINAL, 5.0)], POST) == Eviction(now=(1,))


def test_waiting_makes_more_urgent() -> None:
    assert [aged(POST, waited, USUAL_PATIENCE) for waited in (0, 14.9, 15, 45, 1000)] == [4, 4, 3, 1, 0]
