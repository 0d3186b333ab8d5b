"""The phases of ``bench vision`` on a server that runs: a first look, idle beside the bare models, and under load."""

import asyncio
import itertools
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.commands.bench.loop_stalls import Buckets, stalls_between
from app.commands.bench.vision_bare import BareModels
from app.commands.bench.vision_client import Described, PhotoClient
from app.commands.bench.vision_load import streaming_sessions
from app.commands.bench.vision_photos import BenchPhoto, marked_round
from app.commands.bench.vision_timings import Sample
from app.domain.errors import GatewayUnavailable

BARE, ALONE, IN_SESSION = "bare models", "no session", "in a session"
WAYS = (BARE, ALONE, IN_SESSION)
SERVER, NOTHING = "server", "a process with nothing to do"
"""Whose event loop waits: the second tells what the machine adds."""


@dataclass
class Idle:
    """What was measured while nothing else ran on the server.

    Attributes:
        samples: by way, each photo of each round in the same order.
        stalls: of the server's event loop, and of one with nothing to do.
        skipped: photos at which the models did not look in one way or another; they are left out of all.
    """

    samples: dict[str, list[Sample]] = field(default_factory=lambda: {way: [] for way in WAYS})
    stalls: dict[str, Any] = field(default_factory=dict)
    skipped: int = 0


@dataclass
class Loaded:
    """What was measured while sessions streamed; ``refused`` photos were answered with 429 or 503."""

    samples: list[Sample] = field(default_factory=list)
    stalls: dict[str, Any] = field(default_factory=dict)
    skipped: int = 0
    refused: int = 0


class Phases:
    """Measures one server."""

    def __init__(
        self,
        client: PhotoClient,
        bare: BareModels,
        idle_stalls: Callable[[], Buckets],
        advance: Callable[[], None],
    ) -> None:
        """Nothing is sent yet.

        Args:
            client: of the server.
            bare: the same models without it.
            idle_stalls: reads the waits of an event loop with nothing to do.
            advance: called after each photo.
        """
        self._client = client
        self._bare = bare
        self._idle_stalls = idle_stalls
        self._advance = advance
        self._round = itertools.count()

    async def first_look(self, photos: Sequence[BenchPhoto]) -> list[Described]:
        """Send every photo as it is, to the bare models too: this is what quality is judged on, and it warms everything up.

        Raises:
            GatewayUnavailable: the server has no time, or something is gone.
        """
        found = []
        for photo in photos:
            await asyncio.to_thread(self._bare.describe, photo.name, photo.data)
            found.append(await self._answered(photo, None))
            self._advance()
        return found

    async def idle(self, photos: Sequence[BenchPhoto], rounds: int, *, glasses: bool) -> Idle:
        """Each photo in all three ways, one after the other; who goes first changes from photo to photo.

        Every request has pixels that were never sent before. Each round has a session of its own.
        """
        found = Idle()
        before = await self._stalls()
        for _ in range(rounds):
            session_id = f"bench-{uuid.uuid4().hex}"
            copies = await asyncio.to_thread(marked_round, photos, next(self._round), glasses=glasses, copies=len(WAYS))
            for number, copies_of_one in enumerate(copies):
                await self._in_all_ways(dict(zip(WAYS, copies_of_one, strict=True)), number, session_id, found)
                self._advance()
            await self._client.erase(session_id)
        found.stalls = _between(before, await self._stalls())
        return found

    async def under_load(
        self, photos: Sequence[BenchPhoto], rounds: int, *, address: str, speech: Path, sessions: int, every_s: float
    ) -> Loaded:
        """Photos of sessions that stream, one each ``every_s`` seconds or as soon as the last one was answered."""
        found = Loaded()
        async with streaming_sessions(address, speech, sessions, self._client) as ids:
            before = await self._stalls()
            for number in range(rounds):
                copies = await asyncio.to_thread(
                    marked_round, photos, next(self._round), glasses=False, copies=len(WAYS)
                )
                for photo, *_ in copies:
                    began = time.monotonic()
                    _count(found, await self._client.describe(photo, ids[number % sessions]))
                    self._advance()
                    await asyncio.sleep(every_s - (time.monotonic() - began))
            found.stalls = _between(before, await self._stalls())
        return found

    async def _stalls(self) -> dict[str, Buckets]:
        return {SERVER: await self._client.stalls(), NOTHING: self._idle_stalls()}

    async def _in_all_ways(self, copies: dict[str, BenchPhoto], number: int, session_id: str, found: Idle) -> None:
        async def bare() -> Sample:
            return await asyncio.to_thread(self._bare.describe, copies[BARE].name, copies[BARE].data)

        async def served(way: str, session_id: str | None) -> Sample | None:
            described = await self._answered(copies[way], session_id)
            return described.sample if described.worked else None

        asked: dict[str, Callable[[], Awaitable[Sample | None]]] = {
            BARE: bare,
            ALONE: lambda: served(ALONE, None),
            IN_SESSION: lambda: served(IN_SESSION, session_id),
        }
        first = number % len(WAYS)
        samples = {way: await asked[way]() for way in WAYS[first:] + WAYS[:first]}
        if any(sample is None for sample in samples.values()):
            found.skipped += 1
            return
        for way, sample in samples.items():
            if sample is not None:
                found.samples[way].append(sample)

    async def _answered(self, photo: BenchPhoto, session_id: str | None) -> Described:
        described = await self._client.describe(photo, session_id)
        if described is None:
            raise GatewayUnavailable("the server has no time for a photo although it has nothing else to do")
        return described


def _count(found: Loaded, described: Described | None) -> None:
    if described is None:
        found.refused += 1
    elif described.worked:
        found.samples.append(described.sample)
    else:
        found.skipped += 1


def _between(before: dict[str, Buckets], after: dict[str, Buckets]) -> dict[str, Any]:
    return {whose: stalls_between(before[whose], after[whose]) for whose in after}
