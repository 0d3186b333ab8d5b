"""One run of ``bench vision``: a real server and the bare models side by side, phase by phase."""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.commands.bench.child_process import resident_mib
from app.commands.bench.loop_stalls import Buckets, idle_loop
from app.commands.bench.vision_bare import BareModels, bare_models
from app.commands.bench.vision_client import Described, photo_client
from app.commands.bench.vision_phases import Idle, Loaded, Phases
from app.commands.bench.vision_photos import BenchPhoto, as_glasses_send
from app.commands.local_server import LocalServer, running_server
from app.settings import Settings

AS_THEY_ARE, GLASSES = "as they are", "as glasses send them"


@dataclass(frozen=True)
class Plan:
    """What is to be measured.

    Attributes:
        photos: as they are.
        rounds: how often each is sent in each way.
        glasses: whether they are also sent as glasses would.
        speech: what sessions stream.
        sessions: how many stream at once; 0 = that is not measured.
        every_s: between photos while they stream.
        language: of the descriptions.
    """

    photos: Sequence[BenchPhoto]
    rounds: int
    glasses: bool
    speech: Path
    sessions: int
    every_s: float
    language: str

    @property
    def sizes(self) -> tuple[str, ...]:
        """In which sizes photos are sent."""
        return (AS_THEY_ARE, GLASSES) if self.glasses else (AS_THEY_ARE,)

    @property
    def steps(self) -> int:
        """For showing progress."""
        return len(self.photos) * (1 + self.rounds * (len(self.sizes) + bool(self.sessions)))


@dataclass
class Measured:
    """What was measured.

    Attributes:
        looked: answers to the photos as they are.
        idle: by size.
        loaded: None if it was left out.
        memory: at moments of the run, in MiB.
        describer_mib: what loading the server's describer took; None if the server did not measure it.
    """

    looked: list[Described]
    idle: dict[str, Idle]
    loaded: Loaded | None
    memory: list[dict[str, Any]]
    describer_mib: float | None


def measure(settings: Settings, plan: Plan) -> Measured:
    """Start both, run all phases, and stop both.

    Raises:
        GatewayUnavailable: one does not come up, or is gone.
        GatewayError: the server refuses a photo.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        tempfile.TemporaryDirectory(prefix="vigia-bench-") as scratch,
        bare_models(settings, plan.language) as bare,
        idle_loop() as idle_stalls,
        running_server(settings, Path(scratch), console) as server,
        Progress(*columns, console=console, transient=True) as progress,
    ):
        task = progress.add_task("photos", total=plan.steps)

        def tell(description: str) -> None:
            progress.update(task, description=description)

        return asyncio.run(_phases(plan, server, bare, idle_stalls, lambda: progress.advance(task), tell))


async def _phases(
    plan: Plan,
    server: LocalServer,
    bare: BareModels,
    idle_stalls: Callable[[], Buckets],
    advance: Callable[[], None],
    tell: Callable[[str], None],
) -> Measured:
    async with photo_client(server.address, plan.language) as client:
        phases = Phases(client, bare, idle_stalls, advance)
        memory = [_memory("before any photo", server, bare)]
        tell("first look")
        looked = await phases.first_look(plan.photos)
        memory.append(_memory(f"after {len(looked)} photos", server, bare))
        idle = {}
        for size in plan.sizes:
            tell(f"idle, photos {size}")
            sent = [as_glasses_send(photo) for photo in plan.photos] if size == GLASSES else plan.photos
            idle[size] = await phases.idle(sent, plan.rounds, glasses=size == GLASSES)
        memory.append(_memory("after all photos while idle", server, bare))
        loaded = None
        if plan.sessions:
            tell(f"while {plan.sessions} sessions stream")
            loaded = await phases.under_load(
                plan.photos,
                plan.rounds,
                address=server.address,
                speech=plan.speech,
                sessions=plan.sessions,
                every_s=plan.every_s,
            )
            memory.append(_memory("after sessions streamed", server, bare))
        return Measured(looked, idle, loaded, memory, await client.describer_mib())


def _memory(when: str, server: LocalServer, bare: BareModels) -> dict[str, Any]:
    own, decoders = resident_mib(server.pid)
    taken = {"server_mib": own, "decoders_mib": decoders, "bare_mib": bare.resident_mib()}
    return {"when": when, **{whose: round(mib) for whose, mib in taken.items()}}
