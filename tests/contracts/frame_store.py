"""What every store of photos must do."""

import asyncio
from dataclasses import dataclass, replace

import pytest

from app.domain.errors import Conflict, NotFound
from app.domain.session.gateway import SearchIndex, SessionStore
from app.domain.session.models import SessionKey
from app.domain.vision.frames import FrameScene, FrameState, NewFrame
from app.domain.vision.gateway import FrameStore
from app.domain.vision.models import Box, DetectedObject, Risk, Scene, Severity
from tests.contracts.stores import KEY, OTHER_OWNER, session

PHOTO = NewFrame(2000.0, 1990.5, 0xFEDCBA9876543210, 640, 480, "es", prompt="¿Qué es esto?")
SCENE = Scene(
    description="Una tijera sobre la mesa.",
    risks=(Risk("sharp", Severity.WARNING, "Tijeras cerca", "Se ve una tijera grande.", {"en": "Scissors close by"}),),
    suggestions=("Cuidado al cogerla.",),
    objects=(DetectedObject("scissors", 0.75, Box(0.1, 0.2, 0.5, 0.75)),),
    text=("SALIDA",),
    language="es",
    timings_ms={"detect": 12},
)


@dataclass(frozen=True)
class PhotoStores:
    """The store of photos, and those that it shares data with."""

    frames: FrameStore
    sessions: SessionStore
    search: SearchIndex


class FrameStoreContract:
    """Subclass it with a fixture ``stores`` over empty data."""

    @pytest.fixture
    async def frames(self, stores: PhotoStores) -> FrameStore:
        for key in (KEY, OTHER_OWNER):
            await stores.sessions.create(session(key))
        return stores.frames

    async def test_photos_are_numbered_in_their_session(self, frames: FrameStore) -> None:
        added = [await frames.add(key, PHOTO, limit=9) for key in (KEY, KEY, OTHER_OWNER)]
        assert [frame.frame_id for frame in added] == ["f1", "f2", "f1"]
        assert await frames.get(KEY, "f2") == added[1]
        assert list(await frames.frames(KEY)) == added[:2]
        assert added[0].photo == PHOTO
        assert added[0].state is FrameState.WAITING

    async def test_photos_added_at_once_get_ids_of_their_own(self, frames: FrameStore) -> None:
        added = await asyncio.gather(*(frames.add(KEY, PHOTO, limit=20) for _ in range(12)))
        assert {frame.frame_id for frame in added} == {f"f{n}" for n in range(1, 13)}

    async def test_a_session_has_no_more_photos_than_allowed(self, frames: FrameStore) -> None:
        await frames.add(KEY, PHOTO, limit=1)
        with pytest.raises(Conflict, match="1 photos"):
            await frames.add(KEY, PHOTO, limit=1)

    async def test_what_is_not_there_is_not_found(self, frames: FrameStore) -> None:
        await frames.add(KEY, PHOTO, limit=9)
        for frame_id in ("f2", "f0", "x", "", "f1 ", "../f1"):
            with pytest.raises(NotFound):
                await frames.get(KEY, frame_id)
        with pytest.raises(NotFound):
            await frames.add(SessionKey("ana", "other"), PHOTO, limit=9)
        with pytest.raises(NotFound):
            await frames.set_state(OTHER_OWNER, "f1", FrameState.FAILED)
        with pytest.raises(NotFound):
            await frames.add_scene(OTHER_OWNER, FrameScene("f1", SCENE, "model"))

    async def test_a_photo_without_a_time_of_its_own_has_that_of_its_arrival(self, frames: FrameStore) -> None:
        await frames.add(KEY, replace(PHOTO, captured_at=None), limit=9)
        assert (await frames.get(KEY, "f1")).captured_at == PHOTO.received_at

    async def test_the_latest_is_never_a_near_duplicate(self, frames: FrameStore) -> None:
        assert await frames.latest(KEY) is None
        first = await frames.add(KEY, PHOTO, limit=9)
        second = await frames.add(KEY, replace(PHOTO, duplicate_of="f1"), limit=9)
        assert await frames.latest(KEY) == first
        assert second.state is FrameState.DESCRIBED

    async def test_a_scene_is_read_as_it_was_told(self, frames: FrameStore) -> None:
        await frames.add(KEY, PHOTO, limit=9)
        told = FrameScene("f1", SCENE, "model")
        await frames.add_scene(KEY, told)
        assert list(await frames.scenes(KEY)) == [told]
        assert (await frames.get(KEY, "f1")).state is FrameState.DESCRIBED

    async def test_there_is_one_scene_a_language_and_the_newest_comes_last(self, frames: FrameStore) -> None:
        await frames.add(KEY, PHOTO, limit=9)
        english = replace(SCENE, language="en", description="Scissors on the table.")
        for scene in (SCENE, english, replace(SCENE, description="Una tijera.")):
            await frames.add_scene(KEY, FrameScene("f1", scene, "model"))
        told = [each.scene.description for each in await frames.scenes(KEY, "f1")]
        assert told == ["Scissors on the table.", "Una tijera."]

    async def test_waiting_photos_of_all_owners_come_oldest_first(self, frames: FrameStore) -> None:
        await frames.add(KEY, replace(PHOTO, received_at=3.0), limit=9)
        await frames.add(OTHER_OWNER, replace(PHOTO, received_at=1.0), limit=9)
        await frames.add(KEY, replace(PHOTO, received_at=2.0), limit=9)
        await frames.set_state(KEY, "f2", FrameState.FAILED, "model_timeout")
        found = await frames.waiting(limit=5)
        assert [(key, frame.frame_id) for key, frame in found] == [(OTHER_OWNER, "f1"), (KEY, "f1")]
        assert len(await frames.waiting(limit=1)) == 1
        assert (await frames.get(KEY, "f2")).error == "model_timeout"

    async def test_a_photo_can_be_taken_back(self, frames: FrameStore) -> None:
        await frames.add(KEY, PHOTO, limit=9)
        await frames.remove(KEY, "f1")
        await frames.remove(KEY, "f1")
        assert list(await frames.frames(KEY)) == []

    async def test_search_finds_descriptions_and_text_until_the_session_is_erased(self, stores: PhotoStores) -> None:
        await stores.sessions.create(session())
        await stores.frames.add(KEY, PHOTO, limit=9)
        await stores.frames.add_scene(KEY, FrameScene("f1", SCENE, "model"))
        for word in ("tijera", "salida"):
            hits = await stores.search.search(KEY.owner, word)
            assert [(hit.kind, hit.reference) for hit in hits] == [("photo", "f1")]
        assert not await stores.search.search(OTHER_OWNER.owner, "tijera")
        await stores.sessions.delete(KEY)
        assert not await stores.search.search(KEY.owner, "tijera")
        assert list(await stores.frames.scenes(KEY)) == []
