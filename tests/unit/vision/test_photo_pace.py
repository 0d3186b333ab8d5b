import asyncio

import pytest

from app.application.sessions.feed import FeedMessage, PhotoInterval, SessionFeed
from app.application.vision.photo_pace import PhotoPace
from app.application.vision.photo_queue import PhotoQueue
from app.domain.session.models import SessionKey
from app.infrastructure.vision.dummy_describer import DummySceneDescriber

pytestmark = pytest.mark.unit
KEY = SessionKey("local", "ana")


def told(feed: "asyncio.Queue[FeedMessage]") -> list[float]:
    messages = [feed.get_nowait() for _ in range(feed.qsize())]
    return [message.interval_s for message in messages if isinstance(message, PhotoInterval)]


class World:
    def __init__(self) -> None:
        self.feed = SessionFeed()
        self.queue = PhotoQueue(DummySceneDescriber(), max_waiting=4)
        self.pace = PhotoPace(self.queue, self.feed, interval_s=5.0, max_interval_s=60.0)


def test_an_idle_describer_and_a_changing_scene_allow_the_shortest_interval() -> None:
    world = World()
    with world.feed.subscribe(KEY) as feed:
        for _ in range(3):
            world.pace.seen(KEY, changed=True)
        assert world.pace.interval_s(KEY) == 5.0
        assert told(feed) == []


def test_a_scene_that_stays_makes_the_interval_longer_and_a_new_one_shorter_again() -> None:
    world = World()
    with world.feed.subscribe(KEY) as feed:
        for _ in range(6):
            world.pace.seen(KEY, changed=False)
        longer = told(feed)
        assert longer == sorted(longer)
        assert world.pace.interval_s(KEY) == 20.0
        assert 16.0 <= longer[-1] <= 20.0
        world.pace.seen(KEY, changed=True)
        assert told(feed) == [5.0]


def test_a_slow_describer_makes_the_interval_longer_for_everybody() -> None:
    world = World()
    world.queue.usual_s = 12.0
    with world.feed.subscribe(KEY) as feed:
        world.pace.seen(KEY, changed=True)
        assert told(feed) == [24.0]
    assert world.pace.interval_s(SessionKey("local", "other")) == 24.0


def test_the_longest_interval_is_kept() -> None:
    world = World()
    world.queue.usual_s = 500.0
    assert world.pace.interval_s() == 60.0


def test_an_erased_session_is_forgotten() -> None:
    world = World()
    for _ in range(6):
        world.pace.seen(KEY, changed=False)
    world.pace.forget(KEY)
    assert world.pace.interval_s(KEY) == 5.0
