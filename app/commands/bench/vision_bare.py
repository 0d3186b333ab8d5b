"""The same models without a server: Pillow and the describer, called directly in a process of their own."""

import asyncio
import io
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import numpy as np

from app.commands.bench.child_process import resident_mib
from app.commands.bench.vision_timings import Sample
from app.composition.models import build_scene_describer, close_adapters
from app.domain.errors import GatewayUnavailable
from app.domain.vision.models import MAX_SIDE_PX, DescribeOptions, Photo
from app.settings import Settings

READY_S = 120.0
ANSWER_S = 300.0
STOP_S = 10.0


class BareModels:
    """A process that describes one photo at a time."""

    def __init__(self, connection: "Connection[bytes | None, Sample | str]", pid: int) -> None:
        self._connection = connection
        self._pid = pid

    def describe(self, name: str, data: bytes) -> Sample:
        """How long one photo takes from its bytes to its scene. Blocking.

        Raises:
            GatewayUnavailable: the process is gone, or its models fail.
        """
        self._connection.send(data)
        answer = _received(self._connection, ANSWER_S)
        if isinstance(answer, str):
            raise GatewayUnavailable(f"the bare models cannot describe {name}: {answer}")
        return Sample(name, answer.wall_ms, answer.stages_ms)

    def resident_mib(self) -> float:
        """Its memory now."""
        return sum(resident_mib(self._pid))


@contextmanager
def bare_models(settings: Settings, language: str) -> Iterator[BareModels]:
    """The settings' describer in a fresh process; its models are loaded by the first photo.

    Raises:
        GatewayUnavailable: the process does not come up.
    """
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(theirs, settings, language), daemon=True)
    process.start()
    theirs.close()
    try:
        _received(ours, READY_S)
        yield BareModels(ours, process.pid or 0)
    finally:
        ours.close()
        process.join(STOP_S)
        process.kill()
        process.join()


def _received(connection: "Connection[bytes | None, Sample | str]", limit_s: float) -> Sample | str:
    try:
        if connection.poll(limit_s):
            return connection.recv()
    except (EOFError, OSError) as error:
        raise GatewayUnavailable("the process of the bare models ended") from error
    raise GatewayUnavailable("the process of the bare models does not answer")


def _serve(connection: "Connection[Sample | str, bytes]", settings: Settings, language: str) -> None:
    describer = build_scene_describer(settings)
    options = DescribeOptions(language)
    with asyncio.Runner() as runner:
        connection.send("ready")
        while True:
            try:
                data = connection.recv()
            except EOFError:
                break
            began = time.perf_counter()
            try:
                photo = _decoded(data)
                decoded = time.perf_counter()
                scene = runner.run(describer.describe(photo, options))
            except Exception as error:  # told to whoever measures; a message may hold content
                connection.send(type(error).__name__)
                continue
            ended = time.perf_counter()
            stages = {"decode": 1000 * (decoded - began), **scene.timings_ms}
            connection.send(Sample("", 1000 * (ended - began), stages))
    close_adapters(describer)


def _decoded(data: bytes) -> Photo:
    """With Pillow as its documentation shows it: nothing is limited, checked, or encoded anew."""
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    size = image.size
    image.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX))
    return Photo(np.asarray(image.convert("RGB")), *size, data)
